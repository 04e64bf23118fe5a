from __future__ import annotations

from typing import Any, ClassVar

import phonenumbers

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import JSON, Channel, Inbound, Notice, Parsed
from ingest.channels.formdata import MULTIPART, URLENCODED
from ingest.errors import Refusal
from ingest.models import Reason

HONEYPOTS = frozenset({"_gotcha", "_honey", "botcheck", "bot-field"})
CAPTCHAS = {
    "turnstile": "cf-turnstile-response",
    "hcaptcha": "h-captcha-response",
    "recaptcha": "g-recaptcha-response",
}
"""The control field in which each vendor's captcha puts the visitor's answer."""
CONTROL = HONEYPOTS | {"redirect", *CAPTCHAS.values()}
COUNTRY = "_country_"
"""Begins the name of a control field that has a phone number's country: `_country_phone` is that of `phone`."""
_TRAPPED = "A field was filled in that people do not see."


class Form(Channel):
    """Website forms: URL-encoded, multipart or JSON, posted by browsers, scripts and form plug-ins."""

    name = "form"
    browser = True
    methods: ClassVar[tuple[str, ...]] = ("POST", "OPTIONS")
    reads = (URLENCODED, MULTIPART, JSON)

    def parse(self, inbound: Inbound) -> Parsed:
        """The one lead of a form. A filled honeypot is accepted like any other, and held."""
        payload, raw = bodies.read(inbound)
        if not isinstance(payload, dict):
            raise Refusal(400, "invalid_payload", "A form posts one object.", "Send the fields as one JSON object.")
        bodies.check_item(payload)
        spam = any(name in HONEYPOTS and _is_filled(value) for name, value in payload.items())
        if not spam and not values.flatten(self.content(payload)):
            raise Refusal(400, "empty_form", "The form is empty.", "Give its inputs a name, and fill one in at least.")
        (key,) = bodies.keys(inbound, 1, numbered=False)
        if spam:
            return Parsed([Notice(payload, raw, key, hold=Reason.SUSPECTED_SPAM, why=_TRAPPED)])
        return Parsed([Notice(payload, raw, key)])

    def content(self, payload: Any) -> Any:
        """The fields that a person filled in. A phone has its country, where one was chosen beside it."""
        if not isinstance(payload, dict):
            return payload
        content = {name: value for name, value in payload.items() if not is_control(name)}
        for name, region in payload.items():
            of = name.removeprefix(COUNTRY)
            if of != name and isinstance(content.get(of), str) and isinstance(region, str):
                content[of] = _abroad(content[of], region)
        return content


def is_control(name: str) -> bool:
    """Whether a field tells what to do, and nothing about the lead."""
    return name.startswith("_") or name in CONTROL


def _abroad(text: str, region: str) -> str:
    """A number with its country's code; what is none in that country stays as it was typed."""
    try:
        number = phonenumbers.parse(text, region.strip().upper())
    except phonenumbers.NumberParseException:
        return text
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    typed = "".join(c for c in text if c.isdecimal()).lstrip("0")
    several = len(typed) >= len(whole)  # `parse` takes the first, and says nothing of the second
    return whole if phonenumbers.is_valid_number(number) and not several else text


def _is_filled(value: Any) -> bool:
    return any((values.scalar(one) or "false") != "false" for one in (value if isinstance(value, list) else [value]))
