"""Keys and values of leads: interface.md section 5 has the rules."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any, TypeVar

from ingest.models import Value

V = TypeVar("V")

MAX_DEPTH = 32
_SHORT = 128  # characters of keys whose names are remembered

_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[A-Z][a-z])")
_WHOLE = re.compile(r"(-?\d+)\.0+")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_NODES = (dict, list)  # a tuple: `dict | list` is made anew at each look, and costs four times as much
_EDGES = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def _remembered(function: Callable[[str], V]) -> Callable[[str], V]:
    """What a function gave before, for short keys: nobody fills the memory with long ones."""
    known = lru_cache(maxsize=8192)(function)

    @wraps(function)
    def call(key: str) -> V:
        return known(key) if len(key) <= _SHORT else function(key)

    return call


@_remembered
def normalise_key(key: str) -> str:
    """`First Name`, `firstName` and `first-name` are `first_name`; marks, as in Devanagari, belong to letters."""
    humps = _HUMP.sub("_", unicodedata.normalize("NFKC", key)).lower()
    kept = "".join(c if c == "_" or unicodedata.category(c)[0] in "LM" or c.isdecimal() else "_" for c in humps)
    return "_".join(part for part in kept.split("_") if part) or "_"


def clean(text: str) -> str:
    """Text that every store and wire takes: no lone surrogates, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "") if _dirty(text) else text


def _dirty(text: str) -> bool:
    return "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text))


def number_text(number: int | float | Decimal | str) -> str:
    """A number as its JSON text; `2500.0` is `2500`."""
    text = str(number)
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def scalar(value: Any) -> str | None:
    """A JSON scalar as text, or None where it is absent (null, blank)."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            if value.isascii() and "\0" not in value:  # nearly all are so
                return value.strip() or None
            return clean(value).strip().strip(_EDGES).strip() or None
        case int() | float() | Decimal():
            return number_text(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def moment(text: Any) -> datetime | None:
    """A time as vendors write it: ISO 8601 (`2022-02-03T16:16:51+0000`) or a Unix time; None where it is neither."""
    if not isinstance(text, str):
        return None
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def flatten(payload: Any) -> dict[str, Value]:
    """The fields of a JSON document: `{"a": {"b": 1}}`, `a[b]` and `a__b` are `a_b`.

    Repeated values become a list. Of two keys that meet, the first that is not absent stays.
    """
    fields: dict[str, Value] = {}
    for path, values in _leaves((), payload):
        texts = [text for text in map(scalar, values) if text is not None]
        if texts:
            fields.setdefault(_field_name(path), texts[0] if len(texts) == 1 else texts)
    return fields


def _leaves(path: tuple[str, ...], node: Any) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if isinstance(node, dict):
        for key, value in node.items():
            below = path + _split(str(key))
            if isinstance(value, _NODES):
                yield from _leaves(below, value)
            else:
                yield below, [value]
    elif isinstance(node, list):
        yield path, [item for item in node if not isinstance(item, _NODES)]
        inner: dict[tuple[str, ...], list[Any]] = {}
        for item in node:
            if isinstance(item, _NODES):
                for below, values in _leaves(path, item):
                    inner.setdefault(below, []).extend(values)
        yield from inner.items()
    else:
        yield path, [node]


@_remembered
def _split(key: str) -> tuple[str, ...]:
    head, bracket, _ = key.partition("[")
    return (head, *_BRACKET.findall(key[len(head) :])) if bracket and head else (key,)


def _field_name(path: tuple[str, ...]) -> str:
    if len(path) == 1:
        return normalise_key(path[0])
    names = [name for name in map(normalise_key, path) if name != "_"]
    if len(names) == 3 and names[0] == "fields" and names[2] == "value":  # Elementor's advanced mode
        return names[1]
    if len(names) > 1 and names[0] == "form_fields":
        names = names[1:]
    return "_".join(names) or "_"
