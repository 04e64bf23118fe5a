"""JSON Schema for editors, made from the marshmallow schemas. Draft 7, which yaml-language-server and others know best.

It says what can be said of one file by itself. Expressions, time zones, names that must differ, and what a file makes
of the one that it extends are left to `ingest check`.
"""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import fields as f

from ingest.mapping.accounts import AccountsSchema
from ingest.mapping.building import REQUIRED
from ingest.mapping.merging import BY_KEY
from ingest.mapping.schema.fields import about, ruled_out
from ingest.mapping.schema.intake import OWNERS, IntakeSchema, Kinds
from ingest.mapping.schema.jsonfields import SOMETHING, Json, of_field, of_schema, or_null
from ingest.mapping.schema.readers import BASE_FILE
from ingest.mapping.schema.translation import TranslationSchema

_DRAFT = "http://json-schema.org/draft-07/schema#"
_PRESENT: Json = {"type": SOMETHING, "errorMessage": "Must not be empty.", "doNotSuggest": True}
_FIRST = {
    "request": {
        "campaignName": "welcome_lead",
        "destination": '"{{ lead.phone | phone }}"',
        "userName": "\"{{ lead.name | default('friend') | title }}\"",
    },
}
_EXTENDS = f.String(
    metadata=about(
        "A file whose name begins with `_`, relative to this one, on which this one builds.",
        "_base.yaml",
        pattern=f"^{BASE_FILE.pattern}$",
        patternErrorMessage="No file that can be extended: its name begins with _ and ends in .yaml",
    )
)


def mapping_schema(channels: Kinds) -> Json:
    """What a mapping may say, and what it must."""
    made = base_schema(channels)
    return {
        **made,
        "title": "A mapping of ingest",
        "description": "One endpoint, and how its leads become AiSensy requests.",
        "defaultSnippets": [{"label": "a mapping", "body": {"channel": f"${{1|{','.join(channels)}|}}", **_FIRST}}],
        "allOf": [*made["allOf"], {"if": _has("extends"), "else": _complete(channels)}],
    }


def base_schema(channels: Kinds) -> Json:
    """What a file may say that mappings extend: the same as they, and nothing must be there."""
    sections = _sections(channels)
    secrets = sections["auth"].pop("properties")
    del sections["auth"]["additionalProperties"]
    anyones = {"if": {"not": _has("channel")}, "then": {"properties": {"auth": _only(secrets)}}}
    return {
        "$schema": _DRAFT,
        "title": "A file that mappings of ingest extend",
        "description": "What several mappings have in common.",
        "type": "object",
        "properties": sections,
        "additionalProperties": False,
        "allOf": [anyones, *(_belongs(name, keys, secrets) for name, keys in channels.items())],
    }


def accounts_schema() -> Json:
    """What `_accounts.yaml` may say."""
    return {
        "$schema": _DRAFT,
        "title": "The accounts of ingest",
        "description": "What exists in AiSensy, so that `ingest check` can compare.",
        **of_schema(AccountsSchema()),
    }


def _sections(channels: Kinds) -> Json:
    """The top-level keys. Files that extend others remove by null, and a section without anything in it is null too."""
    fields = {**IntakeSchema(channels).fields, **TranslationSchema().fields, "extends": _EXTENDS}
    made = {key: of_field(field) for key, field in fields.items()}
    made["channel"]["enum"] = list(channels)
    for key in BY_KEY:
        section = made[key]
        section["properties"] = {each: or_null(inner) for each, inner in section.get("properties", {}).items()}
        section["additionalProperties"] = section["additionalProperties"] and or_null(section["additionalProperties"])
    return {key: or_null(section) for key, section in made.items()}


def _belongs(channel: str, defaults: Mapping[str, str | None], secrets: Json) -> Json:
    """What a channel's `auth` has, and what is for other channels only."""
    own = {key: {**secrets[key], **({"default": name} if name else {})} for key, name in defaults.items()}
    foreign = {
        key: ruled_out(f"`{key}` is for the channel {owner} only: leave it out.")
        for key, owner in OWNERS.items()
        if owner != channel
    }
    return {"if": _has("channel", {"const": channel}), "then": {"properties": {"auth": _only(own), **foreign}}}


def _complete(channels: Kinds) -> Json:
    """What must be there where no other file can have it."""
    proof = [
        {
            "if": _has("channel", {"const": channel}),
            "then": _has_in("auth", {"anyOf": [_has(key) for key in keys]}),
        }
        for channel, keys in channels.items()
        if None in keys.values() and not any(keys.values())
    ]
    request = {
        "if": _has("routes"),
        "then": {"allOf": [_in_routes(key) for key in REQUIRED]},
        "else": _has_in("request", {"allOf": [_has(key) for key in REQUIRED]}),
    }
    return {"allOf": [_has("channel", {**_PRESENT, "type": "string"}), *proof, request]}


def _in_routes(key: str) -> Json:
    """A key that each route's request must have, be it its own or that of the request above."""
    above = _has_in("request", _has(key))
    return {
        "if": above,
        "then": _each_route({"properties": {"request": {"properties": {key: _PRESENT}}}}),
        "else": {
            "if": _each_route(_has("request")),
            "then": _each_route({"properties": {"request": _has(key)}}),
            "else": above,
        },
    }


def _each_route(schema: Json) -> Json:
    return {"properties": {"routes": {"items": schema}}}


def _only(properties: Json) -> Json:
    return {"properties": properties, "additionalProperties": False}


def _has(key: str, value: Json = _PRESENT) -> Json:
    return {"required": [key], "properties": {key: value}}


def _has_in(section: str, inner: Json) -> Json:
    return {"allOf": [_has(section), {"properties": {section: inner}}]}
