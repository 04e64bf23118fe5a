"""From marshmallow's messages to findings with a place, a code and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.errors import Finding
from ingest.mapping.expression_faults import near
from ingest.mapping.fields import Either, Fault
from ingest.mapping.nodes import Node
from ingest.mapping.schema import IntakeSchema, TranslationSchema

_CODES = {"Unknown field.": "unknown_key", "Missing data for required field.": "missing_key"}
_TYPE = re.compile(r"Not a valid|Field may not be null|Invalid input type|Not an? ")


Path = tuple[Any, ...]
_MISSING = {"_schema", "key", "value"}  # marshmallow's words for the whole, and for a pair's halves


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
    return Checked(found, _sound(node, {path for path, _ in found}) or node)


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
    for step, inner in messages.items():
        child = node.at((step,))
        if child is not None:
            below = _below(schema, step)
            yield from _findings(
                inner, child, below if isinstance(inner, dict) else schema, (*path, step), _step(step, name)
            )
        else:
            yield from _findings(inner, node, schema, path, name if step in _MISSING else str(step))


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
    return field.schema if isinstance(field, f.Nested) else schema


def _step(step: Any, name: str) -> str:
    return f"{name}[{step}]" if isinstance(step, int) else str(step)


def _finding(message: str, node: Node, schema: ma.Schema | None, name: str) -> Finding:
    if isinstance(message, Fault):
        place = node.key if message.code == "unknown_key" else None
        hint = message.hint or _HINTS.get(str(message)) or _in_one_text(node)
        return Finding(place or node.place, message.code, _named(name, message), hint)
    code = _CODES.get(message) or ("wrong_type" if _TYPE.match(message) else "bad_value")
    if code == "unknown_key":
        if name == "apiKey":
            hint = "leave it out: the key is in AISENSY_API_KEY, and in no file"
            return Finding(node.key or node.place, "secret_in_file", "A key does not belong into a mapping.", hint)
        return Finding(node.key or node.place, code, f"There is no key `{name}` here.", _where(name, schema))
    if code == "missing_key":
        return Finding(node.key or node.place, code, f"The key `{name}` is missing.", f"{name}: …")
    choices = re.findall(r"\w+", message.removeprefix("Must be one of")) if message.startswith("Must be one of") else ()
    hint = "a blank after each dash" if str(node.value).startswith("-") else _HINTS.get(message, "")
    hint = hint or near(str(node.value), choices)
    return Finding(node.place, code, _named(name, message), hint)


_HINTS = {
    "Not a valid list.": "[one, two], or a line that begins with `- ` for each",
    "Not a valid mapping type.": "keys in the lines below it, further in, each with its value",
    "Invalid input type.": "keys in the lines below it, further in, each with its value",
    "Invalid type.": "keys in the lines below it, further in, each with its value",
    "Not a valid boolean.": "true or false",
    "Not a valid integer.": "a whole number, without quotes",
    "Not a valid number.": "a number, without quotes",
    "Field may not be null.": "give it a value, or leave the key out",
    "Must be text, and is nothing.": "give it a value, or leave the key out",
    "Must be text, and is a list.": "one text, without the brackets",
}


def _in_one_text(node: Node) -> str:
    """The hint for `- Offer: today`, which YAML takes for a key and its value."""
    if not isinstance(node.value, dict) or len(node.value) != 1:
        return ""
    ((key, inner),) = node.value.items()
    return f'put the text in quotes: "{key}: {inner.value}"' if isinstance(inner.value, str) else ""


def _where(name: str, schema: ma.Schema | None) -> str:
    """Where a key belongs that is not known here: a near one of this place, or another place that has it."""
    known = [each.data_key or key for key, each in schema.fields.items()] if schema else []
    close = near(name, known, 0.8)
    homes = [home for home, keys in _homes().items() if name in keys]
    if homes and not close:
        return f"it belongs under {' or '.join(homes)}"
    return close or near(name, known) or (f"there are {', '.join(known)}" if known else "")


@lru_cache(maxsize=1)
def _homes() -> dict[str, set[str]]:
    """The sections of a mapping, each with its keys."""
    homes: dict[str, set[str]] = {"the file itself": set()}
    for schema in (IntakeSchema({}), TranslationSchema()):
        for key, field in schema.fields.items():
            homes["the file itself"].add(key)
            inner = _below(schema, key)
            if inner is not schema and inner is not None and key != "tests":
                many = "an item of " if isinstance(field, f.List) else ""
                homes[f"{many}`{key}`"] = {each.data_key or name for name, each in inner.fields.items()}
    return homes


def _named(name: str, message: str) -> str:
    return f"`{name}`: {message}" if name and f"`{name}`" not in message else str(message)
