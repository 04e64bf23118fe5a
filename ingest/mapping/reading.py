"""YAML with the place of everything in it. YAML 1.2's view of scalars: `no`, `21:00` and `098765` are text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from ingest.errors import Finding, MappingError, Place
from ingest.values import MAX_DEPTH

MAX_BYTES = 1_000_000
MAX_NODES = 50_000  # with every alias written out

Path_ = tuple[Any, ...]
"""The keys and indices that lead from a document's root to a part of it."""

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,39})$")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?$")
_TYPED = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)$"), ["n", "N", "~", ""]),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", _INT, list("-0123456789")),
    ("float", _FLOAT, list("-0123456789")),
)
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
        root = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise MappingError([_syntax(error, shown)]) from None
    except yaml.reader.ReaderError as error:
        place = Place(shown, text.count("\n", 0, error.position) + 1)
        raise MappingError([Finding(place, "yaml_syntax", "A character that YAML does not allow.")]) from None
    except RecursionError:
        raise MappingError([_too_deep(Place(shown))]) from None
    converter = _Converter(text, shown)
    node = converter.convert(root, 0) if root is not None else Node({}, Place(shown))
    if converter.findings:
        raise MappingError(converter.findings)
    return node


def from_data(data: Any, place: Place) -> Node:
    """Plain data as a document, everything at one place."""
    if isinstance(data, dict):
        return Node({str(key): from_data(value, place) for key, value in data.items()}, place)
    if isinstance(data, list):
        return Node([from_data(item, place) for item in data], place)
    return Node(data, place, data if isinstance(data, str) else "")


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


for _name, _pattern, _first in _TYPED:
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, _first)


class _Converter:
    def __init__(self, text: str, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._left = MAX_NODES
        self.findings: list[Finding] = []

    def convert(self, node: yaml.Node, depth: int, key: Place | None = None) -> Node:
        place = self._place(node)
        self._left -= 1
        if self._left < 0:
            message = f"The file has more than {MAX_NODES:,} values, aliases written out."
            raise MappingError([Finding(place, "file_too_big", message)])
        if depth > MAX_DEPTH:
            raise MappingError([_too_deep(place)])
        if isinstance(node, MappingNode):
            return Node(dict(self._pairs(node, depth)), place, key=key)
        if isinstance(node, SequenceNode):
            return Node([self.convert(item, depth + 1) for item in node.value], place, key=key)
        if not isinstance(node, ScalarNode):  # composing gives no fourth kind
            raise TypeError(type(node))
        raw = self._text[node.start_mark.index : node.end_mark.index]
        return Node(self._scalar(node, place), place, raw, key)

    def _pairs(self, node: MappingNode, depth: int) -> Iterator[tuple[str, Node]]:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.findings.append(Finding(place, "wrong_type", "A key must be text.", _QUOTES))
                continue
            key = key_node.value
            if key in seen:
                message = f"`{key}` stands here a second time; the first is in line {seen[key].line}."
                self.findings.append(Finding(place, "yaml_duplicate_key", message))
                continue
            seen[key] = place
            yield key, replace(self.convert(value_node, depth + 1), key=place)

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if _INT.match(text):
                return int(text)
            case "float" if _FLOAT.match(text):
                return Decimal(text)  # keeps the text as it was written: 9.19877E+11
            case "str":
                return text
        self.findings.append(Finding(place, "yaml_tag", f"The tag {node.tag} is not known here.", "leave it out"))
        return text

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._shown, node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError, shown: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
    hint = _QUOTES if "flow" in str(error.context) else ""
    return Finding(place, "yaml_syntax", f"The file is no YAML: {error.problem or 'not understood'}.", hint)


def _too_deep(place: Place) -> Finding:
    return Finding(place, "yaml_too_deep", f"Nested more than {MAX_DEPTH} deep.")
