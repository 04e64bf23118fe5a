"""What stands in a form's fields where nobody has filled them in: in samples, and in commands to copy."""

from __future__ import annotations

import phonenumbers

from ingest.errors import Refusal
from ingest.mapping import example
from ingest.mapping.anonymous.usage import Usage
from ingest.mapping.records import FormBlock
from ingest.web.forms.fields import Rules, check_fields

_BY_TYPE = {
    "phone": ("+919876543210",),
    "email": ("asha@example.com", "a@b.co"),  # the second where there is little room
    "number": ("25",),
    "date": ("2026-11-23",),
    "url": ("https://example.com", "http://a.co"),
    "checkbox": ("yes",),
}


def filled_in(name: str, rules: Rules, country: str) -> str:
    """What a person may write into a field of a form, so that the field's own checks take it."""
    kind = str(rules.get("type"))
    choices = tuple(str(one) for one in rules.get("choices") or ())
    usual, *others = choices or _BY_TYPE.get(kind) or (example.text_for((name,), Usage(), country),)
    if kind == "phone":
        others.append(_at_home(rules.get("country") or country))
    bounds = [rules[key] for key in ("min", "max") if key in rules]
    sized = [(usual + usual[-1] * bound)[:bound] for bound in bounds if isinstance(bound, int) and bound < 5000]
    block = FormBlock(fields={name: dict(rules)})
    shown = [str(rules["value"])] if "value" in rules and kind != "checkbox" else []
    tries = (*shown, usual, *others, *sized, *map(str, bounds))
    return next((text for text in tries if _is_taken(name, text, block, country)), usual)


def _at_home(country: str) -> str:
    """A phone number as people of the country write it."""
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return str(number.national_number) if number else ""


def _is_taken(name: str, text: str, block: FormBlock, country: str) -> bool:
    try:
        check_fields({name: text}, block, country)
    except Refusal:
        return False
    return True
