"""Who a lead is from, where no request tells it; and whether a person stands in what came."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import phonenumbers

from ingest.models import Lead

NAMES = ("full_name", "name", "your_name", "customer_name", "first_name")
PHONES = ("phone_number", "phone", "mobile", "mobile_number", "whatsapp_number", "whats_app_number", "whatsapp", "tel")
_BETWEEN = r"[\s\-().\u200e\u200f\u202a-\u202e\u2066-\u2069]*"


def name_of(lead: Lead) -> str | None:
    """The person's name, as a form usually calls it."""
    return _first(lead, NAMES)


def phone_of(lead: Lead) -> str | None:
    """The person's phone, as a form usually calls it, as it came."""
    return _first(lead, PHONES)


def _first(lead: Lead, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = lead.fields.get(name)
        if value:
            return value if isinstance(value, str) else value[0]
    return None


class Person:
    """A person, known by a whole number; found in texts in whatever script and with whatever between the digits."""

    def __init__(self, number: str) -> None:
        national = phonenumbers.national_significant_number(phonenumbers.parse(number))
        code = number.removeprefix("+").removesuffix(national)
        before = rf"(?<!\d)(?:\+?0*{_BETWEEN.join(code)}{_BETWEEN})?(?:\(?0\)?{_BETWEEN})?"
        self._pattern = re.compile(rf"{before}{_BETWEEN.join(national)}(?!\d)")

    def stands_in(self, body: bytes, lead: bytes | None, phone: str | None) -> bool:
        """Whether the number stands in a lead as it came, as it was fetched, or in what it is known by."""
        texts = (phone or "", *(text for part in (body, lead or b"") for text in _texts(part)))
        return any(self._pattern.search(_digits(text)) for text in texts)


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
