from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from ingest.errors import Finding, Place

QUOTE = 'put the text in quotes: "…"'
NO_BREAK = "A no-break space stands here, which is no indentation."
BRACES = 'put it in quotes: "{{ … }}"'
UNCLOSED = {"[": "]", "{": "}", "'": "'", '"': '"'}
LONGEST = 2000  # characters of a line in which faults are looked for
_KEY = r"(?:[^\s#:'\"\[\]{},][^#:'\"\[\]{},]*|'[^']*'|\"[^\"]*\")"
_ENTRY = re.compile(rf"(?P<head>\s*(?:- +)*(?:{_KEY}:[ \t]+|- +))(?P<value>\S.*?)(?:\s+#[^'\"]*)?\s*$")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line


@dataclass(frozen=True)
class Diagnosis:
    """A fault, and the text with that fault mended where it is plain how; the lines stay the same ones."""

    finding: Finding
    mended: str | None = None


@dataclass(frozen=True)
class Complaint:
    """What a parser says of a text that is no YAML, and the line that it points at."""

    error: yaml.MarkedYAMLError
    lines: list[str]
    shown: str

    @property
    def problem(self) -> str:
        """What the parser says."""
        return self.error.problem or ""

    @property
    def line(self) -> int:
        """From 0; the last one where the parser points behind the end."""
        return min(self.error.problem_mark.line if self.error.problem_mark else 0, len(self.lines) - 1)

    @property
    def column(self) -> int:
        """From 0."""
        return self.error.problem_mark.column if self.error.problem_mark else 0

    @property
    def text(self) -> str:
        """The line itself."""
        return self.lines[self.line]

    def found(
        self, code: str, message: str, hint: str = "", at: tuple[int, int] | None = None, mended: str | None = None
    ) -> Diagnosis:
        """The diagnosis at a line and column from 0; `mended` is that line without its fault."""
        line, column = at or (self.line, self.column)
        place = Place(self.shown, line + 1, column + 1)
        whole = None if mended is None else "\n".join([*self.lines[:line], mended, *self.lines[line + 1 :]])
        return Diagnosis(Finding(place, code, message, hint), whole)


def lines_of(text: str) -> list[str]:
    """The lines of a text as YAML counts them."""
    return _BREAK.split(text)


def end_of_line(text: str, start: int) -> int:
    """Where the line ends in which a place of a text is."""
    found = _BREAK.search(text, start)
    return found.start() if found else len(text)


def quoted(text: str) -> str:
    """A text as YAML has it in single quotes."""
    return "'{}'".format(text.replace("'", "''"))


def entry_in(line: str) -> re.Match[str] | None:
    """A key or a dash with its value, in one line; None where there is none, or where the line is too long to read."""
    return _ENTRY.fullmatch(line) if len(line) <= LONGEST else None
