from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.near import near
from ingest.mapping.schema import readers
from ingest.mapping.schema.auth import Auth
from ingest.mapping.schema.faults import Fault
from ingest.mapping.schema.fields import Read, Strict, Template, Text, about
from ingest.mapping.schema.form import Form

Kinds = Mapping[str, Mapping[str, str | None]]
"""The channels that there are: each with the keys of its `auth`, and the variable that each of these defaults to.

None is no default, and some key must be there; blank is no default, and all may be left out.
"""
OWNERS = {"match": "facebook", "form": "form"}
"""Sections that one channel has, and no other."""


class Match(Strict):
    """`match`: which forms and pages a mapping claims."""

    forms = f.List(Text(), metadata=about("Ids of the lead forms that come to this mapping.", ["447333180259108"]))
    pages = f.List(Text(), metadata=about("Ids of the pages whose leads come to this mapping.", ["104857600000001"]))


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
