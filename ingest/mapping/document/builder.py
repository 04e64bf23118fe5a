from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import yaml

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.document import scalars as scalar_faults
from ingest.mapping.document.complaint import BRACES, NO_BREAK, QUOTE, end_of_line
from ingest.mapping.document.nodes import Node
from ingest.values import MAX_DEPTH

MAX_NODES = 50_000  # with every alias written out

_TYPED = re.compile(
    r"""|~|null|Null|NULL|true|True|TRUE|false|False|FALSE
    |-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?""",
    re.VERBOSE,
)
_TAG = "tag:yaml.org,2002:"


def _are_keys(node: Node) -> bool:
    nodes = node.value if isinstance(node.value, list) else [node]
    return all(isinstance(one.value, dict) for one in nodes)


class Builder:
    """Makes Nodes of YAML's events, without recursion into what is too deep and within bounds for aliases."""

    def __init__(self, events: Iterator[Any], text: str, shown: str) -> None:
        self._events = events
        self._text = text
        self._shown = shown
        self._anchors: dict[str, tuple[Node, int, int]] = {}  # with their size and depth
        self._left = MAX_NODES
        self._deepest = 0
        self._unused: dict[str, Finding] = {}  # anchors of texts
        self.findings: list[Finding] = []

    def document(self) -> Node:
        """The first document; an empty one has no keys."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                node = self._node(next(self._events), 0)
                self._only_one()
                self.findings += self._unused.values()
                return node
        return Node({}, Place(self._shown))

    def _only_one(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                hint = "take the line out: a file holds one mapping, and a second one a file of its own"
                raise MappingError(
                    [Finding(self._place(event), "yaml_syntax", "`---` begins a second document.", hint)]
                )

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, place, depth)
        self._count(1, depth, place)
        before, self._deepest = self._deepest, depth
        left = self._left
        if isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, place, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node([self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)], place)
        else:
            raw = self._text[event.start_mark.index : event.end_mark.index]
            value = self._scalar(event, place)
            if event.implicit[0]:
                value = self._meant(value, raw, event, place)
            node = Node(value, place, raw)
        if event.anchor:
            self._anchors[event.anchor] = (node, left - self._left + 1, self._deepest - depth)
        self._deepest = max(before, self._deepest)
        return node

    def _alias(self, anchor: str | None, place: Place, depth: int) -> Node:
        if anchor is None or anchor not in self._anchors:
            message = f"The alias *{anchor} stands for nothing before it."
            raise MappingError([Finding(place, "yaml_syntax", message, f'put the text in quotes: "*{anchor}"')])
        node, size, inner = self._anchors[anchor]
        self._unused.pop(anchor, None)
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

    def _mapping(self, start: Any, place: Place, depth: int) -> Node:
        """A set of keys; `{{ … }}` without quotes, which YAML takes for one, is the text that it was meant to be."""
        begin = start.start_mark.index
        if self._text[begin : begin + 2] != "{{":
            return Node(dict(self._pairs(depth)), place)
        told = len(self.findings)
        for _ in self._pairs(depth):
            pass
        message = "A text that begins with `{{` needs quotes around it."
        self.findings[told:] = [Finding(place, "yaml_unquoted", message, BRACES)]
        end = self._text.find("}}", begin)
        text = self._text[begin : end + 2]
        return Node(text, place, text)

    def _pairs(self, depth: int) -> Iterator[tuple[str, Node]]:
        seen: dict[str, Place] = {}
        merged: list[Node] = []
        for event in self._until(yaml.MappingEndEvent):
            place = self._place(event)
            key_node = self._node(event, depth + 1)
            node = self._node(next(self._events), depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self.findings.append(Finding(place, "wrong_type", "A key must be text.", QUOTE))
            elif "=" in event.value and event.implicit[0] and node.value is None and not node.raw:
                better = re.sub(r" *= *", ": ", event.value, count=1)
                message = "A key and its value have a colon between them."
                self.findings.append(Finding(place, "yaml_syntax", message, better))
            elif event.implicit[0] and event.value[:1].isspace():
                self.findings.append(Finding(place, "yaml_indentation", NO_BREAK, "indent with blanks"))
            elif event.value == "<<" and event.implicit[0] and _are_keys(node):
                merged += node.value if isinstance(node.value, list) else [node]
            elif event.value in seen:
                message = f"`{event.value}` stands here a second time; the first is in line {seen[event.value].line}."
                self.findings.append(Finding(place, "yaml_duplicate_key", message, "take one of the two out"))
            else:
                seen[event.value] = key_node.place
                yield event.value, replace(node, key=place)
        for base in merged:  # YAML's merge key: what stands here itself comes first
            for key, node in base.value.items():
                if key not in seen:
                    seen[key] = node.place
                    yield key, node

    def _scalar(self, event: Any, place: Place) -> Any:
        text: str = event.value
        if event.tag not in {None, "!", f"{_TAG}str"}:
            tag = event.tag.replace(_TAG, "!!")
            message = f"{tag} begins with !, which makes it a tag, and there is none of that name."
            hint = "write `not` for !" if re.match(r"!(?:lead|payload|meta)\.", tag) else f"leave {tag} out, or {QUOTE}"
            self.findings.append(Finding(place, "yaml_tag", message, hint))
            text = text or tag.lstrip("!")
        if event.tag is not None or not event.implicit[0] or not _TYPED.fullmatch(text):
            return text
        if text in {"", "~"} or text.lower() == "null":
            return None
        if text[0] in "tTfF":
            return text.lower() == "true"
        return int(text) if text.lstrip("-").isdecimal() else Decimal(text)  # which stays as written: 9.19877E+11

    def _meant(self, value: Any, raw: str, event: Any, place: Place) -> Any:
        """The value of a text without quotes, whole where a comment cuts it in two."""
        if event.anchor:
            self._unused[event.anchor] = scalar_faults.anchor(event.anchor, raw, place)
            return raw if value is None else value
        end = event.end_mark.index
        rest = self._text[end : end_of_line(self._text, end)]
        found = (
            scalar_faults.comment(raw, rest, place)
            or scalar_faults.curly(raw, place)
            or scalar_faults.swallowed(raw, place)
        )
        if found:
            self.findings.append(found)
        cut = found is not None and found.code == "yaml_comment" and found.severity == "error"
        return f"{value}{rest}".strip() if cut else value

    def _place(self, event: Any) -> Place:
        return Place(self._shown, event.start_mark.line + 1, event.start_mark.column + 1)
