from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.channels.proof import sign
from tests.channels.contract import SecretContract
from tests.web.house import PAYLOADS, REQUEST, SECRET, House, stored

SHOPIFY = CHANNELS["shopify"]
ORDER = (PAYLOADS / "shopify_order.json").read_bytes()
CUSTOMER = (PAYLOADS / "shopify_customer.json").read_bytes()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    assert SHOPIFY.signature
    return sign(SHOPIFY.signature, body, secret, 0)


class TestContract(SecretContract):
    channel = "shopify"
    payload: ClassVar[Any] = json.loads(ORDER)
    refused = 403

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return signed(body, secret)


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"shop": f"channel: shopify\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})


def post(client: FlaskClient, body: bytes, topic: str) -> Any:
    return client.post("/in/shop", data=body, headers=signed(body) | ({"X-Shopify-Topic": topic} if topic else {}))


def test_an_order_tells_who_ordered() -> None:
    """From its customer first, then from where it goes; its own name is `order_name`."""
    lead = SHOPIFY.lead(loads(ORDER))
    expected = {
        "full_name": "Asha Rao",
        "first_name": "Asha",
        "phone": "+919876543210",
        "email": "asha@example.com",
        "city": "Mumbai",
        "zip": "411001",
        "country_code": "IN",
        "order_name": "#1042",
        "total_price": "1499.00",
        "line_items_title": ["Kurta", "Scarf"],
        "shipping_address_city": "Pune",
    }
    assert {key: lead.fields.get(key) for key in expected} == expected
    assert "name" not in lead.fields
    assert (lead.created_at, lead.is_test) == (datetime(2026, 11, 24, 4, 11, tzinfo=UTC), False)


def test_a_customer_is_told_by_the_default_address_where_nothing_else_does() -> None:
    """Shopify leaves the phone empty and has it in the address."""
    fields = SHOPIFY.lead(loads(CUSTOMER)).fields
    assert (fields["full_name"], fields["phone"], fields["city"]) == ("Asha Rao", "+919876543210", "Pune")


def test_a_customer_and_an_order_with_one_id_are_two_leads(client: FlaskClient) -> None:
    """The topic belongs to the id; where it is not sent, the content tells it."""
    for body, topic in [(CUSTOMER, "customers/create"), (ORDER, "orders/create"), (ORDER, ""), (CUSTOMER, "")]:
        assert post(client, body, topic).status_code == 200
    ids = [row["external_id"] for row in stored(client.application)]
    assert ids == ["customers/create:7064055069303", "orders/create:5501293068577"]


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact"])
def test_requests_about_a_persons_data_are_no_leads(client: FlaskClient, topic: str) -> None:
    """They are answered, as Shopify wants, and counted."""
    answer = post(client, b'{"shop_id": 1, "customer": {"id": 7, "phone": "1"}}', topic)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "accepted", "leads": [], "ignored": 1})


@pytest.mark.parametrize("body", [b'{"a": 1}', b'{"id": null}', b'{"id": {"a": 1}}', b'{"id": " "}'])
def test_what_has_no_id_is_refused(client: FlaskClient, body: bytes) -> None:
    """Nothing of Shopify's comes without one."""
    assert post(client, body, "").get_json()["error"]["code"] == "invalid_payload"


@pytest.mark.parametrize("payload", [{"id": 1, "test": True}, {"id": 820982911946154508}, {"id": 706405506930370084}])
def test_test_orders_and_test_notifications_are_never_sent(payload: Any) -> None:
    """As Shopify marks them, and with the ids that its test notifications have."""
    assert SHOPIFY.lead(payload).is_test


@pytest.mark.parametrize("odd", [None, 1, [], {"customer": [1], "default_address": "x", "first_name": {"a": 1}}])
def test_odd_payloads_make_leads_too(odd: Any) -> None:
    """Whatever was stored can be looked at."""
    assert SHOPIFY.lead(odd).payload == odd
