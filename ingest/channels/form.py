from __future__ import annotations

from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import JSON, Channel, Inbound, Notice, Parsed
from ingest.channels.formdata import MULTIPART, URLENCODED
from ingest.errors import Refusal
from ingest.models import Reason

HONEYPOTS = frozenset({"_gotcha", "_honey", "botcheck", "bot-field"})
CONTROL = HONEYPOTS | {"redirect", "cf-turnstile-response", "h-captcha-response", "g-recaptcha-response"}


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
        return Parsed([Notice(payload, raw, key, hold=Reason.SUSPECTED_SPAM if spam else None)])

    def content(self, payload: Any) -> Any:
        """The fields that a person filled in."""
        if not isinstance(payload, dict):
            return payload
        return {name: value for name, value in payload.items() if not (name.startswith("_") or name in CONTROL)}


def _is_filled(value: Any) -> bool:
    return any((values.scalar(one) or "false") != "false" for one in (value if isinstance(value, list) else [value]))
