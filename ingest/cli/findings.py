"""How findings are told: to people, to programs, and to GitHub's pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import click

from ingest.cli.printing import counted
from ingest.errors import Finding
from ingest.mapping.reading import MAX_BYTES
from ingest.mapping.secrets import without_secrets

WIDTH = 110  # characters of a line that are shown
_COLOURS = {"error": "red", "warning": "yellow", "notice": "cyan"}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, by file and line; of secrets, one for each line."""
    key: Callable[[Finding], Any] = lambda one: (one.place.file, one.place.line, one.place.column, one.code)  # noqa: E731
    found = sorted(dict.fromkeys(findings), key=key)
    secrets = [one for one in found if one.code == "secret_in_file"]
    first = {(one.place.file, one.place.line): one for one in reversed(secrets)}
    return [one for one in found if one.code != "secret_in_file" or first[one.place.file, one.place.line] is one]


def are_problems(findings: Iterable[Finding]) -> bool:
    """Whether one of them is more than a notice."""
    return any(one.severity != "notice" for one in findings)


def as_text(findings: Sequence[Finding], secrets: Sequence[str] = ()) -> str:
    """Each finding with its line, a mark under its column, and what to do."""
    return "".join(f"{_told(one, secrets)}\n" for one in findings)


def as_json(findings: Sequence[Finding], _: Sequence[str] = ()) -> str:
    """One array."""
    keys = ("code", "severity", "message", "hint")
    found = [
        {"file": one.place.file, "line": one.place.line, "column": one.place.column}
        | {key: getattr(one, key) for key in keys}
        for one in findings
    ]
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def as_github(findings: Sequence[Finding], _: Sequence[str] = ()) -> str:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands"""
    return "".join(
        f"::{one.severity} file={_property(one.place.file)},line={one.place.line},col={one.place.column},"
        f"title={_property(one.code)}::{_escaped(f'{one.message} {one.hint}'.rstrip())}\n"
        for one in findings
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


def _told(finding: Finding, secrets: Sequence[str]) -> str:
    place, colour = finding.place, _COLOURS[finding.severity]
    head = f"{place}: {click.style(finding.code, fg=colour, bold=True)} {finding.message}"
    lines = _lines(place.file)
    if place.line > len(lines):
        return f"{head}\n{f'      {finding.hint}' if finding.hint else ''}".rstrip()
    line = without_secrets(lines[place.line - 1], secrets)
    cut = max(0, min(place.column - WIDTH // 2, len(line) - WIDTH))
    shown = "".join(one if one.isprintable() else "→" if one == "\t" else "·" for one in line[cut : cut + WIDTH])
    mark = click.style("^", fg=colour, bold=True)
    blanks = " " * (place.column - 1 - cut)
    return f"{head}\n{place.line:>5} | {shown}\n      | {blanks}{mark} {finding.hint}".rstrip()


@lru_cache(maxsize=8)
def _lines(file: str) -> list[str]:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return []


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
