from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.schema import readers
from ingest.mapping.schema.auth import Auth
from ingest.mapping.schema.faults import fault
from ingest.mapping.schema.fields import Condition, Either, Flag, Read, Strict, Template, Text, about, one_of, ruled_out
from ingest.mapping.schema.intake import INTAKE_KEYS, IntakeSchema, Kinds
from ingest.mapping.schema.policy import PolicySchema
from ingest.mapping.schema.request import RequestSchema, at_most
from ingest.models import Reason

__all__ = ["INTAKE_KEYS", "IntakeSchema", "Kinds", "RequestSchema", "Strict", "TranslationSchema"]

MAX_LETS = 1000
MAX_MESSAGES = 50
REASONS = [reason.value for reason in Reason]


def _few_go_on(routes: list[dict[str, Any]]) -> None:
    if sum(bool(route.get("goes_on")) for route in routes) > MAX_MESSAGES:
        message = f"More than {MAX_MESSAGES} routes with `continue`: a lead would give a message for each."
        raise fault("bad_value", message, "take `continue` out of those of which one is enough")


class RouteSchema(Strict):
    """One of `routes`."""

    name = Text(metadata=about("For people, and for tests.", "diwali"))
    when = Condition(
        metadata=about(
            "An expression without `{{ }}` that must hold. Without `when` the route always holds.",
            "lead.form_id == '447333180259108'",
            "lead.city == 'Pune' and lead.budget | number > 50000",
        )
    )
    request = f.Nested(
        RequestSchema,
        allow_none=True,
        metadata=about(
            "What is different from the request above: `tags` are appended, `attributes` merge by key, everything else "
            "is replaced whole, and `null` removes.",
            {"campaignName": "diwali_offer", "tags": ["diwali"]},
        ),
    )
    policy = f.Nested(
        PolicySchema,
        allow_none=True,
        metadata=about(
            "What is different from the policy of the mapping: each key is replaced whole, and `null` removes.",
            {"consent": None, "cap": None},
        ),
    )
    goes_on = Flag(
        data_key="continue",
        metadata=about("`true`: look at the routes after it as well, so that a lead can give several.", True),
    )


class Expected(Strict):
    """What a test expects of a body: null stands for a key that is not there."""

    campaignName = Text(allow_none=True, metadata=about("The campaign.", "welcome_lead"))  # noqa: N815
    destination = Text(allow_none=True, metadata=about("The number.", "+919876543210"))
    userName = Text(allow_none=True, metadata=about("The person's name.", "Asha Rao"))  # noqa: N815
    source = Text(allow_none=True, metadata=about("Where the lead comes from.", "Website"))
    media = f.Dict(
        Text(), Text(), allow_none=True, metadata=about("Some or all of `url` and `filename`.", {"filename": "a.png"})
    )
    templateParams = f.List(Text(), allow_none=True, metadata=about("All of them, in order.", ["Asha"]))  # noqa: N815
    tags = f.List(Text(), allow_none=True, metadata=about("All of them, in order.", ["website", "solar"]))
    attributes = f.Dict(
        Text(),
        Text(allow_none=True),
        allow_none=True,
        metadata=about("Some or all of them; `null` expects none of that name.", {"city": "Pune", "email": None}),
    )


def _expected(description: str, *examples: Any) -> Either:
    """One expected body, or a list of them where several requests are made."""
    return Either(f.Nested(Expected), listed=f.List(f.Nested(Expected)), metadata=about(description, *examples))


