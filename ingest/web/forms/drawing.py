"""A form's fields as our own pages draw them: with what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers
from babel import Locale, UnknownLocaleError

from ingest import values
from ingest.channels.form import CAPTCHAS, COUNTRY, HONEYPOTS, is_control
from ingest.mapping.records import FormBlock
from ingest.models import Value
from ingest.web.forms import stamp
from ingest.web.forms.fields import Rules, label_of

USUAL: Mapping[str, Rules] = {
    "full_name": {"label": "Your name", "required": True},
    "phone": {"label": "WhatsApp number", "type": "phone", "required": True},
}
"""What is asked for where the mapping declares no fields."""

_NOT_AGAIN = HONEYPOTS | set(CAPTCHAS.values())
_KINDS = {"phone": "tel", "text": "text", "choice": "select"}
_AUTOCOMPLETE = {
    "name": "name",
    "full_name": "name",
    "your_name": "name",
    "first_name": "given-name",
    "last_name": "family-name",
    "company": "organization",
    "company_name": "organization",
    "street": "street-address",
    "address": "street-address",
    "city": "address-level2",
    "state": "address-level1",
    "pincode": "postal-code",
    "postcode": "postal-code",
    "zip": "postal-code",
}
_BY_KIND = {"tel": "tel", "email": "email", "url": "url"}


@dataclass(frozen=True, slots=True)
class Input:
    """One field. `kind` is HTML's type of it, or select, checks (boxes) or textarea."""

    name: str
    label: str
    kind: str
    rules: Rules
    values: tuple[str, ...] = ()
    fault: str = ""
    country: str = ""  # of a phone: what is chosen

    @property
    def value(self) -> str:
        """What stands in it."""
        return self.values[0] if self.values else ""

    @property
    def id(self) -> str:
        """Its id on the page."""
        return f"field-{self.name}".replace(" ", "-")

    @property
    def country_name(self) -> str:
        """What the choice of a phone's country is called."""
        return f"{COUNTRY}{self.name}"

    @property
    def autocomplete(self) -> str:
        """What browsers may fill in by themselves."""
        return _BY_KIND.get(self.kind) or _AUTOCOMPLETE.get(values.normalise_key(self.name), "")


def inputs(block: FormBlock, country: str, payload: Any, faults: Mapping[str, str] | None = None) -> list[Input]:
    """The declared fields, or the usual ones, as they were filled in; `country` is that of phones."""
    items = payload if isinstance(payload, dict) else {}
    typed = values.flatten({name: value for name, value in items.items() if not is_control(name)})
    return [
        _input(
            name,
            rules,
            typed.get(values.normalise_key(name)),
            (faults or {}).get(name, ""),
            str(items.get(f"{COUNTRY}{name}") or rules.get("country") or country),
        )
        for name, rules in (block.fields or USUAL).items()
    ]


def initial(block: FormBlock) -> dict[str, str]:
    """What stands in the fields before anybody has typed; a box is not ticked."""
    rules = block.fields.items()
    return {name: one["value"] for name, one in rules if "value" in one and one.get("type") != "checkbox"}


def carried(block: FormBlock, payload: Any) -> list[tuple[str, str]]:
    """All else that a post had, so that the next one has it too: names and values of hidden inputs."""
    drawn = set(map(values.normalise_key, block.fields or USUAL))
    kept: list[tuple[str, str]] = []
    for name, value in payload.items() if isinstance(payload, dict) else ():
        if name in _NOT_AGAIN or _field_of(name.removeprefix(COUNTRY)) in drawn:
            continue
        texts = value if isinstance(value, list) else [value]
        kept += [(name, text) for text in texts if isinstance(text, str) and text.strip()]
    return kept


def _field_of(name: str) -> str:
    return next(iter(values.flatten({name: "?"})), "")


def stamped(hidden: list[tuple[str, str]], key: bytes) -> list[tuple[str, str]]:
    """The hidden inputs, with the time when the form was first drawn."""
    return hidden if any(name == stamp.FIELD for name, _ in hidden) else [*hidden, (stamp.FIELD, stamp.make(key))]


@lru_cache(maxsize=32)
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Every country with a calling code: its two letters, and its name in a language with the code."""
    names = _locale(language).territories
    told = ((region, names.get(region, region)) for region in phonenumbers.SUPPORTED_REGIONS)
    return tuple(
        (region, f"{name} (+{phonenumbers.country_code_for_region(region)})")
        for region, name in sorted(told, key=lambda one: one[1])
    )


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _input(name: str, rules: Rules, typed: Value | None, fault: str, country: str) -> Input:
    declared: str = rules.get("type") or "text"
    kind = "checks" if declared == "choice" and rules.get("multiple") else _KINDS.get(declared, declared)
    given = (typed,) if isinstance(typed, str) else tuple(typed or ())
    return Input(name, label_of(name, rules), kind, rules, given, fault, country if kind == "tel" else "")
