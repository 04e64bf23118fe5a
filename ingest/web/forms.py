from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

from ingest import values
from ingest.channels.base import Headers
from ingest.errors import Hold, Refusal
from ingest.mapping.filters.phones import phone
from ingest.mapping.records import FormBlock
from ingest.models import Reason
from ingest.web import origins

NO_BLOCK = FormBlock()
"""What a form endpoint without a `form` block goes by."""

_NEXT = ("_next", "redirect")


class InvalidFields(Refusal):
    """A form's fields are not as the mapping wants them; `fields` has what is wrong with each."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(400, "invalid_fields", " ".join(fields.values()), "Fill in the fields, and send them again.")
        self.fields = fields


def check_fields(content: Any, block: FormBlock, country: str) -> None:
    """Raise InvalidFields, naming every fault at once, unless the fields are as `form.fields` wants them."""
    given = values.flatten(content)
    faults = {}
    for name, wanted in block.fields.items():
        value = given.get(values.normalise_key(name))
        try:
            _field(wanted, country).deserialize(ma.missing if value is None else value)
        except ma.ValidationError as error:
            faults[name] = f"{wanted.get('label') or name} {error.messages[0]}."
    if faults:
        raise InvalidFields(faults)


class _Text(ma.fields.Field[list[str]]):
    """A field's text, or each of its texts where it has several."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        return [value] if isinstance(value, str) else value

    def _validate(self, value: Any) -> None:
        for text in value:
            super()._validate(text)


def _field(wanted: Mapping[str, Any], country: str) -> ma.fields.Field[Any]:
    checks = [_TYPES[kind](wanted, country) for kind in [wanted.get("type")] if kind in _TYPES]
    if "max" in wanted:
        checks.append(ma.validate.Length(max=wanted["max"], error="is longer than {max} characters"))
    if "min" in wanted:
        checks.append(ma.validate.Length(min=wanted["min"], error="is shorter than {min} characters"))
    return _Text(required=bool(wanted.get("required")), validate=checks, error_messages={"required": "is missing"})


_PHONE_FAULTS = {Reason.PHONE_AMBIGUOUS: "holds more than one phone number"}


def _phone(_: Mapping[str, Any], country: str) -> Callable[[str], Any]:
    def check(text: str) -> None:
        try:
            phone(text, country)
        except Hold as hold:
            raise ma.ValidationError(_PHONE_FAULTS.get(hold.reason, "is no phone number")) from None

    return check


def _choice(wanted: Mapping[str, Any], _: str) -> Callable[[str], Any]:
    choices = [str(choice) for choice in wanted.get("choices") or ()]
    return ma.validate.OneOf(choices, error=f"is none of: {', '.join(choices)}")


_TYPES: dict[Any, Callable[[Mapping[str, Any], str], Callable[[str], Any]]] = {
    "phone": _phone,
    "email": lambda *_: ma.validate.Email(error="is no e-mail address"),
    "choice": _choice,
}


def thanks(payload: Any, block: FormBlock) -> str | None:
    """Where to lead a browser after its post: `_next` if one of the origins is there, else `form.thanks`."""
    asked = [payload.get(name) for name in _NEXT] if isinstance(payload, dict) else []
    wanted = (url.strip() for url in asked if isinstance(url, str))
    return next((url for url in wanted if origins.is_allowed(url, block.origins)), block.thanks)


def is_browser(headers: Headers) -> bool:
    """Whether a person waits for a page: a script asks for JSON, or says that it is one."""
    accept = headers.get("Accept", "")
    return "text/html" in accept and "application/json" not in accept and "X-Requested-With" not in headers
