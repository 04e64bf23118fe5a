from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping import fields as ours
from ingest.mapping.expression_faults import near
from ingest.mapping.fields import Condition, Fault, Read, Text, fault
from ingest.models import Reason

Kinds = Mapping[str, Mapping[str, str | None]]
"""The channels that there are: each with the keys of its `auth`, and the variable that each of these defaults to."""
FIELD_TYPES = ("text", "phone", "email", "number", "choice", "checkbox", "textarea", "date", "url", "hidden")
_TOO_MANY = "There are more than 1,000 names."
_NO_ROUTE = "There is no route in it: name one, or leave `routes` out."
REASONS = [reason.value for reason in Reason]


class Strict(ma.Schema):
    """Unknown keys are faults, as marshmallow has it by default."""


def _one_of(*choices: str) -> ma.validate.OneOf:
    return ma.validate.OneOf(choices, error=f"Must be one of {', '.join(choices)}.")


class _Names(f.Field[Any]):
    """A variable's name, or a list of them while a secret is being rotated; for `access_token` also page → name."""

    def __init__(self, *, by_page: bool = False) -> None:
        super().__init__()
        self._by_page = by_page

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, dict) and self._by_page:
            return f.Dict(Text(), Read(ours.variable)).deserialize(value)
        if isinstance(value, list):
            return f.List(Read(ours.variable), validate=ma.validate.Length(1)).deserialize(value)
        return Read(ours.variable).deserialize(value)


class Auth(Strict):
    """`auth`: names of environment variables."""

    app_secret = _Names()
    verify_token = _Names()
    access_token = _Names(by_page=True)
    token = _Names()


class Match(Strict):
    """`match`: which forms and pages a mapping claims."""

    forms = f.List(Text())
    pages = f.List(Text())


class Captcha(Strict):
    """`form.captcha`."""

    vendor = Text(required=True, validate=_one_of("turnstile", "hcaptcha", "recaptcha"))
    secret = Read(ours.variable, required=True)
    site_key = Text()
    when_down = Text(validate=_one_of("accept", "hold", "refuse"))


class FormField(Strict):
    """One of `form.fields`."""

    label = Text()
    type = Text(validate=_one_of(*FIELD_TYPES))
    required = f.Boolean(truthy={True}, falsy={False})
    min = f.Integer(strict=True, validate=ma.validate.Range(0))
    max = f.Integer(strict=True, validate=ma.validate.Range(1))
    choices = f.List(Text(), validate=ma.validate.Length(1))
    placeholder = Text()
    help = Text()

    @ma.validates_schema
    def _choices(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("type") == "choice" and "choices" not in data:
            raise fault("missing_key", "A choice needs `choices`.", "choices: [Pune, Delhi]")


class Form(Strict):
    """`form`: what a website's form may do."""

    origins = f.List(Read(ours.origin))
    thanks = Read(ours.thanks)
    rate = Read(ours.rate)
    min_seconds = f.Float(validate=ma.validate.Range(0, 3600))
    captcha = f.Nested(Captcha)
    rules = f.Dict(Text(), f.Nested(FormField), data_key="fields")


class IntakeSchema(Strict):
    """What web needs of a mapping."""

    channel = Text(required=True)
    auth = f.Nested(Auth)
    match = f.Nested(Match)
    form = f.Nested(Form)
    duplicate_events = Read(ours.duration)
    event_id = Text()

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
        for section, owner in (("match", "facebook"), ("form", "form")):
            if section in data and channel != owner:
                message = f"`{section}` is for the channel {owner} only."
                faults[section] = [Fault("bad_value", message, "leave it out")]
        if faults:
            raise ma.ValidationError(faults)


class Media(Strict):
    """`request.media`: AiSensy asks for both."""

    url = Text(required=True)
    filename = Text(required=True)


class RequestSchema(Strict):
    """AiSensy's body, each value a text with expressions. What must be there is asked of each route, after merging."""

    campaignName = Text(allow_none=True)  # noqa: N815 - AiSensy's name, as those below
    destination = Text(allow_none=True)
    userName = Text(allow_none=True)  # noqa: N815
    source = Text(allow_none=True)
    media = f.Nested(Media, allow_none=True)
    templateParams = f.List(Text(), allow_none=True)  # noqa: N815
    tags = f.List(Text(), allow_none=True)
    attributes = f.Dict(Text(), Text(allow_none=True), allow_none=True)


class RouteSchema(Strict):
    """One of `routes`."""

    name = Text()
    when = Condition()
    request = f.Nested(RequestSchema, allow_none=True)
    goes_on = f.Boolean(truthy={True}, falsy={False}, data_key="continue")


class DuplicateSchema(Strict):
    """`policy.duplicate`."""

    by = Text()
    within = Read(ours.duration, required=True)


class QuietHoursSchema(Strict):
    """`policy.quiet_hours`."""

    start = Read(ours.clock, required=True, data_key="from")
    end = Read(ours.clock, required=True, data_key="to")
    zone = Read(ours.zone, required=True)


class PolicySchema(Strict):
    """`policy`: when a request may leave."""

    consent = Condition()
    duplicate = f.Nested(DuplicateSchema)
    max_age = Read(ours.duration)
    quiet_hours = f.Nested(QuietHoursSchema)
    cap = Read(ours.cap)
    on_timeout = Text(validate=_one_of("hold", "retry"))


class Expected(RequestSchema):
    """What a test expects of a body: null stands for a key that is not there."""

    media = f.Dict(Text(), Text(), allow_none=True)  # type: ignore[assignment]


def _reason(text: str) -> None:
    if text not in REASONS:
        hint = near(text, REASONS) or "docs/delivery.md lists them"
        raise fault("bad_value", f"There is no reason `{text}`.", hint)


class _Expected(f.Field[Any]):
    """One expected body, or a list of them where several requests are made."""

    schema = Expected()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        kind: f.Field[Any] = f.Nested(Expected)
        return (f.List(kind) if isinstance(value, list) else kind).deserialize(value)


class TestSchema(Strict):
    """One of `tests`."""

    __test__ = False

    name = Text()
    lead = f.Dict()
    payload = f.Raw()
    headers = f.Dict(Text(), Text())
    now = Read(ours.moment)
    expect = _Expected()
    expect_exactly = _Expected()
    expect_hold = Read(_reason)
    expect_skip = Read(_reason)
    expect_route = Text()

    @ma.validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if ("lead" in data) == ("payload" in data):
            hint = "take one of them out" if "lead" in data else 'lead: {phone: "9876543210"}'
            raise fault("missing_key", "A test has either `lead` or `payload`.", hint)
        if not any(key.startswith("expect") for key in data):
            raise fault("missing_key", "A test expects something.", "expect, expect_hold, expect_skip, expect_route")


class TranslationSchema(Strict):
    """How a lead becomes requests."""

    account = Read(ours.name)
    let = f.Dict(Read(ours.let_name), Text(), validate=ma.validate.Length(max=1000, error=_TOO_MANY))
    request = f.Nested(RequestSchema)
    routes = f.List(f.Nested(RouteSchema), validate=ma.validate.Length(1, error=_NO_ROUTE))
    policy = f.Nested(PolicySchema)
    tests = f.List(f.Nested(TestSchema))


INTAKE_KEYS = frozenset(IntakeSchema({}).fields)
"""The sections of a mapping that web needs; all others are for the translation."""
AUTH_KEYS = frozenset(Auth().fields)
TRANSLATION_KEYS = frozenset(TranslationSchema().fields)