class TestSchema(Strict):
    """One of `tests`."""

    __test__ = False

    name = Text(metadata=about("For people.", "A plain form"))
    lead = f.Dict(metadata=about("The lead's fields.", {"name": "Asha Rao", "phone": "98765 43210"}))
    payload = f.Raw(
        metadata=about(
            "Instead of `lead`: what the sender posts; for facebook the Graph API's document.",
            {"first_name": "Asha", "phone": 9876543210},
        )
    )
    headers = f.Dict(
        Text(), Text(), metadata=about("The headers that came with the payload.", {"Idempotency-Key": "order-1"})
    )
    now = Read(readers.moment, metadata=about("The time at which it came, with a zone.", "2026-11-23T10:00:00+05:30"))
    expect = _expected(
        "The body's keys that are named here; `null` expects nothing there; a list expects several bodies.",
        {"destination": "+919876543210", "tags": ["website"]},
    )
    expect_exactly = _expected(
        "The whole body, or a list of several.",
        {"campaignName": "welcome_lead", "destination": "+919876543210", "userName": "Asha Rao"},
    )
    expect_hold = Text(validate=one_of(*REASONS), metadata=about("The reason why the lead is held.", "phone_invalid"))
    expect_skip = Text(validate=one_of(*REASONS), metadata=about("The reason why it is skipped.", "no_consent"))
    expect_route = Text(
        allow_none=True, metadata=about("The name of the route that is taken; `null`: one without a name.", "diwali")
    )

    def across(self) -> dict[str, Any]:
        """Either `lead` or `payload`, and something that is expected."""
        return {
            "if": {"required": ["payload"]},
            "then": {"properties": {"lead": ruled_out("A test has either `lead` or `payload`.")}},
            "else": {"required": ["lead"]},
            "anyOf": [{"required": [key]} for key in self.fields if key.startswith("expect")],
        }

    @ma.validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if ("lead" in data) == ("payload" in data):
            hint = "take one of them out" if "lead" in data else 'lead: {phone: "9876543210"}'
            raise fault("missing_key", "A test has either `lead` or `payload`.", hint)
        if not any(key.startswith("expect") for key in data):
            raise fault("missing_key", "A test expects something.", "expect, expect_hold, expect_skip, expect_route")


class TranslationSchema(Strict):
    """How a lead becomes requests."""

    account = Read(
        readers.name,
        metadata=about("Whose AiSensy key is used: `acme` is `AISENSY_API_KEY__ACME`.", "acme", default="default"),
    )
    let = f.Dict(
        Read(readers.let_name),
        Template(),
        validate=at_most(MAX_LETS, "names"),
        metadata=about(
            "Names for expressions, in order, usable in all that follow.",
            {"name": "{{ lead.name or [lead.first_name, lead.last_name] | words }}"},
        ),
    )
    tables = f.Dict(
        Read(readers.let_name),
        Either(
            Read(readers.table_file),
            keyed=f.Dict(Text(), Either(Text(), keyed=f.Dict(Text(), Text(allow_none=True)))),
            metadata=about(
                "The values by key, each a text or the texts of its columns; or the name of a CSV file beside it.",
                {"Pune": "West", "Delhi": "North"},
                "products.csv",
            ),
        ),
        metadata=about("What `lookup` looks up.", {"regions": {"Pune": "West"}, "products": "products.csv"}),
    )
    request = f.Nested(
        RequestSchema,
        metadata=about("What AiSensy gets, under AiSensy's own names. Each value is text with expressions."),
    )
    routes = f.List(
        f.Nested(
            RouteSchema,
            metadata=about(
                "One of the routes.",
                {"name": "diwali", "when": "lead.offer == 'diwali'", "request": {"campaignName": "diwali_offer"}},
                defaultSnippets=[
                    {
                        "label": "a route",
                        "body": {
                            "name": "${1:diwali}",
                            "when": "${2:lead.offer == 'diwali'}",
                            "request": {"campaignName": "${3:diwali_offer}"},
                        },
                    }
                ],
            ),
        ),
        validate=[ma.validate.Length(1, error="There is no route in it: name one, or leave `routes` out."), _few_go_on],
        metadata=about(
            "The first route whose `when` holds is taken; where none does, the lead is held, `no_route`.",
            [
                {"name": "diwali", "when": "lead.offer == 'diwali'", "request": {"tags": ["diwali"]}},
                {"name": "everyone"},
            ],
        ),
    )
    policy = f.Nested(PolicySchema, metadata=about("When a request may leave."))
    tests = f.List(
        f.Nested(
            TestSchema,
            metadata=about(
                "A lead, and what becomes of it.",
                {"name": "No number", "lead": {"name": "Asha Rao"}, "expect_hold": "missing_value"},
                defaultSnippets=[
                    {
                        "label": "a test",
                        "body": {
                            "name": "${1:A plain form}",
                            "lead": {"name": "${2:Asha Rao}", "phone": "${3:98765 43210}"},
                            "expect": {"destination": '"${4:+919876543210}"'},
                        },
                    }
                ],
            ),
        ),
        metadata=about("Leads, and what becomes of each: `ingest test` runs them."),
    )


AUTH_KEYS = frozenset(Auth().fields)
"""The keys of `auth`, of any channel."""
TRANSLATION_KEYS = frozenset(TranslationSchema().fields)
"""The sections of a mapping for the translation."""
