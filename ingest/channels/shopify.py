from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import USUAL, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_signature
from ingest.models import Lead, Signature, Value

_WHAT = "Shopify's webhooks for customers and orders"
_PLACES = ("default_address", "shipping_address", "billing_address")
_NAME = ("first_name", "last_name")
_PLACE = ("company", "city", "province", "country", "country_code", "zip")
_TOPICS = ("customers/", "orders/", "draft_orders/", "checkouts/")  # others tell of goods, or of the shop itself
_SAMPLES = {"706405506930370084", "820982911946154508", "890612572568261625", "981820079255243537"}
"""The customer, the order, its draft and its checkout that test notifications have."""


class Shopify(Channel):
    """Customers and orders as they are created in a shop."""

    name = "shopify"
    auth: ClassVar = {"secret": None}
    secret_key = "secret"  # noqa: S105 - the name of a key
    signature: ClassVar = Signature("X-Shopify-Hmac-SHA256", encoding="base64")
    own_ids = True
    beginnings = (*(f"{place}_" for place in _PLACES), "customer_", "line_items_", "note_attributes_")
    fields = USUAL | {
        *(*_NAME, *_PLACE, "full_name", "id", "order_name", "order_number", "total_price", "currency", "tags", "note"),
        *("buyer_accepts_marketing", "sms_marketing_consent_state", "email_marketing_consent_state"),
    }

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """https://shopify.dev/docs/apps/build/webhooks/verify-deliveries"""
        check_signature(inbound, self.signature, auth.get("secret", ()))

    def parse(self, inbound: Inbound) -> Parsed:
        """One customer or order. What else a shop tells of is counted and ignored.

        `X-Shopify-Test` is what the button for test notifications sends: kept with the lead, as a test order has it.
        """
        body, text = bodies.document(inbound, _WHAT)
        topic = inbound.headers.get("X-Shopify-Topic", "").strip().lower()
        own = bodies.own_id(body.get("id"))
        if topic and not _is_of_lead(topic, own):
            return Parsed(ignored=1)
        if own is None:
            raise bodies.wrong("id", "is missing", _WHAT)
        if inbound.headers.get("X-Shopify-Test", "").strip().lower() == "true":
            body = body | {"test": True}
            text = bodies.dumps(body)
        topic = topic or ("orders/create" if _is_order(body) else "customers/create")
        return Parsed([Notice(body, text, f"{topic}:{own}")])

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://shopify.dev/docs/api/webhooks/latest: the person and where they are, then all else."""
        if not isinstance(payload, dict):
            return Lead(values.flatten(payload), payload)
        noted = {str(one.get("name")): one.get("value") for one in _items(payload.get("note_attributes"))}
        fields = values.flatten(payload | {"note_attributes": noted})
        if _is_order(payload) and "name" in fields:
            fields["order_name"] = fields.pop("name")
        fields = _person(payload) | fields
        test = fields.get("test") == "true" or str(fields.get("id")) in _SAMPLES
        return Lead(fields, payload, values.moment(fields.get("created_at")), test)


def _is_of_lead(topic: str, own: str | None) -> bool:
    """Whether a topic tells of a customer or order, and more of it than that it was merged, edited, erased, …."""
    whole = topic.endswith("/create") or (own is not None and not topic.endswith("/delete"))
    return whole and topic.startswith(_TOPICS)


def _is_order(payload: Mapping[str, Any]) -> bool:
    return "line_items" in payload or "order_number" in payload


def _person(payload: Mapping[str, Any]) -> dict[str, Value]:
    """Who it is and where, from whatever says so first: the order or customer itself, its customer, their addresses.

    What belongs together comes from one of them: a name; and an address, that of the phone where it stands in one, as
    people write the number as it is dialled there.
    """
    people = [payload, *_items([payload.get("customer")])]
    places = [*_items([one.get(key) for one in reversed(people) for key in _PLACES])]
    places += [place for one in reversed(people) for place in _items(one.get("addresses"))]
    phoned = _first([*people, *places], ("phone",))
    placed = phoned if any(phoned is place for place in places) else _first(places, _PLACE)
    name = _name([*people, *places])
    full = {"full_name": " ".join(name.values())} if name else {}
    mail = _texts(_first([*people, *places], ("email",)), ("email",))
    return {**full, **name, **mail, **_texts(phoned, ("phone",)), **_texts(placed, _PLACE)}


def _name(sources: list[Mapping[str, Any]]) -> dict[str, str]:
    """The name that is told first; where that is only half of it, with the other half of one that says nothing else."""
    names = [_texts(one, _NAME) for one in sources]
    first = next(filter(None, names), {})
    return next((first | one for one in names if len(first | one) == len(_NAME) and first | one == one | first), first)


def _first(sources: list[Mapping[str, Any]], keys: tuple[str, ...]) -> Mapping[str, Any]:
    """The first that says any of these."""
    return next((one for one in sources if _texts(one, keys)), {})


def _texts(source: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, str]:
    found = ((key, source.get(key)) for key in keys)
    return {key: text for key, value in found if not isinstance(value, dict | list) and (text := values.scalar(value))}


def _items(node: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (node if isinstance(node, list) else ()) if isinstance(one, dict))
