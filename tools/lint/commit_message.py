"""The rules for a commit message: `area: imperative summary`, a blank line, and why."""

import re

from source import Finding

MAX_COLUMNS = 72
PATH = "commit message"
# Git removes this line and everything below it from a message.
SCISSORS = "# ------------------------ >8 ------------------------"
# These subjects are not checked: Git writes them, or the commit is squashed before a review ends.
_GENERATED = re.compile(r'(?:Merge |Revert "|Reapply "|fixup! |squash! |amend! )')
_SUBJECT = re.compile(r"(?P<area>[a-z0-9][a-z0-9/_.,-]*): (?P<summary>\S.*)")
_URL = re.compile(r"[a-z+]+://\S+")
_TRAILER = re.compile(r"[A-Z][A-Za-z-]+: \S")
_QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"")
# Verbs whose base form ends in -ed, -ing or -s.
_IMPERATIVE_ED = {"bed", "bleed", "breed", "embed", "exceed", "feed", "heed", "need", "proceed",
                  "seed", "shed", "shred", "speed", "succeed", "weed"}
_IMPERATIVE_ING = {"bring", "cling", "ping", "ring", "sing", "spring", "string", "swing"}
_IMPERATIVE_S = {"alias", "bias", "canvas", "focus"}


def check(words, text):
    """All findings of a message; `words` are the rules of words.txt."""
    lines = text.split(SCISSORS)[0].split("\n")
    lines = [line.rstrip() for line in lines if not line.startswith("#")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return [_finding(1, 1, "the message is empty")]
    if _GENERATED.match(lines[0]):
        return []
    return _check_subject(lines[0]) + _check_body(lines) + _check_words(words, lines)


def _check_subject(subject):
    findings = []
    if len(subject) > MAX_COLUMNS:
        message = f"the subject has {len(subject)} columns: the limit is {MAX_COLUMNS}"
        findings.append(_finding(1, MAX_COLUMNS + 1, message))
    match = _SUBJECT.fullmatch(subject)
    if not match:
        message = 'the subject must read "area: imperative summary", with the area in lower case'
        return findings + [_finding(1, 1, message)]
    summary, column = match.group("summary"), match.start("summary") + 1
    if subject.endswith("."):
        findings.append(_finding(1, len(subject), "the subject ends with a full stop: remove it"))
    verb = re.match(r"[A-Za-z]*", summary).group()
    if not verb or not verb[0].islower():
        findings.append(_finding(1, column, "start the summary with a verb in lower case"))
    elif not _is_imperative(verb):
        message = f'"{verb}": use the imperative, as in "checks: count a pod once"'
        findings.append(_finding(1, column, message))
    return findings


def _is_imperative(verb):
    if verb.endswith("ed"):
        return verb in _IMPERATIVE_ED
    if verb.endswith("ing"):
        return verb in _IMPERATIVE_ING
    return not verb.endswith("s") or verb.endswith("ss") or verb in _IMPERATIVE_S


def _check_body(lines):
    body = [line for line in lines[1:] if line and not _TRAILER.match(line)]
    if not body:
        message = "the body is missing: say what was wrong or missing, and why this way"
        return [_finding(1, 1, message)]
    findings = []
    if lines[1]:
        findings.append(_finding(2, 1, "leave the line after the subject empty"))
    for number, line in enumerate(lines[1:], 2):
        is_quotation = line.startswith(("    ", "\t"))
        if len(_URL.sub("", line)) > MAX_COLUMNS and not is_quotation:
            message = f"the line has {len(line)} columns: the limit is {MAX_COLUMNS}"
            findings.append(_finding(number, MAX_COLUMNS + 1, message))
    return findings


def _check_words(words, lines):
    """A commit that renames something has to name the old word, so quoted words are not checked."""
    text = "\n".join(lines)
    text = _QUOTED.sub(lambda match: "\0" * len(match.group()), text)
    return words.check_text(PATH, text, ("phrase", "prose", "sentence"))


def _finding(line, column, message):
    return Finding(PATH, line, column, message)
