"""YAML with the place of everything in it. YAML 1.2's view of scalars: `no`, `21:00` and `098765` are text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.nodes import Node
from ingest.mapping.yaml_faults import BRACES, QUOTE, diagnose
from ingest.values import MAX_DEPTH

MAX_BYTES = 1_000_000
MAX_NODES = 50_000  # with every alias written out
MAX_MENDED = 50  # faults of one file that are told at once

_TYPED = re.compile(
    r"""|~|null|Null|NULL|true|True|TRUE|false|False|FALSE
    |-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"[ \t]+#([^\s#!-])?")
_Loader: Any = getattr(yaml, "CLoader", yaml.SafeLoader)  # only its parser is used: a tenth of the time in C
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """What a file holds, and what is wrong with it; `node` is None where nothing can be made of it."""

    node: Node | None
    findings: list[Finding]


def read(path: Path, shown: str) -> Document:
    """The document in a file; `shown` is the file's name in findings. Never raises."""
    start = Place(shown)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            return Document(None, [Finding(start, "file_too_big", f"The file has more than {MAX_BYTES:,} bytes.")])
        return parse(content.decode("utf-8-sig"), shown)
    except OSError as error:
        return Document(None, [Finding(start, "file_unreadable", f"The file can't be read: {error.strerror}.")])
    except UnicodeDecodeError as error:
        place = Place(shown, content.count(b"\n", 0, error.start) + 1)
        return Document(None, [Finding(place, "yaml_syntax", "The file is not UTF-8.", "save it as UTF-8")])


def parse(text: str, shown: str) -> Document:
    """The document in a text. What is plain how to mend is mended, so that the faults after it are told too."""
    told: list[Finding] = []
    for _ in range(MAX_MENDED):
        builder = _Builder(yaml.parse(text, Loader=_Loader), text, shown)
        try:
            return Document(builder.document(), [*told, *builder.findings])
        except MappingError as error:
            return Document(None, [*told, *error.findings])
        except yaml.MarkedYAMLError as error:
            diagnosis = diagnose(error, text, shown)
            told.append(diagnosis.finding)
            if diagnosis.mended is None or diagnosis.mended == text:
                break
            text = diagnosis.mended
        except yaml.reader.ReaderError as error:
            told.append(_character(error, text, shown))
            break
    return Document(None, told)


def sound(text: str, shown: str) -> Node:
    """The document in a text that is in order. Raises MappingError."""
    document = parse(text, shown)
    if document.node is None or any(finding.severity == "error" for finding in document.findings):
        raise MappingError(document.findings)
    return document.node


def _character(error: yaml.reader.ReaderError, text: str, shown: str) -> Finding:
    before = text.encode("utf-8", "surrogatepass")[: error.position].decode("utf-8", "replace")  # counted in bytes
    place = Place(shown, before.count("\n") + 1, len(before) - before.rfind("\n"))
    code = error.character if isinstance(error.character, int) else ord(error.character)
    return Finding(
        place, "yaml_syntax", f"The character U+{code:04X} stands here, which YAML does not allow.", "take it out"
    )


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
            node = self._mapping(event, place, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node([self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)], place)
        else:
            raw = self._text[event.start_mark.index : event.end_mark.index]
            if event.implicit[0]:
                self._look_for_comment(raw, event.end_mark.index, place)
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
        for event in self._until(yaml.MappingEndEvent):
            place = self._place(event)
            key_node = self._node(event, depth + 1)
            node = self._node(next(self._events), depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self.findings.append(Finding(place, "wrong_type", "A key must be text.", QUOTE))
            elif event.implicit[0] and event.value[:1].isspace():
                message = "A no-break space stands here, which is no indentation."
                self.findings.append(Finding(place, "yaml_indentation", message, "indent with blanks"))
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

    def _look_for_comment(self, raw: str, end: int, place: Place) -> None:
        """A ` #` ends a text without quotes, often one that was meant to go on: `Offer #5`, or `lead.x == 'a #1'`."""
        rest = self._text[end : self._text.find("\n", end) % (len(self._text) + 1)]
        found = _COMMENT.match(rest)
        open_quote = any(raw.count(mark) % 2 for mark in ('"', "'") if not re.search(rf"\w{mark}\w", raw))
        cut = open_quote or raw.count("{{") > raw.count("}}") or raw.count("(") > raw.count(")")
        if found and raw and (cut or found[1]):
            hint = f"{QUOTE}, or a blank after the # of a comment" if not cut else QUOTE
            message = f"` #` begins a comment: the text ends at `{raw.rsplit(maxsplit=1)[-1]}`."
            at = Place(place.file, place.line + raw.count("\n"), place.column + len(raw) + found.end() - 1)
            self.findings.append(Finding(at, "yaml_comment", message, hint, "warning"))

    def _place(self, event: Any) -> Place:
        return Place(self._shown, event.start_mark.line + 1, event.start_mark.column + 1)
