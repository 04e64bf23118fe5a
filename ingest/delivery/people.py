"""Who a lead is from, for lists and searches, where no request tells it."""

from __future__ import annotations

from ingest.models import Lead

NAMES = ("full_name", "name", "your_name", "customer_name", "first_name")
PHONES = ("phone_number", "phone", "mobile", "mobile_number", "whatsapp_number", "whats_app_number", "whatsapp", "tel")


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
