from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.channels.base import JSON
from ingest.channels.formdata import MAX_FIELDS
from ingest.channels.payload import MAX_ITEMS
from ingest.web.intakes import Endpoint

Schema = dict[str, Any]

_FORM_CODED: Schema = {
    "propertyNames": {"minLength": 1},
    "additionalProperties": {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
    },
}
"""The fields of a form: a name that is repeated has several texts."""
_TYPES: dict[str, Schema] = {
    "email": {"format": "email"},
    "phone": {"description": "A phone number.", "example": "+919876543210"},
    "number": {"description": "A number.", "example": "2500"},
    "date": {"description": "A date.", "example": "2026-11-23"},
    "url": {"description": "A web address.", "example": "https://acme.example"},
}
_LEADING: dict[str, Schema] = {
    "_next": {"type": "string", "description": "Where to lead a browser afterwards: a page of the form's origins."},
    "_error": {"type": "string", "description": "The same, where the post is not taken."},
}


def body(endpoint: Endpoint) -> Schema:
    """What an endpoint reads, by content type."""
    content = {kind: {"schema": _schema(endpoint, kind)} for kind in endpoint.channel.reads}
    return {"required": True, "content": content}


def _schema(endpoint: Endpoint, kind: str) -> Schema:
    if endpoint.channel.browser:
        return _form(endpoint, kind)
    lead: Schema = {"type": "object", "minProperties": 1, "maxProperties": MAX_FIELDS}
    if kind != JSON:
        return lead | _FORM_CODED
    if endpoint.channel.several:
        many = {"type": "array", "items": lead, "minItems": 1, "maxItems": MAX_ITEMS}
        return {"anyOf": [lead, many], "description": "A lead, or an array of them; either may stand under `data`."}
    return {**lead, "description": "What the vendor posts, as it is."}


def _form(endpoint: Endpoint, kind: str) -> Schema:
    """The fields that the mapping names, and whatever else the form has."""
    fields = endpoint.intake.form.fields if endpoint.intake.form else {}
    required = [name for name, rules in fields.items() if rules.get("required")]
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_FIELDS,
        "properties": {name: _field(rules) for name, rules in fields.items()} | _LEADING,
        **({"required": required} if required else {}),
        **(_FORM_CODED if kind != JSON else {}),
    }


def _field(rules: Mapping[str, Any]) -> Schema:
    title = {"title": rules["label"]} if rules.get("label") else {}
    if rules.get("type") == "choice":
        one: Schema = {"type": "string", "enum": [str(choice) for choice in rules["choices"]]}
        return title | ({"anyOf": [one, {"type": "array", "items": one}]} if rules.get("multiple") else one)
    return {"type": "string", **title, **_TYPES.get(rules.get("type", "text"), {}), **_length(rules)}


def _length(rules: Mapping[str, Any]) -> Schema:
    if rules.get("type") == "number":
        return {}  # there `min` and `max` are the number's
    shortest = max(int(rules.get("min", 0)), int(bool(rules.get("required"))))
    return ({"minLength": shortest} if shortest else {}) | ({"maxLength": rules["max"]} if "max" in rules else {})
