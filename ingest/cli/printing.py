from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import click

WIDE = 200
"""Characters of a value, and lines of a document, that people are shown of it."""

# Controls, what turns text round or is not seen at all, other ends of lines, lone surrogates. The joiners U+200C and
# U+200D stay: India's scripts and emoji need them.
_STEERING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def counted(number: int, one: str, many: str) -> str:
    """`1 lead`, `2 leads`."""
    return f"{number} {one if number == 1 else many}"


def shown(text: str) -> str:
    r"""A text that others wrote, in a line that can't steer a terminal: what is not plain is as in JSON (`\u001b`)."""
    return _harmless(text).replace("\n", "\\n")


def clipped(text: str) -> str:
    """The same, and no more of it than people read."""
    return shown(text) if len(text) <= WIDE else f"{shown(text[:WIDE])}… ({len(text):,} characters)"


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """A value as JSON, which can't steer a terminal either."""
    return _harmless(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def outlined(value: Any) -> str:
    """A value as JSON for people: long texts and documents are cut, and say so."""
    lines = as_json(_cut(value)).split("\n")
    more = [f"… ({len(lines) - WIDE:,} more lines: --json prints all)"] if len(lines) > WIDE else []
    return "\n".join([*lines[:WIDE], *more])


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    click.echo(as_json(value))


def print_array(items: Iterable[Any]) -> None:
    """Print one JSON array, an item at a time, so that a million need no more memory than one."""
    between = "["
    for item in items:
        click.echo(between, nl=False)
        click.echo(as_json(item, indent=None), nl=False)
        between = ",\n "
    click.echo("]" if between != "[" else "[]")


def _harmless(text: str) -> str:
    return _STEERING.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1]


def _cut(value: Any) -> Any:
    match value:
        case str() if len(value) > WIDE:
            return f"{value[:WIDE]}… ({len(value):,} characters)"
        case dict():
            return {_cut(key): _cut(inner) for key, inner in value.items()}
        case list():
            return [_cut(inner) for inner in value]
    return value
