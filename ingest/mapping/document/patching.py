"""Changing single values in a text of YAML. All else stays as it was written, to the last blank.

ruamel.yaml writes a document anew instead, and moves a comment that stands between two entries to another one when an
entry is added between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
STEP = 2  # columns by which what is written is indented


class NotPatched(ValueError):  # noqa: N818 - the word for it
    """The text is written in a way in which the value can't be told from others: an alias, or a value in its place."""


def put(text: str, path: Sequence[str], value: str | int | None) -> str:
    """The text with a scalar at a path, and the keys above it where they are missing. Raises NotPatched.

    None is anything: what stands there stays, and `{}` is put where nothing does.
    """
    node = _root(text)
    flow = False
    column = -STEP
    for number, name in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            lines = _block(path[number:], value, column + STEP)
            return _fill(text, node, _flow(path[number:], value) if flow else lines)
        flow = flow or bool(node.flow_style)
        pair = _pair(node, name)
        if pair is None:
            return _add(text, node, path[number:], value, flow)
        column, node = pair[0].start_mark.column, _own(*pair)
    if value is None or node.value == str(value):
        return text
    if not isinstance(node, yaml.ScalarNode):
        raise NotPatched
    return text[: node.start_mark.index] + _scalar(value) + text[node.end_mark.index :]


def take(text: str, path: Sequence[str]) -> str:
    """The text without the value at a path. Raises NotPatched."""
    node = _root(text)
    flow = False
    for name in path[:-1]:
        pair = _pair(node, name)
        if pair is None:
            return text
        flow = flow or bool(node.flow_style)
        node = _own(*pair)
    pair = _pair(node, path[-1])
    if pair is None:
        return text
    start, end = pair[0].start_mark.index, _end(*pair)
    if not (flow or node.flow_style):
        line = text.rfind("\n", 0, start) + 1
        return text[:line] + text[_end_of_line(text, end) + 1 :]
    place = node.value.index(pair)
    if place:
        start = _end(*node.value[place - 1])
    elif len(node.value) > 1:
        end = node.value[1][0].start_mark.index
    return text[:start] + text[end:]


def _root(text: str) -> Any:
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:  # of what was put in before
        raise NotPatched from None


def _pair(node: Any, name: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((pair for pair in pairs if pair[0].value == name), None)


def _own(before: Any, node: Any) -> Any:
    """A part that stands behind the one before it, and is not written elsewhere. Raises NotPatched."""
    if node.start_mark.index < before.start_mark.index:
        raise NotPatched
    return node


def _end(before: Any, node: Any) -> int:
    """Where the writing of a part ends, without what is blank or a comment behind it."""
    _own(before, node)
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(*last) if isinstance(last, tuple) else _end(node, last)
    return int(node.end_mark.index)


def _end_of_line(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def _add(text: str, node: Any, path: Sequence[str], value: str | int | None, flow: bool) -> str:
    """A new entry behind the last one."""
    if flow:
        at = _end(*node.value[-1]) if node.value else node.start_mark.index + 1
        return text[:at] + (", " if node.value else "") + _flow(path, value) + text[at:]
    at = _end_of_line(text, _end(*node.value[-1]))
    return _insert(text, at, _block(path, value, node.start_mark.column))


def _fill(text: str, node: Any, entries: str | list[str]) -> str:
    """Entries where nothing stands yet: behind the key in braces, or in lines below it."""
    if not isinstance(node, yaml.ScalarNode) or node.value not in {"", "~", "null", "Null", "NULL"}:
        raise NotPatched
    before, after = text[: node.start_mark.index].rstrip(" "), text[node.end_mark.index :]
    if isinstance(entries, str):
        return f"{before} {{{entries}}}{after}"
    return _insert(before + after, _end_of_line(before + after, len(before)), entries)


def _insert(text: str, at: int, lines: list[str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    at -= text[:at].endswith("\r")
    return text[:at] + "".join(newline + line for line in lines) + text[at:]


def _block(path: Sequence[str], value: str | int | None, column: int) -> list[str]:
    """A line for each key."""
    *above, last = path
    lines = [*(f"{_scalar(name)}:" for name in above), f"{_scalar(last)}: {_scalar(value)}"]
    return [" " * (column + STEP * number) + line for number, line in enumerate(lines)]


def _flow(path: Sequence[str], value: str | int | None) -> str:
    first, *below = path
    return f"{_scalar(first)}: " + (f"{{{_flow(below, value)}}}" if below else _scalar(value))


def _scalar(value: str | int | None) -> str:
    if value is None:
        return "{}"
    if isinstance(value, int) or (_PLAIN.fullmatch(value) and value.lower() not in _WORDS):
        return str(value)
    escaped = (c if c.isprintable() else f"\\U{ord(c):08x}" for c in value.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{"".join(escaped)}"'
