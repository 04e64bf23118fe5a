"""YAML with the place of everything in it. YAML 1.2's view of scalars: `no`, `21:00` and `098765` are text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from ingest.errors import Finding, MappingError, Place
from ingest.values import MAX_DEPTH

MAX_BYTES = 1_000_000
MAX_NODES = 50_000  # with every alias written out

_TYPED = re.compile(
    r"""|~|null|Null|NULL|true|True|TRUE|false|False|FALSE
    |-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?""",
    re.VERBOSE,
)
_Loader: Any = getattr(yaml, "CLoader", yaml.SafeLoader)  # only its parser is used: a tenth of the time in C
_QUOTES = "put a text that begins with {{ in quotes"
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a document: its value (text, number, bool, None, or a dict or list of Nodes) and where it stands."""

    value: Any
    place: Place
    raw: str = ""  # as it stands in the file, quotes included
    key: Place | None = None  # of its key, in a mapping

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: Iterable[Any]) -> Node | None:
        """The part at a path, or None where there is none."""
        node = self
        for step in path:
            inner = node.value
            keys = inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
            if step not in keys:
                return None
            node = inner[step]
        return node

    def get(self, *path: Any) -> Any:
        """The plain value at a path, or None where there is none."""
        node = self.at(path)
        return None if node is None else node.plain()

    def place_of(self, mark: str, nth: int = 0) -> Place:
        """Where the nth `mark` stands in the text; the text's own start where it can't be told."""
        offset = -1
        for _ in range(nth + 1):
            offset = self.raw.find(mark, offset + 1)
            if offset < 0:
                return self.place
        return self._place_at(offset)

    def first_character(self) -> Place:
        """Where the text itself begins: after a quote, or on the line below `|`."""
        begin = re.match(r"""['"]|[|>][^\n]*\n\s*""", self.raw)
        return self._place_at(begin.end()) if begin else self.place

    def _place_at(self, offset: int) -> Place:
        lines = self.raw[:offset].split("\n")
        column = len(lines[-1]) + (self.place.column if len(lines) == 1 else 1)
        return Place(self.place.file, self.place.line + len(lines) - 1, column)


def read(path: Path, shown: str) -> Node:
    """The document in a file; `shown` is the file's name in findings.

    Raises MappingError: the file can't be read or is no YAML, and every key that stands twice.
    """
    start = Place(shown)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise MappingError([Finding(start, "file_too_big", f"The file has more than {MAX_BYTES:,} bytes.")])
        text = content.decode("utf-8-sig")
    except OSError as error:
        message = f"The file can't be read: {error.strerror}."
        raise MappingError([Finding(start, "file_unreadable", message)]) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        finding = Finding(Place(shown, line), "yaml_syntax", "The file is not UTF-8.", "save it as UTF-8")
        raise MappingError([finding]) from None
    return parse(text, shown)


def parse(text: str, shown: str) -> Node:
    """The document in a text. Raises MappingError."""
    try:
        events = yaml.parse(text, Loader=_Loader)
        builder = _Builder(events, text, shown)
        node = builder.document()
    except yaml.MarkedYAMLError as error:
        raise MappingError([_syntax(error, shown)]) from None
    except yaml.YAMLError:
        raise MappingError([Finding(Place(shown), "yaml_syntax", "A character that YAML does not allow.")]) from None
    if builder.findings:
        raise MappingError(builder.findings)
    return node


def from_data(data: Any, place: Place) -> Node:
    """Plain data as a document, everything at one place."""
    if isinstance(data, dict):
        return Node({str(key): from_data(value, place) for key, value in data.items()}, place)
    if isinstance(data, list):
        return Node([from_data(item, place) for item in data], place)
    return Node(data, place, data if isinstance(data, str) else "")


class _Builder:
    """Makes Nodes of YAML's events, without recursion into what is too deep and within bounds for aliases."""

    def __init__(self, events: Iterator[Any], text: str, shown: str) -> None:
        self._events = events
        self._text = text
        self._shown = shown
        self._anchors: dict[str, tuple[Node, int, int]] = {}  # with their size and depth
        self._left = MAX_NODES
        self._deepest = 0
        self.findings: list[Finding] = []

    def document(self) -> Node:
        """The first document; an empty one has no keys."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                node = self._node(next(self._events), 0)
                self._only_one()
                return node
        return Node({}, Place(self._shown))

    def _only_one(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise MappingError([Finding(self._place(event), "yaml_syntax", "A second document in the file.")])

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, place, depth)
        self._count(1, depth, place)
        before, self._deepest = self._deepest, depth
        left = self._left
        if isinstance(event, yaml.MappingStartEvent):
            node = Node(dict(self._pairs(depth)), place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node([self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)], place)
        else:
            raw = self._text[event.start_mark.index : event.end_mark.index]
            node = Node(self._scalar(event, place), place, raw)
        if event.anchor:
            self._anchors[event.anchor] = (node, left - self._left + 1, self._deepest - depth)
        self._deepest = max(before, self._deepest)
        return node

    def _alias(self, anchor: str | None, place: Place, depth: int) -> Node:
        if anchor is None or anchor not in self._anchors:
            raise MappingError([Finding(place, "yaml_syntax", f"The alias *{anchor} stands for nothing before it.")])
        node, size, inner = self._anchors[anchor]
        self._count(size, depth + inner, place)
        self._deepest = max(self._deepest, depth + inner)
        return node

    def _count(self, size: int, depth: int, place: Place) -> None:
        self._left -= size
        if self._left < 0:
            message = f"The file has more than {MAX_NODES:,} values, aliases written out."
            raise MappingError([Finding(place, "file_too_big", message)])
        if depth > MAX_DEPTH:
            raise MappingError([Finding(place, "yaml_too_deep", f"Nested more than {MAX_DEPTH} deep.")])

    def _until(self, end: type[Any]) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _pairs(self, depth: int) -> Iterator[tuple[str, Node]]:
        seen: dict[str, Place] = {}
        for event in self._until(yaml.MappingEndEvent):
            place = self._place(event)
            key_node = self._node(event, depth + 1)
            node = self._node(next(self._events), depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self.findings.append(Finding(place, "wrong_type", "A key must be text.", _QUOTES))
            elif event.value in seen:
                message = f"`{event.value}` stands here a second time; the first is in line {seen[event.value].line}."
                self.findings.append(Finding(place, "yaml_duplicate_key", message))
            else:
                seen[event.value] = key_node.place
                yield event.value, replace(node, key=place)

    def _scalar(self, event: Any, place: Place) -> Any:
        text: str = event.value
        if event.tag not in {None, "!", f"{_TAG}str"}:
            message = f"The tag {event.tag} is not known here."
            self.findings.append(Finding(place, "yaml_tag", message, "leave it out"))
        if event.tag is not None or not event.implicit[0] or not _TYPED.fullmatch(text):
            return text
        if text in {"", "~"} or text.lower() == "null":
            return None
        if text[0] in "tTfF":
            return text.lower() == "true"
        return int(text) if text.lstrip("-").isdecimal() else Decimal(text)  # which stays as written: 9.19877E+11

    def _place(self, event: Any) -> Place:
        return Place(self._shown, event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError, shown: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
    hint = _QUOTES if "flow" in str(error.context) else ""
    return Finding(place, "yaml_syntax", f"The file is no YAML: {error.problem or 'not understood'}.", hint)
