from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import USUAL, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_signature
from ingest.models import Lead, Signature, Value

_PLACES = ("default_address", "shipping_address", "billing_address")
_PERSON = ("first_name", "last_name", "email", "phone")
_PLACE = ("company", "city", "province", "country", "country_code", "zip")
_DUTIES = ("/redact", "/data_request")  # what every app of Shopify must hear of, and no lead
_SAMPLES = {"706405506930370084", "820982911946154508"}  # the customer and the order of test notifications


class Shopify(Channel):
    """Customers and orders as they are created in a shop."""

    name = "shopify"
    auth: ClassVar = {"secret": None}
    secret_key = "secret"  # noqa: S105 - the name of a key
    signature: ClassVar = Signature("X-Shopify-Hmac-SHA256", encoding="base64")
    own_ids = True
    beginnings = (*(f"{place}_" for place in _PLACES), "customer_", "line_items_")
    fields = USUAL | {*_PERSON, *_PLACE, "full_name", "id", "order_name", "order_number", "total_price", "currency"}

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook"""
        check_signature(inbound, self.signature, auth.get("secret", ()))

    def parse(self, inbound: Inbound) -> Parsed:
        """One customer or order. What erases or asks for a person's data is counted and ignored."""
        body, text = bodies.document(inbound, "Shopify's webhooks for customers and orders")
        topic = inbound.headers.get("X-Shopify-Topic", "").strip().lower()
        if topic.endswith(_DUTIES):
            return Parsed(ignored=1)
        own = values.scalar(body.get("id"))
        if own is None or isinstance(body["id"], dict | list):
            raise bodies.wrong("id", "is missing", "Shopify's webhooks for customers and orders")
        topic = topic or ("orders/create" if _is_order(body) else "customers/create")
        return Parsed([Notice(body, text, f"{topic}:{own}")])

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://shopify.dev/docs/api/admin-rest/latest/resources/customer, and order: the person, then all else."""
        fields = values.flatten(payload)
        if isinstance(payload, dict):
            if _is_order(payload):
                fields = {"order_name" if key == "name" else key: value for key, value in fields.items()}
            fields |= _person(payload)
        test = fields.get("test") == "true" or fields.get("id") in _SAMPLES
        return Lead(fields, payload, values.moment(fields.get("created_at")), test)


def _is_order(payload: Mapping[str, Any]) -> bool:
    return "line_items" in payload or "order_number" in payload


def _person(payload: Mapping[str, Any]) -> dict[str, Value]:
    """Who it is, from wherever it says so first: the order or customer itself, its customer, its addresses."""
    customer = payload.get("customer")
    people = [payload, *([customer] if isinstance(customer, dict) else [])]
    places = [one[key] for one in reversed(people) for key in _PLACES if isinstance(one.get(key), dict)]
    found: dict[str, Value] = {}
    for keys, sources in ((_PERSON, [*people, *places]), (_PLACE, [payload, *places])):
        for key in keys:
            text = next((text for one in sources if (text := _text(one.get(key)))), None)
            if text:
                found[key] = text
    name = " ".join(str(found[key]) for key in ("first_name", "last_name") if key in found)
    return found | ({"full_name": name} if name and "full_name" not in payload else {})


def _text(value: Any) -> str | None:
    return None if isinstance(value, dict | list) else values.scalar(value)
