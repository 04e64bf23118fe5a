"""How findings are told: to people, to programs, and to GitHub's pages. None of them repeats a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ingest.cli.printing import counted
from ingest.errors import Finding
from ingest.mapping.document.complaint import lines_of
from ingest.mapping.document.reading import MAX_BYTES
from ingest.mapping.lint.secrets import secrets_at, without_secrets

WIDTH = 110  # characters of a line that are shown
LONGEST = 400  # characters of a message or a hint
MOST = 200  # findings of one file that are told
_COLOURS = {"error": "red", "warning": "yellow", "notice": "cyan"}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, by file and line: no more of a file than are read, and of secrets one for each line."""
    key: Callable[[Finding], Any] = lambda one: (one.place.file, one.place.line, one.place.column, one.code)  # noqa: E731
    told: list[Finding] = []
    secrets: set[tuple[str, int]] = set()
    counts: dict[str, int] = {}
    left_out: dict[str, Finding] = {}
    for one in sorted(dict.fromkeys(_within(findings)), key=key):
        line = (one.place.file, one.place.line)
        if one.code == "secret_in_file" and line in secrets:
            continue
        secrets |= {line} if one.code == "secret_in_file" else set()
        counts[one.place.file] = counts.get(one.place.file, 0) + 1
        if counts[one.place.file] <= MOST:
            told.append(one)
        else:
            left_out.setdefault(one.place.file, one)
    more = [_and_more(one, counts[file] - MOST) for file, one in left_out.items()]
    return sorted([*told, *more], key=key) if more else told


def _within(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, none behind the end of its line: what was mended to be read on may have made it longer."""
    files: dict[str, list[str]] = {}
    for one in findings:
        place = one.place
        if place.file not in files:
            files[place.file] = _lines(place.file)
        lines = files[place.file]
        end = len(lines[place.line - 1]) + 1 if place.line <= len(lines) else place.column
        yield one if place.column <= end else replace(one, place=replace(place, column=end))


def _and_more(first: Finding, number: int) -> Finding:
    message = f"From here on there are {counted(number, 'more finding', 'more findings')} in this file."
    return Finding(first.place, "more_findings", message, "mend those above first", "notice")


def are_problems(findings: Iterable[Finding]) -> bool:
    """Whether one of them is more than a notice."""
    return any(one.severity != "notice" for one in findings)


def as_text(findings: Sequence[Finding], secrets: Sequence[str] = ()) -> str:
    """Each finding with its line, a mark under its column, and what to do."""
    files = {file: _lines(file) for file in {one.place.file for one in findings}}
    hidden = {(one.place.file, one.place.line): one.place.column for one in findings if one.code == "secret_in_file"}
    told: list[str] = []
    for one in _speakable(findings, secrets):
        lines, line = files[one.place.file], one.place.line
        text = lines[line - 1] if line <= len(lines) else None
        column = hidden.get((one.place.file, line))
        told.append(_told(one, text, secrets, column) + "\n")
    return "".join(told)


def as_json(findings: Sequence[Finding], secrets: Sequence[str] = ()) -> str:
    """One array."""
    keys = ("code", "severity", "message", "hint")
    found = [
        {"file": one.place.file, "line": one.place.line, "column": one.place.column}
        | {key: getattr(one, key) for key in keys}
        for one in _speakable(findings, secrets)
    ]
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def as_github(findings: Sequence[Finding], secrets: Sequence[str] = ()) -> str:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands"""
    return "".join(
        f"::{one.severity} file={_property(one.place.file)},line={one.place.line},col={one.place.column},"
        f"title={_property(one.code)}::{_escaped(f'{one.message} {one.hint}'.rstrip())}\n"
        for one in _speakable(findings, secrets)
    )


FORMATS: dict[str, Callable[[Sequence[Finding], Sequence[str]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}


def summed_up(findings: Sequence[Finding]) -> str:
    """`2 findings, 1 notice`."""
    notices = sum(one.severity == "notice" for one in findings)
    others = len(findings) - notices
    parts = [counted(others, "finding", "findings")] if others else []
    parts += [counted(notices, "notice", "notices")] if notices else []
    return ", ".join(parts) or "No findings"


def _speakable(findings: Iterable[Finding], secrets: Sequence[str]) -> Iterable[Finding]:
    """The findings with what they repeat of the file made fit to be seen: no secrets, no control characters."""
    for one in findings:
        yield replace(one, message=_said(one.message, secrets), hint=_said(one.hint, secrets))


def _said(text: str, secrets: Sequence[str]) -> str:
    shown = without_secrets(text[: 10 * LONGEST], secrets)
    return _printable(shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…")


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "→" if one == "\t" else "·" for one in text)


def _told(finding: Finding, text: str | None, secrets: Sequence[str], hidden: int | None) -> str:
    place, colour = finding.place, _COLOURS[finding.severity]
    head = f"{place}: {click.style(finding.code, fg=colour, bold=True)} {finding.message}"
    if text is None:
        return f"{head}\n{f'      {finding.hint}' if finding.hint else ''}".rstrip()
    line, column = _masked(text, place.column, secrets, hidden)
    cut = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    mark = click.style("^", fg=colour, bold=True)
    shown, blanks = _printable(line[cut : cut + WIDTH]), " " * (column - 1 - cut)
    return f"{head}\n{place.line:>5} | {shown}\n      | {blanks}{mark} {finding.hint}".rstrip()


def _masked(line: str, column: int, secrets: Sequence[str], hidden: int | None) -> tuple[str, int]:
    """A line without its secrets, one that begins at the column `hidden` among them; and where a column is in it."""
    shift = 0
    for begin, end in sorted(secrets_at(line, secrets, hidden), reverse=True):
        line = f"{line[:begin]}***{line[end:]}"
        shift += end - begin - 3 if end < column else max(column - 1 - begin, 0) if begin < column else 0
    return line, column - shift


def _lines(file: str) -> list[str]:
    try:
        with Path(file).open("rb") as opened:
            return lines_of(opened.read(MAX_BYTES).decode("utf-8-sig", "replace"))
    except OSError:
        return []


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
