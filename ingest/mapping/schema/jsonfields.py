"""From marshmallow's schemas and fields to JSON Schema."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.schema.faults import Fault
from ingest.mapping.schema.fields import Condition, Either, Flag, Read, Strict, Template
from ingest.mapping.schema.patterns import PATTERNS

Json = dict[str, Any]
SOMETHING = ["string", "number", "boolean", "object", "array"]  # anything but null


def of_schema(schema: ma.Schema) -> Json:
    """A set of keys."""
    fields = {field.data_key or key: field for key, field in schema.fields.items()}
    required = [key for key, field in fields.items() if field.required]
    return {
        "type": "object",
        "properties": {key: of_field(field) for key, field in fields.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
        **(schema.across() if isinstance(schema, Strict) else {}),
    }


def of_field(field: f.Field[Any]) -> Json:
    """One key: what it is for, and what it takes."""
    words = dict(field.metadata)
    if "`" in words.get("description", ""):
        words = {"description": words["description"], "markdownDescription": words["description"], **words}
    made = {**words, **_kind(field)}
    for validator in field.validators:
        made |= _bounds(validator, made["type"])
    return or_null(made) if field.allow_none else made


def or_null(schema: Json) -> Json:
    """The same, or null."""
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if "null" in kinds:
        return schema
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*kinds, "null"], **choices}


def _bounds(validator: Any, kinds: str | list[str]) -> Json:
    """What a validator says; nothing where it says it in Python."""
    if isinstance(validator, ma.validate.OneOf):
        return {"enum": list(validator.choices)}
    if isinstance(validator, ma.validate.Range):
        bounds = {"minimum": validator.min, "maximum": validator.max}
    elif isinstance(validator, ma.validate.Length):
        what = "Items" if "array" in kinds else "Length"
        bounds = {f"min{what}": validator.min, f"max{what}": validator.max}
    else:
        bounds = {}
    return {name: bound for name, bound in bounds.items() if bound is not None}


@singledispatch
def _kind(field: f.Field[Any]) -> Json:  # noqa: ARG001 - the kinds below look at it
    """What values a kind of field takes. One that has no words here takes anything but null."""
    return {"type": SOMETHING}


@_kind.register
def _(_: f.String) -> Json:
    return {"type": "string"}


@_kind.register
def _(_: Template) -> Json:
    return {"type": "string", "pattern": r"\S", "patternErrorMessage": "A blank text."}


@_kind.register
def _(_: Condition) -> Json:
    return {"type": ["string", "boolean"], "pattern": r"\S", "patternErrorMessage": "A blank expression."}


@_kind.register
def _(field: Read) -> Json:
    pattern = PATTERNS.get(field.read)
    return {"type": "string", **({"pattern": pattern, "patternErrorMessage": _refusal(field)} if pattern else {})}


@_kind.register(Flag)
@_kind.register(f.Boolean)
def _(_: f.Field[Any]) -> Json:
    return {"type": "boolean"}


@_kind.register
def _(_: f.Integer) -> Json:
    return {"type": "integer"}


@_kind.register
def _(_: f.Number) -> Json:  # type: ignore[type-arg]
    return {"type": "number"}


@_kind.register
def _(field: f.List) -> Json:  # type: ignore[type-arg] # singledispatch wants a plain class
    return {"type": "array", "items": of_field(field.inner)}


@_kind.register
def _(field: f.Dict) -> Json:
    names = _kind(field.key_field) if field.key_field else {}
    values = of_field(field.value_field) if field.value_field else True
    return {
        "type": "object",
        **({"propertyNames": names} if "pattern" in names else {}),
        "additionalProperties": values,
    }


@_kind.register
def _(field: f.Nested) -> Json:
    return of_schema(field.schema)


@_kind.register
def _(field: Either) -> Json:
    """Each kind has words of its own: a pattern is for texts, items are for lists, properties for sets of keys."""
    kinds = [of_field(each) for each in (field.plain, field.listed, field.keyed) if each]
    words = {key: value for made in kinds for key, value in made.items()}
    return {**words, "type": [made["type"] for made in kinds]}


def _refusal(field: Read) -> str:
    """What a reader says of a text that is nothing."""
    try:
        field.read("")
    except ma.ValidationError as error:
        return " ".join(f"{fault} ({fault.hint})" for fault in error.messages if isinstance(fault, Fault))
    return ""
