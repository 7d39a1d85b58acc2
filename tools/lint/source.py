"""The text of one file for words.py: the parts that are prose, and the lines that are too long."""

import bisect
import os
import re
from collections import namedtuple

Finding = namedtuple("Finding", "path line column message")

# The extensions and names of the files that are checked. All other files are data or not ours.
CPP = (".cpp", ".hpp")
GO = (".go",)
PROSE = (
    ".md", ".sh", ".yaml", ".yml", ".tpl", ".txt", ".py", ".cmake", ".json", ".toml", ".conf",
)
NAMES = (
    "dev", "run", "Dockerfile", "CODEOWNERS", "pre-commit", "commit-msg", ".clang-tidy",
    ".clang-format", ".clangd", ".dockerignore", ".editorconfig", ".gitignore",
)
MAX_COLUMNS = 100
WIDTH_CHECKED = (".cpp", ".hpp", ".go", ".md", ".sh", ".yaml", ".yml", ".py")
SCRIPTS = ("dev", "run", "pre-commit", "commit-msg")

_CPP_TOKENS = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<raw> \b(?:u8|[uUL])?R"(?P<mark>[^()\s\\]{0,16})\( .*? \)(?P=mark)" )
    | (?P<string> "(?:[^"\\\n]|\\.)*"? )
    | (?P<number> (?<![\w'])[0-9](?:'?[0-9A-Za-z_.])* )
    | (?P<char> '(?:[^'\\\n]|\\.)+' )
    """,
    re.DOTALL | re.VERBOSE,
)
_GO_TOKENS = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<raw> `[^`]*`? )
    | (?P<string> "(?:[^"\\\n]|\\.)*"? )
    | (?P<char> '(?:[^'\\\n]|\\.)+' )
    """,
    re.DOTALL | re.VERBOSE,
)
_CAMEL_CASE_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMPOUND = re.compile(r"[A-Za-z0-9]_[A-Za-z0-9]|[a-z0-9][A-Z]")
_URL = re.compile(r"[a-z+]+://[^\s)>\"'`]+")
# One CRD value that a line break would make harder to read: a flow mapping, a CEL rule, a pattern.
_CRD_ONE_LINER = re.compile(
    r"\s*(?:- )?(?:[\w-]+: )?(?:\{.*\}|\[.*\])$|\s*(?:- )?(?:rule|pattern): .*$"
)

# Marks the border between two words of a camelCase identifier in Source.text_with_borders.
BORDER = "\x1f"


def is_linted(path):
    name = os.path.basename(path)
    if name in NAMES:
        return True
    return path.endswith(CPP + GO + PROSE)


class Source:
    """One file. Offsets count characters from the beginning of the text."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self._line_starts = [0] + [match.end() for match in re.finditer("\n", text)]
        self._prose = None  # borders of prose in code: start, end, start, end, ...
        self._raw = []  # (start, end) of raw string literals
        if path.endswith(CPP + GO):
            self._read_tokens(_CPP_TOKENS if path.endswith(CPP) else _GO_TOKENS)
        self._text_with_borders = None
        self._word_borders = []  # offsets of the borders between the words of identifiers

    def _read_tokens(self, tokens):
        self._prose = []
        for match in tokens.finditer(self.text):
            if match.lastgroup == "number":
                continue
            self._prose += [match.start(), match.end()]
            if match.group("raw"):
                self._raw.append(match.span())

    def is_prose(self, offset):
        """True in comments and string literals, and everywhere in a file that is not C++ or Go."""
        return self._prose is None or bisect.bisect_right(self._prose, offset) % 2 == 1

    @property
    def text_with_borders(self):
        """The text with a BORDER between the words of each camelCase identifier."""
        if self._text_with_borders is None:
            self._word_borders = [match.start() for match in _CAMEL_CASE_BORDER.finditer(self.text)]
            self._text_with_borders = _CAMEL_CASE_BORDER.sub(BORDER, self.text)
        return self._text_with_borders

    def offset_in_text(self, offset):
        """The offset in `text` for an offset in `text_with_borders`."""
        low, high = 0, len(self._word_borders)
        while low < high:
            middle = (low + high) // 2
            if self._word_borders[middle] + middle < offset:
                low = middle + 1
            else:
                high = middle
        return offset - low

    def identifier_at(self, offset):
        start = end = offset
        while start > 0 and _is_word(self.text[start - 1]):
            start -= 1
        while end < len(self.text) and _is_word(self.text[end]):
            end += 1
        return self.text[start:end]

    def is_compound(self, offset):
        """True if the identifier at the offset has several words, so that it cannot be English."""
        return _COMPOUND.search(self.identifier_at(offset)) is not None

    def position(self, offset):
        """(line, column), both from 1."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def long_lines(self):
        """(line, columns) of each line above the limit that no rule exempts."""
        if not self.path.endswith(WIDTH_CHECKED) and os.path.basename(self.path) not in SCRIPTS:
            return []
        exempt = self._exempt_lines()
        found = []
        for number, line in enumerate(self.text.split("\n"), 1):
            if len(line) > MAX_COLUMNS and number not in exempt:
                if len(_URL.sub("", line)) > MAX_COLUMNS:
                    found.append((number, len(line)))
        return found

    def _exempt_lines(self):
        """The numbers of the lines that may be longer than the limit.

        They are: tables, printed output, generated code, sections with clang-format off, raw
        literals of tests, and CRD values that stay on one line.
        """
        exempt = set()
        lines = self.text.split("\n")
        if self.path.endswith(".md"):
            fence = ""
            for number, line in enumerate(lines, 1):
                bare = line.strip()
                if bare.startswith("```"):
                    fence = "" if fence else bare
                if bare.startswith("|") or fence == "```console":
                    exempt.add(number)
        elif self.path.endswith(CPP + GO):
            self._exempt_code(lines, exempt)
        elif self.path.startswith("crds/"):
            exempt.update(n for n, line in enumerate(lines, 1) if _CRD_ONE_LINER.match(line))
        return exempt

    def _exempt_code(self, lines, exempt):
        is_off = False
        for number, line in enumerate(lines, 1):
            bare = line.strip()
            if bare.startswith(("// clang-format off", "// clang-format on")):
                is_off = bare.startswith("// clang-format off")
            if is_off or "Code generated" in lines[0]:
                exempt.add(number)
        if self.path.startswith("tests/"):
            for start, end in self._raw:
                exempt.update(range(self.position(start)[0], self.position(end)[0] + 1))


def _is_word(character):
    return character.isalnum() or character == "_"
