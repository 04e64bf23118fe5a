"""What is wrong with a text that is no YAML, in words for people who never read YAML's specification."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from ingest.errors import Finding, Place

QUOTE = 'put the text in quotes: "…"'
BRACES = 'put it in quotes: "{{ … }}"'
_KEY = r"(?:[^\s#:'\"\[\]{},][^#:'\"\[\]{},]*|'[^']*'|\"[^\"]*\")"
_ENTRY = re.compile(rf"(?P<head>\s*(?:- +)*(?:{_KEY}:[ \t]+|- +))(?P<value>\S.*?)(?:\s+#[^'\"]*)?\s*$")
_BARE_BRACES = re.compile(r"(?:(?<=: )|(?<=- )|(?<=\[)|(?<=, )|(?<=\[ )|(?<=,))\{\{.*?\}\}+")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line
_UNCLOSED = {"[": "]", "{": "}", "'": "'", '"': '"'}


@dataclass(frozen=True)
class Diagnosis:
    """A fault, and the text with that fault mended where it is plain how; the lines stay the same ones."""

    finding: Finding
    mended: str | None = None


@dataclass(frozen=True)
class _Fault:
    """A parser's complaint, and the line that it points at."""

    error: yaml.MarkedYAMLError
    lines: list[str]
    shown: str

    @property
    def problem(self) -> str:
        return self.error.problem or ""

    @property
    def line(self) -> int:
        """From 0; the last one where the parser points behind the end."""
        return min(self.error.problem_mark.line if self.error.problem_mark else 0, len(self.lines) - 1)

    @property
    def column(self) -> int:
        return self.error.problem_mark.column if self.error.problem_mark else 0

    @property
    def text(self) -> str:
        return self.lines[self.line]

    def found(
        self, code: str, message: str, hint: str = "", at: tuple[int, int] | None = None, mended: str | None = None
    ) -> Diagnosis:
        """The diagnosis at a line and column from 0; `mended` is that line without its fault."""
        line, column = at or (self.line, self.column)
        place = Place(self.shown, line + 1, column + 1)
        whole = None if mended is None else "\n".join([*self.lines[:line], mended, *self.lines[line + 1 :]])
        return Diagnosis(Finding(place, code, message, hint), whole)


def diagnose(error: yaml.MarkedYAMLError, text: str, shown: str) -> Diagnosis:
    """What a parser's complaint comes from: the first explanation that fits."""
    fault = _Fault(error, _BREAK.split(text), shown)
    for explain in _EXPLANATIONS:
        diagnosis = explain(fault)
        if diagnosis:
            return diagnosis
    return fault.found("yaml_syntax", f"The file is no YAML: {fault.problem or 'not understood'}.")


def quoted(text: str) -> str:
    """A text as YAML has it in single quotes."""
    return "'{}'".format(text.replace("'", "''"))


def _braces(fault: _Fault) -> Diagnosis | None:
    for number in {fault.line, fault.error.context_mark.line if fault.error.context_mark else fault.line}:
        line = fault.lines[min(number, len(fault.lines) - 1)]
        entry = _ENTRY.fullmatch(line)
        bare = _BARE_BRACES.search(line)
        if entry and entry["value"].startswith("{{"):
            at, mended = (number, entry.start("value")), entry["head"] + quoted(entry["value"])
        elif bare and not _in_quotes(line, bare.start()):
            at, mended = (number, bare.start()), _BARE_BRACES.sub(lambda found: quoted(found[0]), line)
        else:
            continue
        return fault.found("yaml_unquoted", "A text that begins with `{{` needs quotes around it.", BRACES, at, mended)
    return None


def _tab(fault: _Fault) -> Diagnosis | None:
    for number in (fault.line, fault.line + 1):
        line = fault.lines[number] if number < len(fault.lines) else ""
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            at = (number, indent.index("\t"))
            hint = "indent with blanks, two for each step"
            return fault.found(
                "yaml_tab", "A tab stands here, which YAML does not take.", hint, at, _without_tabs(line)
            )
    return None


