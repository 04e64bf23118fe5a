"""What differs between the body that a test expects and the one that is made."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.errors import Place
from ingest.mapping.document.nodes import Node

_AROUND = 3  # equal items that are shown beside different ones


@dataclass(frozen=True)
class Fault:
    """An expectation that did not hold: where it stands, in a sentence, and more lines: `-` expected, `+` made."""

    place: Place
    message: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((self.message, *self.lines))


def differences(expected: Node, body: dict[str, Any], *, exactly: bool) -> Iterator[Fault]:
    """What is not as expected, key by key; null expects nothing there; `exactly` allows no other keys."""
    yield from _compared("", expected, body, exactly)


def _compared(path: str, expected: Node, found: Any, exactly: bool) -> Iterator[Fault]:
    wanted = expected.value
    if isinstance(wanted, dict) and isinstance(found, dict | None):
        known = found or {}
        for key, node in wanted.items():
            yield from _compared(_below(path, key), node, known.get(key), exactly)
        for key in known if exactly else ():
            if key not in wanted:
                name = _below(path, key)
                lines = tuple(_lines("+", name, known[key]))
                yield Fault(expected.key or expected.place, f"`{name}` is there, and nothing is expected", lines)
    elif isinstance(wanted, list) and isinstance(found, list | None):
        yield from _compared_lists(path, expected, found or [])
    elif wanted != found:
        yield _differing(path, expected, found)


def _differing(path: str, expected: Node, found: Any) -> Fault:
    wanted = expected.plain()
    if found is None:
        sentence = f"`{path}` is expected, and not there"
    elif wanted is None:
        sentence = f"`{path}` is there, and nothing is expected"
    else:
        sentence = f"`{path}` is not as expected"
    alike = isinstance(wanted, str) and isinstance(found, str) and _look(wanted) == _look(found)
    lines = [*_lines("-", path, wanted, exact=alike), *_lines("+", path, found, exact=alike)]
    return Fault(expected.place, sentence, tuple(lines))


def _compared_lists(path: str, expected: Node, found: list[Any]) -> Iterator[Fault]:
    wanted = expected.plain()
    if wanted == found:
        return
    alike = [*map(_look, wanted)] == [*map(_look, found)]
    before, after = ([f"  {_shown(item, exact=alike)}" for item in items] for items in (wanted, found))
    steps = difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes()
    first = next(start for kind, start, *_ in steps if kind != "equal")
    place = expected.value[first].place if first < len(wanted) else expected.place
    lines = [
        line for line in difflib.unified_diff(before, after, n=_AROUND, lineterm="") if line[:3] not in {"---", "+++"}
    ]
    shown = ("    …" if line.startswith("@@") else f"{line[0]} {line[1:]}" for line in lines[1:])
    yield Fault(place, f"`{path}` is not as expected", (f"  {path}:", *shown))


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _lines(mark: str, path: str, value: Any, *, exact: bool = False) -> Iterator[str]:
    """`- destination: +91…`; a list has a line for each item, a set of keys for each key; nothing has none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(mark, _below(path, key), inner, exact=exact)
    elif isinstance(value, list):
        yield f"{mark} {path}:"
        yield from (f"{mark}   {_shown(item, exact=exact)}" for item in value)
    elif value is not None:
        yield f"{mark} {path}: {_shown(value, exact=exact)}"


def _shown(value: Any, *, exact: bool = False) -> str:
    """A text as it is; with quotes where blanks or marks that can't be seen would deceive."""
    text = str(value)
    if exact:
        return ascii(text)
    return text if text and text == text.strip() and text.isprintable() else repr(text)


def _look(value: Any) -> str:
    """A text as the eye has it."""
    return unicodedata.normalize("NFKC", str(value))
