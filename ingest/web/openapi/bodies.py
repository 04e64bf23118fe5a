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
}
_NEXT: Schema = {
    "type": "string",
    "format": "uri-reference",
    "description": "Where to lead the browser afterwards: an address of one of the pages that may post.",
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
    required = [name for name, wanted in fields.items() if wanted.get("required")]
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_FIELDS,
        "properties": {name: _field(wanted) for name, wanted in fields.items()} | {"_next": _NEXT},
        **({"required": required} if required else {}),
        **(_FORM_CODED if kind != JSON else {}),
    }


def _field(wanted: Mapping[str, Any]) -> Schema:
    shortest = max(int(wanted.get("min", 0)), int(bool(wanted.get("required"))))
    return {
        "type": "string",
        **_TYPES.get(wanted.get("type", "text"), {}),
        **({"title": wanted["label"]} if wanted.get("label") else {}),
        **({"minLength": shortest} if shortest else {}),
        **({"maxLength": wanted["max"]} if "max" in wanted else {}),
        **({"enum": [str(choice) for choice in wanted["choices"]]} if wanted.get("type") == "choice" else {}),
    }
