"""From marshmallow's messages to findings with a place, a code and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.errors import Finding
from ingest.mapping.expressions import near
from ingest.mapping.fields import Fault
from ingest.mapping.reading import Node

_CODES = {"Unknown field.": "unknown_key", "Missing data for required field.": "missing_key"}
_TYPE = re.compile(r"Not a valid|Field may not be null|Invalid input type|Not an? ")


def validate(schema: ma.Schema, node: Node) -> list[Finding]:
    """What is wrong with a part of a mapping, each fault at its place."""
    return list(_findings(schema.validate(node.plain()), node, schema))


def _findings(messages: Any, node: Node, schema: ma.Schema | None, name: str = "") -> Iterator[Finding]:
    if not isinstance(messages, dict):
        yield from (_finding(message, node, schema, name) for message in messages)
        return
    for step, inner in messages.items():
        child = node.at((step,))
        if child is not None:
            below = _below(schema, step)
            yield from _findings(inner, child, below if isinstance(inner, dict) else schema, str(step))
        else:
            known = {"_schema", "key", "value"}  # marshmallow's words for the whole, and for a pair's halves
            yield from _findings(inner, node, schema, name if step in known else str(step))


def _below(schema: ma.Schema | None, step: Any) -> ma.Schema | None:
    """The schema of the keys below a key, so far as it is known: for `did you mean`."""
    if schema is None or isinstance(step, int):
        return schema
    field = next((each for key, each in schema.fields.items() if (each.data_key or key) == step), None)
    if isinstance(field, f.List):
        field = field.inner
    elif isinstance(field, f.Dict):
        field = field.value_field
    return field.schema if isinstance(field, f.Nested) else schema


def _finding(message: str, node: Node, schema: ma.Schema | None, name: str) -> Finding:
    if isinstance(message, Fault):
        place = node.key if message.code == "unknown_key" else None
        return Finding(place or node.place, message.code, _named(name, message), message.hint)
    code = _CODES.get(message) or ("wrong_type" if _TYPE.match(message) else "bad_value")
    if code == "unknown_key":
        known = [each.data_key or key for key, each in schema.fields.items()] if schema else []
        return Finding(node.key or node.place, code, f"There is no key `{name}` here.", near(name, known))
    if code == "missing_key":
        return Finding(node.key or node.place, code, f"The key `{name}` is missing.")
    return Finding(node.place, code, _named(name, message))


def _named(name: str, message: str) -> str:
    return f"`{name}`: {message}" if name and f"`{name}`" not in message else str(message)
