"""What mends a value of the wrong kind, a key that is missing, and one that is not known where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.document.nodes import Node
from ingest.mapping.near import near
from ingest.mapping.schema.form import Form
from ingest.mapping.schema.intake import IntakeSchema, Match
from ingest.mapping.schema.policy import PolicySchema
from ingest.mapping.schema.request import RequestSchema
from ingest.mapping.schema.translation import AUTH_KEYS, RouteSchema, TranslationSchema

_KEYS, _LIST = "keys, each with a value", "a list"
MUST_BE = {
    "Not a valid list.": _LIST,
    "Not a valid mapping type.": _KEYS,
    "Invalid input type.": _KEYS,
    "Invalid type.": _KEYS,
    "Not a valid boolean.": "true or false",
    "Not a valid integer.": "a whole number",
    "Not a valid number.": "a number",
    "Field may not be null.": "something, and is empty",
}
"""What marshmallow complains of, as people say it."""
MISSING = {
    "channel": "channel: form, or elementor, facebook, google_ads or zapier",
    "destination": 'destination: "{{ lead.phone | phone }}"',
    "userName": "userName: \"{{ lead.name | default('friend') }}\"",
    "campaignName": "campaignName: the name of a campaign that is live in AiSensy",
    "zone": "zone: Asia/Kolkata",
    "from": 'from: "21:00"',
    "to": 'to: "09:00"',
    "within": "within: 24h",
    "url": "url: https://…",
    "filename": "filename: offer.png",
    "accounts": "accounts: {default: {…}}",
}
"""An example of each key that must be there."""
_OTHER_WORDS = {
    "destination": "phone mobile number to phone_number phoneNumber whatsapp recipient",
    "userName": "name user full_name",
    "campaignName": "campaign template",
    "templateParams": "params parameters variables template_variables template_parameters placeholders",
    "attributes": "custom_attributes customAttributes properties",
    "media": "image file attachment video document",
    "tags": "labels",
    "let": "vars variables names set define",
    "routes": "rules branches cases",
    "when": "if condition match where",
    "auth": "secrets security credentials authentication",
    "extends": "include import base inherits",
    "account": "client",
    "consent": "optin opt_in",
}


_OTHER_VALUES = {
    "phone": "tel telephone mobile whatsapp",
    "email": "mail e-mail",
    "choice": "select dropdown radio options",
    "checkbox": "boolean bool check",
    "text": "string str input",
    "number": "int integer float numeric",
    "textarea": "multiline long",
    "turnstile": "cloudflare",
    "recaptcha": "google",
}


def other_value(value: str, choices: Sequence[str]) -> str:
    """The one of some values that was meant by another."""
    other = next((one for one in choices if value.lower() in _OTHER_VALUES.get(one, "").split()), None)
    return f"did you mean `{other}`?" if other else near(value, choices)


def instead(must_be: str, node: Node, schema: ma.Schema | None, name: str) -> str:
    """What to write in the place of a value of the wrong kind."""
    value = node.value
    if must_be.endswith("empty"):
        return "give it a value, or leave the key out"
    if must_be == "true or false":
        return {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}.get(
            str(value).lower(), f"write {value} without quotes" if value in {"true", "false"} else "write true or false"
        )
    if must_be.endswith("number"):
        numeric = isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value)
        return f"write {value} without quotes" if numeric else f"write {must_be}, like 10"
    if isinstance(value, str) and value.startswith("-"):
        return "write a blank after each dash"
    return _as_list(node) if must_be == _LIST else _as_keys(node, schema, name)


def _as_list(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        empty = all(inner.value is None for inner in value.values())
        return f"write [{', '.join(value)}]" if value and empty else "begin each item with `- `"
    if not isinstance(value, str):
        return f'write ["{value}"]'
    if node.raw[:1] in {"'", '"'} and node.raw[-1:] == node.raw[:1] and "\n" not in node.raw:
        return f"write [{node.raw}]"
    inner = value[1:-1] if value.startswith("(") and value.endswith(")") else node.raw if "," not in value else value
    items = [item.strip() for item in re.split(r"[,\n]", inner) if item.strip()]
    plain = all(re.fullmatch(r"[\w./@+ -]+|https?://[^\s,\[\]{}]+", item) for item in items)
    return f"write [{', '.join(items)}]" if plain and items else "write [one, two]"


def _as_keys(node: Node, schema: ma.Schema | None, name: str) -> str:
    fields = schema.fields if schema else {}
    field = next((each for key, each in fields.items() if (each.data_key or key) == name), None)
    if isinstance(node.value, list):
        if all(isinstance(item.value, dict) for item in node.value):
            return "leave out the dashes before the keys"
        first = node.value[0].value
        nested = isinstance(getattr(field, "value_field", None), f.Nested)
        if nested:
            return f"write {first}: {{}} instead of - {first}"
    pair = re.match(r"(\w+) *=? *[\"'{]", str(node.value))
    if pair:
        return f"write a colon after the key: {pair[1]}: …"
    inner = getattr(field, "schema", None) if field else schema
    known = _keys(inner) if inner else []
    needed = [each.data_key or key for key, each in inner.fields.items() if each.required] if inner else []
    short = needed[:1] if len(needed) == 1 else known[:1] if known[:2] == ["name", "when"] else []
    if isinstance(node.value, str) and short:
        return f"write {{{short[0]}: {node.raw}}}"
    return (
        f"write its keys in the lines below it: {', '.join(known)}" if known else "write its keys in the lines below it"
    )


def in_one_text(node: Node) -> str:
    """The hint for `- Offer: today`, which YAML takes for a key and its value."""
    if not isinstance(node.value, dict) or len(node.value) != 1:
        return (
            "write one text, without brackets"
            if isinstance(node.value, list)
            else ("give it a value, or leave it out" if node.value is None else "")
        )
    ((key, inner),) = node.value.items()
    return f'put the text in quotes: "{key}: {inner.value}"' if isinstance(inner.value, str) else ""


def where(name: str, schema: ma.Schema | None) -> str:
    """Where a key belongs that is not known here: a near one of this place, or another place that has it."""
    top = isinstance(schema, IntakeSchema | TranslationSchema)
    known = sorted(_homes()["the file itself"]) if top else _keys(schema) if schema else []
    close = near(name, known, 0.8)
    if close:
        return close
    if isinstance(schema, RouteSchema) and name == "account":
        return "an account has a mapping of its own: make one for each, with `match` or an address of its own"
    other = next((key for key in known if name in _OTHER_WORDS.get(key, "").split()), None)
    if other:
        return f"did you mean `{other}`?"
    homes = [home for home, keys in _homes().items() if name in keys]
    if homes:
        return f"it belongs under {' or '.join(homes)}".replace("under the file itself", "at the very left of the file")
    return near(name, known) or (f"there are {', '.join(known)}" if known else "")


def _keys(schema: ma.Schema) -> list[str]:
    return [each.data_key or key for key, each in schema.fields.items()]


@lru_cache(maxsize=1)
def _homes() -> dict[str, set[str]]:
    """The sections of a mapping, each with its keys."""
    return {
        "the file itself": {*_keys(IntakeSchema({})), *_keys(TranslationSchema()), "extends"},
        "`request`": set(_keys(RequestSchema())),
        "an item of `routes`": set(_keys(RouteSchema())) - {"request"},
        "`policy`": set(_keys(PolicySchema())),
        "`form`": set(_keys(Form())),
        "`match`": set(_keys(Match())),
        "`auth`": set(AUTH_KEYS),
    }