def _without_tabs(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return indent.replace("\t", "  ") + line.lstrip()


def _closed_early(fault: _Fault) -> Diagnosis | None:
    entry = _ENTRY.fullmatch(fault.text)
    mark = entry["value"][0] if entry else ""
    if not entry or mark not in {"'", '"'} or fault.column <= entry.start("value"):
        return None
    rest = entry["value"]
    inner = rest[1:-1] if len(rest) > 1 and rest.endswith(mark) else rest.replace(mark, "")
    hint = (
        "write ' inside of \": \"{{ lead.city | default('there') }}\""
        if mark == '"'
        else "write '' for an apostrophe, or \" around the whole text"
    )
    message = f"The text ends at its second {mark}, and more follows."
    return fault.found("yaml_quotes", message, hint, mended=entry["head"] + quoted(inner))


def _unclosed(fault: _Fault) -> Diagnosis | None:
    begun = fault.error.context_mark
    if begun is None or not ("expected ',' or" in fault.problem or "unexpected end of stream" in fault.problem):
        return None
    mark = fault.lines[begun.line][begun.column : begun.column + 1]
    if mark not in _UNCLOSED or (fault.line == begun.line and fault.text[fault.column : fault.column + 1] == ":"):
        return None
    if fault.line == begun.line and mark in "[{":
        message = (
            f"`{fault.text[fault.column : fault.column + 1]}` is not expected inside of `{mark}`: a comma is missing."
        )
        return fault.found(
            "yaml_syntax", message, f"write {mark}a, b{_UNCLOSED[mark]}, and quotes around what has , or :"
        )
    message = f"The {mark} that begins here is never closed."
    return fault.found("yaml_unclosed", message, f"close it with {_UNCLOSED[mark]}", (begun.line, begun.column))


def _colon(fault: _Fault) -> Diagnosis | None:
    entry = _ENTRY.fullmatch(fault.text)
    inside = fault.text[fault.column : fault.column + 2].rstrip() == ":"
    if not entry or not inside or entry.start("value") >= fault.column:
        return None
    message = "A colon and a blank make a key of what stands before them."
    plain = entry["value"][0] not in "[{"
    mended = entry["head"] + quoted(entry["value"]) if plain else None
    return fault.found("yaml_colon", message, QUOTE, mended=mended)


def _no_key(fault: _Fault) -> Diagnosis | None:
    begun = fault.error.context_mark
    if "could not find expected ':'" not in fault.problem or begun is None:
        return None
    text = fault.lines[begun.line].strip()
    name, colon, rest = text.partition(":")
    hint = f"a blank after the colon: {name}: {rest}" if colon and rest else "a key, a colon, a blank and the value"
    word = " ".join(name.split()[:1])
    return fault.found("yaml_syntax", f"`{word}` is no key and no value.", hint, (begun.line, begun.column))


def _no_colon(fault: _Fault) -> Diagnosis | None:
    if "mapping values are not allowed" not in fault.problem:
        return None
    above = next((number for number in range(fault.line - 1, -1, -1) if fault.lines[number].strip()), None)
    text = "" if above is None else fault.lines[above].partition(" #")[0]
    if above is None or ":" in text or not text.strip() or text.lstrip().startswith(("#", "-")):
        return None
    hint = f"{text.strip()}:"
    at = (above, len(text) - len(text.lstrip()))
    return fault.found("yaml_syntax", "A key needs a colon.", hint, at, f"{text.rstrip()}:")


def _indentation(fault: _Fault) -> Diagnosis | None:
    messages = {
        "mapping values are not allowed": "This line stands deeper than the one above, which has its value already.",
        "did not find expected key": "This line's indentation fits none of the lines above.",
        "did not find expected '-' indicator": "A key stands where the list above goes on.",
    }
    message = next((message for words, message in messages.items() if words in fault.problem), None)
    if message is None:
        return None
    extra = fault.text[fault.column : fault.column + 1]
    if extra and extra in "]}":
        return fault.found("yaml_syntax", f"A `{extra}` too many.", "take it out")
    hint = "keys that belong together begin in the same column"
    return fault.found("yaml_indentation", message, hint, (fault.line, len(fault.text) - len(fault.text.lstrip())))


def _first_character(fault: _Fault) -> Diagnosis | None:
    if "cannot start any token" not in fault.problem and "alphabetic or numeric" not in fault.problem:
        return None
    entry = _ENTRY.fullmatch(fault.text)
    mended = entry["head"] + quoted(entry["value"]) if entry else None
    at = (fault.line, entry.start("value") if entry else fault.column)
    mark = fault.text[at[1] : at[1] + 1]
    return fault.found("yaml_syntax", f"A text can't begin with `{mark}`.", QUOTE, at, mended)


def _escape(fault: _Fault) -> Diagnosis | None:
    if "unknown escape" not in fault.problem:
        return None
    hint = "use single quotes, in which it stands for itself: '\\d+'"
    return fault.found("yaml_quotes", "A backslash has a meaning of its own in double quotes.", hint)


def _in_quotes(line: str, column: int) -> bool:
    return line[:column].count('"') % 2 == 1 or line[:column].count("'") % 2 == 1


_EXPLANATIONS: tuple[Callable[[_Fault], Diagnosis | None], ...] = (
    _tab,
    _braces,
    _escape,
    _closed_early,
    _unclosed,
    _colon,
    _no_key,
    _no_colon,
    _first_character,
    _indentation,
)
