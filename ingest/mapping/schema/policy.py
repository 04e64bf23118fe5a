from __future__ import annotations

from marshmallow import fields as f

from ingest.mapping.schema import readers
from ingest.mapping.schema.fields import Condition, Read, Strict, Template, Text, about, one_of


class DuplicateSchema(Strict):
    """`policy.duplicate`."""

    by = Template(
        metadata=about(
            "What makes two messages the same.",
            "{{ request.destination }}",
            default="{{ request.destination }} {{ request.campaignName }}",
        )
    )
    within = Read(readers.duration, required=True, metadata=about("The time in which one goes out.", "24h", "7d"))


class QuietHoursSchema(Strict):
    """`policy.quiet_hours`."""

    start = Read(readers.clock, required=True, data_key="from", metadata=about("When they begin.", "21:00"))
    end = Read(readers.clock, required=True, data_key="to", metadata=about("When they end.", "09:00"))
    zone = Read(readers.zone, required=True, metadata=about("Whose clock it is.", "Asia/Kolkata", "Europe/London"))


class PolicySchema(Strict):
    """`policy`: when a request may leave. Null takes a key of the mapping's, or of a base's, away."""

    consent = Condition(
        allow_none=True,
        metadata=about(
            "An expression that must hold, else the lead is skipped, `no_consent`.", "lead.whatsapp_optin | yes"
        ),
    )
    duplicate = f.Nested(
        DuplicateSchema,
        allow_none=True,
        metadata=about(
            "The same message goes out once within a time; a second one is skipped, `duplicate`.", {"within": "24h"}
        ),
    )
    max_age = Read(
        readers.duration,
        allow_none=True,
        metadata=about("Leads that are older when they come are held, `too_old`.", "24h", "7d"),
    )
    quiet_hours = f.Nested(
        QuietHoursSchema,
        allow_none=True,
        metadata=about(
            "When nobody is messaged; leads wait till the end.",
            {"from": "21:00", "to": "09:00", "zone": "Asia/Kolkata"},
        ),
    )
    cap = Read(
        readers.cap,
        allow_none=True,
        metadata=about(
            "A person gets so many messages at the most, over the account's mappings that have a cap; one more is "
            "skipped, `cap_reached`.",
            "3/week",
            "1/day",
        ),
    )
    on_timeout = Text(
        validate=one_of("hold", "retry"),
        allow_none=True,
        metadata=about(
            "What becomes of a request of which nobody knows whether it arrived: a person looks, or it is sent again.",
            default="hold",
        ),
    )
