#!/usr/bin/env python3
"""The word lint: finds words that the project must not use, lines above 100 columns, and bad
commit messages. The words are in words.txt, beside this file.

  words.py                     the whole tree
  words.py PATH...             these files, and the files in these folders
  words.py --staged            the staged content of each staged file
  words.py --commit-msg FILE   a commit message

Prints one line for each finding, like a compiler, and ends with 1 if there was any.
"""

import argparse
import fnmatch
import os
import re
import subprocess
import sys
from collections import namedtuple

import commit_message
from source import MAX_COLUMNS, Finding, Source, is_linted

HERE = os.path.dirname(os.path.abspath(__file__))
# words.txt explains each scope.
SCOPES = ("phrase", "prose", "sentence", "part", "name", "code", "value")

Rule = namedtuple("Rule", "scope pattern advice line")
Allowed = namedtuple("Allowed", "glob pattern reason line")
Skipped = namedtuple("Skipped", "glob reason line")

# The text that may be between two words of a phrase: blanks; in an identifier "_", "-" or
# source.BORDER (\x1f), which is between two words of a camelCase name; or a line break, with the
# marks that continue a comment, a quotation or a string literal.
GAP = (
    r'(?:[ \t]+|[_\x1f-]|[ \t]*"?[ \t]*[+\\]?[ \t]*\n[ \t]*'
    r'(?:(?://+|\#+|\*|>|")[ \t]*)?)'
)
_STATEMENT_END = re.compile(r'[.!?](?=[\s")]|$)|"|\n\s*(?://+|#+)?\s*\n|\n\s*(?:- |\||#)|\Z')
_SENTENCE_START = re.compile(r'(?:^[ \t]*(?:(?://+|#+|\*|-|[0-9]+\.)[ \t]+)*|[.!?:][ \t]+|")$')


class BadData(Exception):
    pass


def with_gaps(pattern):
    return pattern.replace(" ", GAP)


def as_whole_words(pattern, word_characters):
    return f"(?<!{word_characters})(?:{pattern})(?!{word_characters})"


def compile_rule(scope, pattern):
    if scope in ("phrase", "prose", "part"):
        return re.compile(as_whole_words(with_gaps(pattern), "[A-Za-z0-9]"), re.IGNORECASE)
    if scope == "sentence":
        return re.compile(as_whole_words(with_gaps(pattern), "[A-Za-z0-9]"))
    return re.compile(as_whole_words(pattern, "[A-Za-z0-9_]"))


def advice_text(column):
    """`roll back to, restore` -> `use "roll back to" or "restore"`; after `!` the text as it is."""
    if column.startswith("!"):
        return column[1:].strip()
    return "use " + " or ".join(f'"{word.strip()}"' for word in column.split(","))


