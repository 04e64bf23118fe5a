"""Who a lead is from, where no request tells it; and whether a person stands in what came."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import phonenumbers

from ingest.mapping.filters.phones import numbers
from ingest.models import Lead

NAMES = ("full_name", "name", "your_name", "customer_name", "first_name")
PHONES = ("phone_number", "phone", "mobile", "mobile_number", "whatsapp_number", "whats_app_number", "whatsapp", "tel")
MIN_DIGITS = 6
_BETWEEN = r"[^0-9A-Za-z]{0,3}"
_START = re.compile(r"(?:[^0-9A-Za-z]{0,3}[0-9]){1,8}[^0-9A-Za-z]{0,3}\Z|[^0-9A-Za-z]{1,3}\Z")


def name_of(lead: Lead) -> str | None:
    """The person's name, as a form usually calls it."""
    return _first(lead, NAMES)


def phone_of(lead: Lead) -> str | None:
    """The person's phone, as a form usually calls it, as it came."""
    return _first(lead, PHONES)


def is_own(lead: Lead, destination: str) -> bool:
    """Whether a request's number stands in the lead: it is the person's, and not one of ours in the mapping."""
    known = phone_of(lead)
    texts = (
        [known]
        if known
        else [t for value in lead.fields.values() for t in ([value] if isinstance(value, str) else value)]
    )
    digits = ("".join(filter(str.isdecimal, _digits(text))).lstrip("0") for text in texts)
    return any(len(own) > MIN_DIGITS and destination.endswith(own) for own in digits)


def _first(lead: Lead, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = lead.fields.get(name)
        if value:
            return value if isinstance(value, str) else value[0]
    return None


class Person:
    """A person, known by a whole number; found in texts in whatever script and with whatever between the digits."""

    def __init__(self, number: str, country: str) -> None:
        national = phonenumbers.national_significant_number(phonenumbers.parse(number))
        self._number = number
        self._country = country
        self._pattern = re.compile(_BETWEEN.join(national))

    def stands_in(self, body: bytes, lead: bytes | None, phone: str | None) -> bool:
        """Whether the number stands in a lead as it came, as it was fetched, or in what it is known by."""
        return any(self._is_in(_digits(text)) for text in (phone or "", *texts(body, lead)))

    def _is_in(self, text: str) -> bool:
        """Whether the digits stand there, and are read as this number and no other: `+1 701…` is not `+91 701…`."""
        for found in self._pattern.finditer(text):
            start = _START.search(text[: found.start()])
            word = text[start.start() if start else found.start() : found.end()]
            rest = re.match(r"\d*", text[found.end() :])
            if self._number in numbers(word + (rest[0] if rest else ""), self._country):
                return True
        return False


def texts(body: bytes, lead: bytes | None) -> Iterator[str]:
    """Every text of a lead, as it came and as it was fetched."""
    yield from (text for part in (body, lead or b"") for text in _texts(part))


def _texts(body: bytes) -> Iterator[str]:
    try:
        yield from _leaves(json.loads(body or b"null", parse_float=str, parse_int=str))
    except (ValueError, RecursionError):
        yield body.decode("utf-8", "replace")


def _leaves(node: Any) -> Iterator[str]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += [*node, *node.values()]
        elif isinstance(node, list):
            waiting += node
        elif isinstance(node, str):
            yield node


def _digits(text: str) -> str:
    """A text with the digits of every script in ours, and what looks like a blank as one."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
