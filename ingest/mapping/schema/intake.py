from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.near import near
from ingest.mapping.schema import readers
from ingest.mapping.schema.auth import Auth
from ingest.mapping.schema.faults import Fault, fault
from ingest.mapping.schema.fields import Flag, Number, Read, Strict, Template, Text, about, one_of

Kinds = Mapping[str, Mapping[str, str | None]]
"""The channels that there are: each with the keys of its `auth`, and the variable that each of these defaults to.

None is no default, and some key must be there; blank is no default, and all may be left out.
"""
FIELD_TYPES = ("text", "phone", "email", "number", "choice", "checkbox", "textarea", "date", "url", "hidden")
OWNERS = {"match": "facebook", "form": "form"}
"""Sections that one channel has, and no other."""


class Match(Strict):
    """`match`: which forms and pages a mapping claims."""

    forms = f.List(Text(), metadata=about("Ids of the lead forms that come to this mapping.", ["447333180259108"]))
    pages = f.List(Text(), metadata=about("Ids of the pages whose leads come to this mapping.", ["104857600000001"]))


class Captcha(Strict):
    """`form.captcha`."""

    vendor = Text(
        required=True, validate=one_of("turnstile", "hcaptcha", "recaptcha"), metadata=about("Whose captcha it is.")
    )
    secret = Read(
        readers.variable, required=True, metadata=about("The variable with the vendor's secret.", "TURNSTILE_SECRET")
    )
    site_key = Text(metadata=about("The vendor's public key of the site.", "0x4AAAAAAA"))
    when_down = Text(
        validate=one_of("accept", "hold", "refuse"),
        metadata=about("What becomes of leads while the vendor can't be reached."),
    )


class FormField(Strict):
    """One of `form.fields`."""

    label = Text(metadata=about("How faults call the field.", "Your name"))
    type = Text(
        validate=one_of(*FIELD_TYPES),
        metadata=about("What is filled in. `phone`, `email` and `choice` are checked.", "phone"),
    )
    required = Flag(metadata=about("`true`: it must be filled in.", True))
    min = f.Integer(
        strict=True, validate=ma.validate.Range(0), metadata=about("The fewest characters that are taken.", 2)
    )
    max = f.Integer(
        strict=True, validate=ma.validate.Range(1), metadata=about("The most characters that are taken.", 80)
    )
    choices = f.List(Text(), validate=ma.validate.Length(1), metadata=about("What may be chosen.", ["Pune", "Delhi"]))
    placeholder = Text(metadata=about("What stands in the empty field. Read, and not used yet.", "98765 43210"))
    help = Text(metadata=about("A line of help below the field. Read, and not used yet.", "With the country's code"))

    def across(self) -> dict[str, Any]:
        """A choice has `choices`."""
        return {
            "if": {"required": ["type"], "properties": {"type": {"const": "choice"}}},
            "then": {"required": ["choices"]},
        }

    @ma.validates_schema
    def _choices(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("type") == "choice" and "choices" not in data:
            raise fault("missing_key", "A choice needs `choices`.", "choices: [Pune, Delhi]")


class Form(Strict):
    """`form`: what a website's form may do."""

    origins = f.List(
        Read(readers.origin),
        metadata=about(
            "The sites whose pages may post, be returned to by `_next`, and read the answers.", ["https://acme.example"]
        ),
    )
    thanks = Read(
        readers.thanks,
        metadata=about(
            "Where browsers are led afterwards: an address, or a path.", "https://acme.example/thank-you", "/thank-you"
        ),
    )
    rate = Read(
        readers.rate, metadata=about("How much one visitor may post. Read, and not used yet.", "10/minute", "100/day")
    )
    min_seconds = Number(
        validate=ma.validate.Range(0, 3600),
        metadata=about("A person needs so long to fill the form in, at least. Read, and not used yet.", 2),
    )
    captcha = f.Nested(Captcha, metadata=about("A captcha that the form has. Read, and not used yet."))
    rules = f.Dict(
        Text(),
        f.Nested(FormField),
        data_key="fields",
        metadata=about(
            "What is checked before a lead is taken, by the field's name.",
            {"full_name": {"label": "Your name", "required": True, "max": 80}, "phone": {"type": "phone"}},
        ),
    )


class IntakeSchema(Strict):
    """What web needs of a mapping."""

    channel = Text(required=True, metadata=about("The kind of sender. It decides what `auth` may hold."))
    auth = f.Nested(
        Auth,
        metadata=about(
            "How senders prove themselves: names of environment variables, never the secrets themselves. "
            "A list of names while a secret is being rotated."
        ),
    )
    match = f.Nested(
        Match,
        metadata=about(
            "facebook: the lead forms and pages that this mapping claims, whichever address they are posted to.",
            {"forms": ["447333180259108"]},
        ),
    )
    form = f.Nested(Form, metadata=about("form: what a website's form may do."))
    duplicate_events = Read(
        readers.duration,
        metadata=about(
            "How long a post with the same content is the same lead, where nothing else tells.", "1h", default="10m"
        ),
    )
    event_id = Template(
        metadata=about("What makes two posts the same lead, where the sender has an id for it.", "{{ payload.id }}")
    )

    def __init__(self, channels: Kinds) -> None:
        super().__init__()
        self._channels = channels

    @ma.validates_schema(skip_on_field_errors=True)
    def _belongs(self, data: dict[str, Any], **_: Any) -> None:
        channel = data["channel"]
        if channel not in self._channels:
            hint = near(channel, self._channels) or f"choose one of {', '.join(self._channels)}"
            raise ma.ValidationError({"channel": [Fault("bad_value", f"There is no channel `{channel}`.", hint)]})
        faults: dict[str, Any] = {}
        allowed = self._channels[channel]
        for key in data.get("auth", {}):
            if key not in allowed:
                hint = f"it has {', '.join(allowed)}" if allowed else "leave `auth` out"
                wrong = Fault("unknown_key", f"The channel {channel} has no `{key}` in `auth`.", hint)
                faults.setdefault("auth", {})[key] = [wrong]
        for section, owner in OWNERS.items():
            if section in data and channel != owner:
                message = f"`{section}` is for the channel {owner} only."
                faults[section] = [Fault("bad_value", message, "leave it out")]
        if faults:
            raise ma.ValidationError(faults)


INTAKE_KEYS = frozenset(IntakeSchema({}).fields)
"""The sections of a mapping that web needs; all others are for the translation."""
