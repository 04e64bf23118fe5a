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
        "zip": None,
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


@pytest.mark.parametrize(
    "odd", [None, 1, [], {"customer": [1], "default_address": "x", "first_name": {"a": 1}}, {"id": [1, 2]}]
)
def test_odd_payloads_make_leads_too(odd: Any) -> None:
    """Whatever was stored can be looked at."""
    assert SHOPIFY.lead(odd).payload == odd


PERSON = {"id": 7, "first_name": "Asha", "last_name": "Rao", "phone": None}
AMERICA = {"first_name": "Jo", "last_name": "March", "phone": "(415) 555-2671", "city": "Concord", "country_code": "US"}
INDIA = {"first_name": "Asha", "last_name": "Rao", "phone": None, "city": "Pune", "country_code": "IN", "zip": "411001"}
GUEST = {"id": 5, "line_items": [], "email": "jo@example.com", "phone": None, "customer": None}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (GUEST | {"shipping_address": AMERICA}, ("Jo March", "(415) 555-2671", "Concord", "US", None)),
        (
            GUEST | {"billing_address": AMERICA, "shipping_address": None},
            ("Jo March", "(415) 555-2671", "Concord", "US", None),
        ),
        (
            GUEST | {"shipping_address": INDIA, "phone": "+14155552671"},
            ("Asha Rao", "+14155552671", "Pune", "IN", "411001"),
        ),
        (
            GUEST | {"customer": PERSON | {"default_address": INDIA}, "shipping_address": AMERICA},
            ("Asha Rao", "(415) 555-2671", "Concord", "US", None),
        ),
        (
            PERSON | {"addresses": [INDIA | {"phone": "098765 43210"}]},
            ("Asha Rao", "098765 43210", "Pune", "IN", "411001"),
        ),
        (PERSON | {"last_name": None, "default_address": AMERICA}, ("Asha", "(415) 555-2671", "Concord", "US", None)),
        (PERSON | {"last_name": None, "default_address": INDIA}, ("Asha Rao", None, "Pune", "IN", "411001")),
    ],
)
def test_a_name_is_one_persons_and_an_address_one_places(payload: Any, expected: tuple[str | None, ...]) -> None:
    """Nobody is called by another's last name; and a number stands with the country in which it was written."""
    fields = SHOPIFY.lead(payload).fields
    assert tuple(fields.get(key) for key in ("full_name", "phone", "city", "country_code", "zip")) == expected


def test_the_notes_of_a_cart_are_fields_by_their_names() -> None:
    """A box that asks for consent is such a note; what the shop knows of consent is there as it tells it."""
    noted = [{"name": "WhatsApp updates", "value": "yes"}, {"name": "gift", "value": ""}, {"value": 1}, "x"]
    order = GUEST | {"note_attributes": noted, "buyer_accepts_marketing": True}
    fields = SHOPIFY.lead(order | {"customer": {"sms_marketing_consent": {"state": "subscribed"}}}).fields
    assert fields["note_attributes_whats_app_updates"] == "yes"
    assert fields["buyer_accepts_marketing"] == "true"
    assert fields["customer_sms_marketing_consent_state"] == "subscribed"


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("app/uninstalled", {"id": 548380009, "name": "Super Toys", "phone": "3213213210"}),
        ("products/create", {"id": 7, "title": "Kurta"}),
        ("disputes/create", {"id": 7, "order_id": 8}),
        ("customers/delete", {"id": 7, "tax_exemptions": []}),
        ("orders/delete", {"id": 7}),
        ("customers/merge", {"status": "failed"}),
        ("orders/edited", {"order_edit": {"id": 7}}),
        ("customers_email_marketing_consent/update", {"customer_id": 7}),
        ("customers_marketing_consent/update", {"id": 7, "phone": "+919876543210"}),
    ],
)
def test_what_else_a_shop_tells_of_is_no_lead(client: FlaskClient, topic: str, body: Any) -> None:
    """Goods, consent, the owner's own phone as the app is taken out: answered with 200, or Shopify posts them again."""
    answer = post(client, json.dumps(body).encode(), topic)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "accepted", "leads": [], "ignored": 1})


def test_the_button_for_test_notifications_sends_no_message(client: FlaskClient) -> None:
    """Shopify marks its post in a header, whatever stands in it; the mark is kept with the lead."""
    body = b'{"id": 7, "phone": "+919876543210"}'
    headers = signed(body) | {"X-Shopify-Topic": "customers/create", "X-Shopify-Test": "true"}
    assert client.post("/in/shop", data=body, headers=headers).status_code == 200
    (row,) = stored(client.application)
    assert SHOPIFY.lead(loads(row["body"])).is_test


def test_the_very_bytes_are_signed(client: FlaskClient) -> None:
    """Letters of any script, written out or escaped, and spaces, are as Shopify sent them."""
    for body in ('{"id": 1, "first_name": "आशा"}'.encode(), b'{ "id":2,\n"first_name":"\\u0906"}\n'):
        assert client.post("/in/shop", data=body + b" ", headers=signed(body)).status_code == 403
        assert post(client, body, "customers/create").status_code == 200


@pytest.mark.parametrize("own", [True, 1.5, [1], ""])
def test_an_id_is_text_or_a_whole_number(client: FlaskClient, own: Any) -> None:
    """Nothing else tells one customer from another."""
    assert post(client, json.dumps({"id": own}).encode(), "customers/create").status_code == 400