class Words:
    """The rules, the exceptions and the skipped files of words.txt."""

    def __init__(self, data):
        self.rules, self.allowed, self.skipped = [], [], []
        self.used = set()
        for number, line in enumerate(data.splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                self._read(number, re.split(r"\s{2,}", line.strip()))

    def _read(self, number, columns):
        kind, rest = columns[0], columns[1:]
        try:
            if kind in SCOPES and len(rest) == 2:
                self.rules.append(
                    Rule(kind, compile_rule(kind, rest[0]), advice_text(rest[1]), number)
                )
            elif kind == "allow" and len(rest) == 3:
                pattern = re.compile(with_gaps(rest[1]), re.MULTILINE)
                self.allowed.append(Allowed(rest[0], pattern, rest[2], number))
            elif kind == "skip" and len(rest) == 2:
                self.skipped.append(Skipped(rest[0], rest[1], number))
            else:
                raise BadData(f"line {number}: not a rule: {kind} with {len(rest)} more columns")
        except re.error as error:
            raise BadData(f"line {number}: {error}") from error

    def is_skipped(self, path):
        return not is_linted(path) or any(fnmatch.fnmatch(path, one.glob) for one in self.skipped)

    def check(self, path, text):
        """All findings of one file, in the order of their position."""
        findings = self._check_path(path) + self.check_text(path, text)
        for number, columns in Source(path, text).long_lines():
            message = f"the line has {columns} columns: the limit is {MAX_COLUMNS}"
            findings.append(Finding(path, number, MAX_COLUMNS + 1, message))
        return sorted(set(findings), key=lambda one: (one.line, one.column, one.message))

    def check_text(self, path, text, scopes=SCOPES):
        """The findings of the rules of these scopes."""
        source = Source(path, text)
        findings = []
        for rule in self.rules:
            if rule.scope in scopes:
                for start, end in self._matches(rule, source):
                    if not self._is_allowed(source, start, end):
                        findings.append(self._finding(rule, source, start, end))
        return findings

    def _check_path(self, path):
        """The findings in the path itself. Rules that are only for text do not apply to paths."""
        stem = re.sub(r"(?:_test)?\.[a-z]+$", "", path)
        path_source = Source(path, stem.replace("/", " "))
        findings = []
        for rule in self.rules:
            if rule.scope in ("prose", "sentence"):
                continue
            for match in rule.pattern.finditer(path_source.text_with_borders):
                if not self._is_allowed(path_source, match.start(), match.end()):
                    message = f'path has "{match.group()}": {rule.advice}'
                    findings.append(Finding(path, 1, 1, message))
        return findings

    def _matches(self, rule, source):
        has_borders = rule.scope in ("phrase", "prose", "part")
        text = source.text_with_borders if has_borders else source.text
        for match in rule.pattern.finditer(text):
            start, end = match.span()
            if has_borders:
                start, end = source.offset_in_text(start), source.offset_in_text(end)
            if in_scope(rule.scope, source, start, end):
                yield start, end

    def _is_allowed(self, source, start, end):
        for allowed in self.allowed:
            if not fnmatch.fnmatch(source.path, allowed.glob):
                continue
            for match in allowed.pattern.finditer(source.text):
                if match.start() <= start and end <= match.end():
                    self.used.add(allowed.line)
                    return True
        return False

    @staticmethod
    def _finding(rule, source, start, end):
        line, column = source.position(start)
        found = re.sub(r"[\s\"+\\]*\n[\s/#*>\"]*", " ", source.text[start:end])
        return Finding(source.path, line, column, f'"{found}": {rule.advice}')

    def unused(self):
        """The exceptions that no finding needed, each as a finding in words.txt."""
        path = "tools/lint/words.txt"
        for one in self.allowed:
            if one.line not in self.used:
                message = "no file needs this exception: remove the line"
                yield Finding(path, one.line, 1, message)


def in_scope(scope, source, start, end):
    if scope in ("phrase", "name"):
        return True
    if scope == "prose":
        return source.is_prose(start)
    if scope == "sentence":
        return source.is_prose(start) and is_statement(source, start, end)
    if scope == "value":
        return source.is_prose(start) and is_quoted(source.text, start, end)
    # The scopes "part" and "code" find each identifier in code. In prose they find identifiers of
    # several words, because these are not English. The scope "code" also finds a quoted word.
    if not source.is_prose(start) or source.is_compound(start):
        return True
    return scope == "code" and is_quoted(source.text, start, end)


def is_quoted(text, start, end):
    """True for `Name`, "Name" and, in YAML, for the whole value of a key."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    if before and before in "`\"'" and after == before:
        return True
    line = text[text.rfind("\n", 0, start) + 1 : start]
    is_value = re.fullmatch(r"\s*(?:- )?[\w.-]+: ", line) is not None
    return is_value and after in ("", "\n")


def is_statement(source, start, end):
    """True if a sentence starts here that is neither a question nor a heading nor a table cell."""
    text = source.text
    before = text[text.rfind("\n", 0, start) + 1 : start]
    if source.path.endswith(".md") and before.startswith("#"):
        return False
    if not _SENTENCE_START.search(before):
        return False
    if not before.strip(" \t/#*") and not line_may_start_sentence(text, start):
        return False
    stop = _STATEMENT_END.search(text, end)
    return text[stop.start() : stop.start() + 1] != "?"


def line_may_start_sentence(text, start):
    """True if the line before is empty or ends with punctuation."""
    line_start = text.rfind("\n", 0, start)
    if line_start <= 0:
        return True
    previous = text[text.rfind("\n", 0, line_start) + 1 : line_start].strip(" \t/#*")
    return not previous or previous[-1] in ".!?:;{}()\"|`>,"


def run_git(root, *arguments):
    result = subprocess.run(["git", "-C", root, *arguments], capture_output=True, check=True)
    return result.stdout


def paths_from_git(root, command, *arguments):
    output = run_git(root, command, "-z", *arguments).decode("utf-8", "surrogateescape")
    return sorted(set(path for path in output.split("\0") if path))


def tree_files(root, *folders):
    options = ("--cached", "--others", "--exclude-standard")
    return paths_from_git(root, "ls-files", *options, "--", *folders)


def named_files(root, names):
    """The files with these names, and all files of the tree in the folders with these names."""
    paths = []
    for name in names:
        path = os.path.relpath(os.path.abspath(name), root)
        if os.path.isdir(name):
            paths += tree_files(root, path)
        elif os.path.exists(name):
            paths.append(path)
        else:
            sys.exit(f"word lint: there is no file or folder {name}")
    return paths


def decode(data):
    """The text of a file, or nothing for a binary one."""
    if b"\0" in data:
        return ""
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def read_file(root, path):
    full = os.path.join(root, path)
    if os.path.islink(full) or not os.path.isfile(full):
        return ""
    with open(full, "rb") as file:
        return decode(file.read())


def read_staged(root, path):
    return decode(run_git(root, "show", f":{path}"))


def check_files(words, paths, read):
    findings = []
    for path in paths:
        if not words.is_skipped(path):
            findings += words.check(path, read(path))
    return findings


def report(findings):
    for one in findings:
        print(f"{one.path}:{one.line}:{one.column}: {one.message}")
    if findings:
        files = len({one.path for one in findings})
        print(f"word lint: {len(findings)} findings in {files} files", file=sys.stderr)
    return 1 if findings else 0


def parse(arguments):
    parser = argparse.ArgumentParser(description="The word lint of the project.")
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)))
    parser.add_argument("--data", default=os.path.join(HERE, "words.txt"))
    parser.add_argument("--staged", action="store_true", help="check the staged content")
    parser.add_argument("--commit-msg", metavar="FILE", help="check a commit message")
    parser.add_argument("files", nargs="*", metavar="PATH")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    root = os.path.abspath(options.root)
    with open(options.data, encoding="utf-8") as file:
        words = Words(file.read())
    if options.commit_msg:
        with open(options.commit_msg, encoding="utf-8") as file:
            return report(commit_message.check(words, file.read()))
    if options.staged:
        paths = paths_from_git(root, "diff", "--cached", "--name-only", "--diff-filter=ACMR")
        return report(check_files(words, paths, lambda path: read_staged(root, path)))
    if options.files:
        paths = named_files(root, options.files)
        return report(check_files(words, paths, lambda path: read_file(root, path)))
    findings = check_files(words, tree_files(root), lambda path: read_file(root, path))
    return report(findings + list(words.unused()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
