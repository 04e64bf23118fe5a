"""`form.fields`: what is checked before a form's lead is taken, as marshmallow fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

from ingest import values
from ingest.errors import Hold, Refusal
from ingest.mapping.filters.dates import date
from ingest.mapping.filters.numbers import number
from ingest.mapping.filters.phones import phone
from ingest.mapping.records import FormBlock
from ingest.models import Reason, Value

Rules = Mapping[str, Any]
"""One of `form.fields`, as the mapping has it."""

NO_BLOCK = FormBlock()
"""What a form endpoint without a `form` block goes by."""

_UNTICKED = frozenset("false off no 0".split())


class InvalidFields(Refusal):
    """A form's fields are not as the mapping wants them; `fields` has what is wrong with each."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(400, "invalid_fields", " ".join(fields.values()), "Fill in the fields, and send them again.")
        self.fields = fields


def check_fields(content: Any, block: FormBlock, country: str) -> None:
    """Raise InvalidFields, naming every fault at once, unless the fields are as `form.fields` wants them."""
    given = values.flatten(content)
    faults = {}
    for name, rules in block.fields.items():
        value = _filled(given.get(values.normalise_key(name)), rules)
        try:
            _field(rules, country).deserialize(ma.missing if value is None else value)
        except ma.ValidationError as error:
            label = label_of(name, rules)
            called = f"“{label}”" if rules.get("type") == "checkbox" else label
            faults[name] = rules.get("wrong") or f"{called} {error.messages[0]}."
    if faults:
        raise InvalidFields(faults)


def label_of(name: str, rules: Rules) -> str:
    """How people know a field: its label, else its name as words."""
    return str(rules.get("label") or "") or values.normalise_key(name).replace("_", " ").strip().capitalize() or name


def phones(content: Any, block: FormBlock, country: str) -> set[str]:
    """The numbers in the fields that are declared as phones, as far as they can be called."""
    given = values.flatten(content)
    found = set()
    for name, rules in block.fields.items():
        value = given.get(values.normalise_key(name))
        if rules.get("type") == "phone" and value is not None:
            try:
                found.add(phone(value, rules.get("country") or country))
            except Hold:
                continue
    return found


def _filled(value: Value | None, rules: Rules) -> Value | None:
    """The value; none of a box that a script says was not ticked."""
    if rules.get("type") != "checkbox" or not isinstance(value, str) or value == rules.get("value"):
        return value
    return None if value.lower() in _UNTICKED else value


class _Texts(ma.fields.Field[list[str]]):
    """A field's texts: one, or several where its name was repeated. A line's end is one character, as in browsers."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        return [text.replace("\r\n", "\n") for text in ([value] if isinstance(value, str) else value)]


def _field(rules: Rules, country: str) -> ma.fields.Field[Any]:
    kind = rules.get("type")
    checks = [_TYPES[kind](rules, country)] if kind in _TYPES else []
    if kind != "number":
        if "max" in rules:
            checks.append(_each(ma.validate.Length(max=rules["max"], error="is longer than {max} characters")))
        if "min" in rules:
            checks.append(_each(ma.validate.Length(min=rules["min"], error="is shorter than {min} characters")))
    missing = "is not ticked" if kind == "checkbox" else "is missing"
    return _Texts(required=bool(rules.get("required")), validate=checks, error_messages={"required": missing})


Check = Callable[[list[str]], Any]


def _each(check: Callable[[str], Any]) -> Check:
    """The check of every single text."""

    def check_all(texts: list[str]) -> None:
        for text in texts:
            check(text)

    return check_all


_PHONE_FAULTS = {Reason.PHONE_AMBIGUOUS: "holds more than one phone number"}


def _phone(rules: Rules, country: str) -> Check:
    def check(texts: list[str]) -> None:
        try:
            phone(texts, rules.get("country") or country)
        except Hold as hold:
            raise ma.ValidationError(_PHONE_FAULTS.get(hold.reason, "is no phone number")) from None

    return check


def _choice(rules: Rules, _: str) -> Check:
    choices = [_plain(str(choice)) for choice in rules.get("choices") or ()]
    known = ma.validate.OneOf(choices, error=f"is none of: {', '.join(choices)}")
    return _each(lambda text: known(_plain(text)))


def _plain(text: str) -> str:
    """A text as a browser sends it that was offered it: with single blanks."""
    return " ".join(text.split())


def _number(rules: Rules, _: str) -> Check:
    def check(text: str) -> None:
        found = number(text)
        if found is None:
            raise ma.ValidationError("is no number")
        if "min" in rules and found < rules["min"]:
            raise ma.ValidationError(f"is less than {rules['min']}")
        if "max" in rules and found > rules["max"]:
            raise ma.ValidationError(f"is more than {rules['max']}")

    return _each(check)


def _date(*_: Any) -> Check:
    def check(text: str) -> None:
        if date(text) is None:
            raise ma.ValidationError("is no date")

    return _each(check)


def _url(*_: Any) -> Check:
    whole = ma.validate.URL(schemes={"http", "https"}, error="is no web address")
    return _each(lambda text: whole(text if "://" in text else f"https://{text}"))  # as people type it


_TYPES: dict[Any, Callable[[Rules, str], Check]] = {
    "phone": _phone,
    "email": lambda *_: _each(ma.validate.Email(error="is no e-mail address")),
    "choice": _choice,
    "number": _number,
    "date": _date,
    "url": _url,
}
