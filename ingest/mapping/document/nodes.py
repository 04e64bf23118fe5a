from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingest.errors import Place
from ingest.mapping.document.complaint import lines_of


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

    def find(self, word: str, start: Place) -> Place:
        """Where a word stands in a text of several lines, looked for from a place in it; else that place itself."""
        lines = lines_of(self.raw)
        if len(lines) == 1:
            return start
        found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        for number in range(start.line - self.place.line, len(lines)):
            begin = (
                start.column - (self.place.column if number == 0 else 1)
                if number == start.line - self.place.line
                else 0
            )
            hit = found.search(lines[number], max(begin, 0))
            if hit:
                line = self.place.line + number
                return start if line == start.line else Place(start.file, line, hit.start() + 1)
        return start

    def first_character(self) -> Place:
        """Where the text itself begins: after a quote, or on the line below `|`."""
        begin = re.match(r"""['"]|[|>][^\r\n]*[\r\n]\s*""", self.raw)
        return self._place_at(begin.end()) if begin else self.place

    def _place_at(self, offset: int) -> Place:
        lines = lines_of(self.raw[:offset])
        column = len(lines[-1]) + (self.place.column if len(lines) == 1 else 1)
        return Place(self.place.file, self.place.line + len(lines) - 1, column)


def from_data(data: Any, place: Place) -> Node:
    """Plain data as a document, everything at one place."""
    if isinstance(data, dict):
        return Node({str(key): from_data(value, place) for key, value in data.items()}, place)
    if isinstance(data, list):
        return Node([from_data(item, place) for item in data], place)
    return Node(data, place, data if isinstance(data, str) else "")


def entries(node: Node, key: str) -> list[tuple[str, Node]]:
    """The keys of a section, with what they hold; none where it is not there."""
    section = node.at((key,))
    return list(section.value.items()) if section and isinstance(section.value, dict) else []


def items(node: Node, *path: str) -> list[Node]:
    """The items of a list at a path; none where it is not there."""
    section = node.at(path)
    return section.value if section else []
