"""Texts that YAML takes without a word, and hardly as they were meant."""

from __future__ import annotations

import re

from ingest.errors import Finding, Place
from ingest.mapping.document.complaint import QUOTE, lines_of

_COMMENT = re.compile(r"[ \t]+#")
_PROSE = re.compile(r"[^\W\d](?:[\w%!?,'’ &-]|\.(?!\w))*")
_HASHTAG = re.compile(r" #\w+\s*")
_CURLY = re.compile(r"[“”„‘].*[“”’]", re.DOTALL)


def comment(raw: str, rest: str, place: Place) -> Finding | None:
    """A ` #` ends a text without quotes, often one that was meant to go on: `Offer #5`, or `lead.x == 'a #1'`.

    `rest` is what follows the text in its line. An error where the text can't be whole without it.
    """
    found = _COMMENT.match(rest)
    if not found or not raw:
        return None
    quotes = any(raw.count(mark) % 2 for mark in ('"', "'") if not re.search(rf"\w{mark}\w", raw))
    cut = quotes or raw.count("{{") > raw.count("}}") or raw.count("(") > raw.count(")")
    number = rest[found.end() :][:1].isdecimal() or rest[found.end() :].startswith("{{")
    tagged = " " in raw and _HASHTAG.fullmatch(rest) is not None
    if not cut and not (_PROSE.fullmatch(raw) and (number or tagged)):
        return None
    hint = QUOTE if cut else f"{QUOTE}, or a blank after the # of a comment"
    message = f"A # after a blank begins a comment: the text ends at `{raw.rsplit(maxsplit=1)[-1]}`."
    lines = lines_of(raw)
    column = len(lines[-1]) + (place.column if len(lines) == 1 else 1)
    at = Place(place.file, place.line + len(lines) - 1, column + found.end() - 1)
    return Finding(at, "yaml_comment", message, hint, "error" if cut else "warning")


def swallowed(raw: str, place: Place) -> Finding | None:
    """A dash further in than those above it, which YAML takes for a part of their text."""
    for number, line in enumerate(lines_of(raw)[1:], 1):
        if line.lstrip().startswith("- "):
            at = Place(place.file, place.line + number, len(line) - len(line.lstrip()) + 1)
            message = "This line stands further in than the dash above, and is taken for a part of its text."
            return Finding(at, "yaml_indentation", message, "dashes that belong together begin in the same column")
    return None


def anchor(name: str, raw: str, place: Place) -> Finding:
    """A text that begins with &, which YAML takes for a name that nothing uses."""
    message = f"`&{name}` is no text for YAML, but a name for what follows it, and nothing uses it."
    severity = "error" if raw.strip() in {"", f"&{name}"} else "warning"
    return Finding(place, "yaml_syntax", message, QUOTE, severity)


def curly(text: str, place: Place) -> Finding | None:
    """Quotes out of a word processor, which are no quotes for YAML."""
    if not _CURLY.fullmatch(text):
        return None
    message = f"{text[0]} and {text[-1]} are no quotes here, and would be a part of the text."
    return Finding(place, "yaml_quotes", message, 'use straight quotes: "…"', "warning")
