"""From marshmallow's messages to findings with a place, a code and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.errors import Finding
from ingest.mapping.document.nodes import Node
from ingest.mapping.near import near
from ingest.mapping.schema.faults import Fault
from ingest.mapping.schema.fields import Either
from ingest.mapping.schema.hints import MISSING, MUST_BE, in_one_text, instead, other_value, where

Path = tuple[Any, ...]
_UNKNOWN, _ABSENT = "Unknown field.", "Missing data for required field."
MOST_CHOICES = 12  # that are told
MAX_GUESSED = 200  # unknown keys of one place for which it is guessed what was meant
_PARTS = {"_schema", "key", "value"}  # marshmallow's words for the whole, and for a pair's halves


@dataclass(frozen=True)
class Checked:
    """What is wrong with a part of a mapping, each fault with its path, and the part without what is wrong in it."""

    found: list[tuple[Path, Finding]]
    sound: Node

    @property
    def findings(self) -> list[Finding]:
        """All that is wrong."""
        return [finding for _, finding in self.found]


def validate(schema: ma.Schema, node: Node) -> Checked:
    """Hold a part of a mapping against its schema."""
    found = list(_findings(schema.validate(node.plain()), node, schema))
    sound, wrong = node, found
    while faulty := {path for path, _ in wrong if path}:  # what needs a key that is left out is left out too
        sound = _sound(sound, faulty) or sound
        wrong = list(_findings(schema.validate(sound.plain()), sound, schema))
    return Checked(found, sound)


def _sound(node: Node, faulty: set[Path], path: Path = ()) -> Node | None:
    if path and path in faulty:
        return None
    if isinstance(node.value, dict):
        kept: Any = {key: _sound(inner, faulty, (*path, key)) for key, inner in node.value.items()}
        return replace(node, value={key: inner for key, inner in kept.items() if inner is not None})
    if isinstance(node.value, list):
        items = [_sound(inner, faulty, (*path, index)) for index, inner in enumerate(node.value)]
        return replace(node, value=[item for item in items if item is not None])
    return node


def _findings(
    messages: Any, node: Node, schema: ma.Schema | None, path: Path = (), name: str = ""
) -> Iterator[tuple[Path, Finding]]:
    if not isinstance(messages, dict):
        yield from ((path, _finding(message, node, schema, name)) for message in messages)
        return
    meant = _meant(messages, node)
    guessed = sum(inner == [_UNKNOWN] for inner in messages.values()) <= MAX_GUESSED
    for step, inner in messages.items():
        child = node.at((step,))
        if child is not None:
            if step in meant:
                yield (*path, step), _unknown(step, child, f"did you mean `{meant[step]}`?")
                continue
            if inner == [_UNKNOWN] and not guessed:
                yield (*path, step), _unknown(step, child, "")
                continue
            below = _below(schema, step)
            yield from _findings(
                inner, child, below if isinstance(inner, dict) else schema, (*path, step), _step(step, name)
            )
        elif step not in meant.values():
            for at, finding in _findings(inner, node, schema, path, name if step in _PARTS else str(step)):
                yield at, replace(finding, place=node.key) if step == "key" and node.key else finding


def _meant(messages: dict[Any, Any], node: Node) -> dict[str, str]:
    """Keys that are not known, each with the one that is missing and was meant: told as one fault, not as two."""
    missing = [key for key, inner in messages.items() if inner == [_ABSENT] and node.at((key,)) is None]
    unknown = [key for key, inner in messages.items() if inner == [_UNKNOWN]]
    if len(missing) == len(unknown) == 1:
        return {unknown[0]: missing[0]}
    close = {key: next((one for one in missing if near(key, [one])), None) for key in unknown}
    return {key: one for key, one in close.items() if one}


def _below(schema: ma.Schema | None, step: Any) -> ma.Schema | None:
    """The schema of the keys below a key, so far as it is known: for `did you mean`."""
    if schema is None or isinstance(step, int):
        return schema
    field = next((each for key, each in schema.fields.items() if (each.data_key or key) == step), None)
    if isinstance(field, Either):
        field = field.plain
    if isinstance(field, f.List):
        field = field.inner
    elif isinstance(field, f.Dict):
        field = field.value_field
    return getattr(field, "schema", schema)


def _step(step: Any, name: str) -> str:
    return f"{name}[{step}]" if isinstance(step, int) else str(step)


def _finding(message: str, node: Node, schema: ma.Schema | None, name: str) -> Finding:
    if isinstance(message, Fault):
        place = node.key if message.code == "unknown_key" else None
        hint = message.hint or (in_one_text(node) if message.code == "wrong_type" else "")
        return Finding(place or node.place, message.code, _named(name, message), hint)
    if message == _UNKNOWN:
        return _unknown(name, node, where(name, schema))
    if message == _ABSENT:
        hint = MISSING.get(name, f"{name}: …")
        return Finding(node.key or node.place, "missing_key", f"The key `{name}` is missing.", hint)
    must_be = MUST_BE.get(message)
    if must_be:
        return Finding(node.place, "wrong_type", f"`{name}`: Must be {must_be}.", instead(must_be, node, schema, name))
    choices = re.findall(r"\w+", message.removeprefix("Must be one of")) if message.startswith("Must be one of") else ()
    hint = other_value(str(node.value), choices)
    if len(choices) > MOST_CHOICES:
        message, hint = f"There is no `{node.value}` to choose.", hint or "docs/delivery.md lists the reasons"
    return Finding(node.place, "bad_value", _named(name, message), hint)


def _unknown(name: str, node: Node, hint: str) -> Finding:
    if name == "apiKey":
        hint = "leave it out: the key is in AISENSY_API_KEY, and in no file"
        return Finding(node.key or node.place, "secret_in_file", "A key does not belong into a mapping.", hint)
    return Finding(node.key or node.place, "unknown_key", f"There is no key `{name}` here.", hint)


def _named(name: str, message: str) -> str:
    return f"`{name}`: {message}" if name and f"`{name}`" not in message else str(message)
