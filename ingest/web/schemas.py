"""What we answer, as schemas: /openapi.json tells them."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.models import Reason, Status


def _about(description: str) -> dict[str, Any]:
    return {"description": description}


def _one_of(*values: str) -> ma.validate.OneOf:
    return ma.validate.OneOf(values)


class _Open(ma.Schema):
    """More keys may come in time."""

    class Meta:
        unknown = ma.EXCLUDE


class DeliverySchema(_Open):
    """What became of one message for a lead."""

    status = f.String(required=True, validate=_one_of(*Status))
    reason = f.String(required=True, allow_none=True, validate=_one_of(*Reason), metadata=_about("Why."))
    error = f.String(required=True, allow_none=True, metadata=_about("The same in words, for people."))


class LeadSchema(_Open):
    """A lead that is on disk."""

    id = f.String(required=True, metadata=_about("By which every command knows it."))
    status = f.String(
        required=True,
        validate=_one_of("accepted", "duplicate"),
        metadata=_about("`duplicate`: it was there before, under this id, and is not stored again."),
    )
    deliveries = f.List(
        f.Nested(DeliverySchema),
        metadata=_about("Only with `wait`; empty as long as nothing is known."),
    )


class AcceptedSchema(_Open):
    """All that was posted is on disk."""

    status = f.String(required=True, validate=_one_of("accepted"))
    leads = f.List(f.Nested(LeadSchema), required=True, metadata=_about("In the order in which they were posted."))
    next = f.String(metadata=_about("Of forms: where a browser would be led."))
    ignored = f.Integer(metadata=_about("How many of the vendor's notices were of something else than leads."))


class FaultSchema(_Open):
    """Why a request was refused."""

    code = f.String(required=True, metadata=_about("For programs; docs/channels.md has all of them."))
    message = f.String(required=True, metadata=_about("What happened."))
    hint = f.String(required=True, metadata=_about("What to do about it; may be blank."))
    by_field = f.Dict(
        f.String(),
        f.String(),
        data_key="fields",
        metadata=_about("With `invalid_fields`: what is wrong with each field of the form."),
    )


class RefusalSchema(_Open):
    """Nothing of the request was stored."""

    error = f.Nested(FaultSchema, required=True)


class OptedOutSchema(_Open):
    """The person is messaged no more."""

    status = f.String(required=True, validate=_one_of("opted_out"))


class PersonSchema(_Open):
    """Who opts out."""

    phone = f.String(required=True, metadata={"description": "A phone number.", "example": "+919876543210"})


class HealthSchema(_Open):
    """The process lives."""

    status = f.String(required=True, validate=_one_of("ok"))


class FindingSchema(_Open):
    """What is wrong with a mapping first."""

    endpoint = f.String(required=True)
    place = f.String(required=True, metadata=_about("`file:line:column`"))
    code = f.String(required=True)
    message = f.String(required=True)
    count = f.Integer(required=True, metadata=_about("How many findings it has."))


class MappingsSchema(_Open):
    """The state of the mappings."""

    broken = f.List(f.String(), required=True, metadata=_about("The names of those that do not work."))
    findings = f.List(f.Nested(FindingSchema), required=True)


class ReadinessSchema(_Open):
    """Whether leads can be stored."""

    status = f.String(required=True, validate=_one_of("ready", "unavailable"))
    mappings = f.Nested(MappingsSchema, required=True)
