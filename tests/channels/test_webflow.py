from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from tests.channels.contract import SecretContract
from tests.web.house import BEARER, PAYLOADS, REQUEST, SECRET, House, stored

WEBFLOW = CHANNELS["webflow"]
BODY = (PAYLOADS / "webflow.json").read_bytes()


def signed(body: bytes, secret: str = SECRET, ago: float = 0) -> dict[str, str]:
    stamp = str(int((time.time() - ago) * 1000))
    signature = hmac.new(secret.encode(), f"{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-webflow-timestamp": stamp, "x-webflow-signature": signature}


class TestContract(SecretContract):
    channel = "webflow"
    payload: ClassVar[Any] = json.loads(BODY)
    refused = 403

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return signed(body, secret)


def test_a_post_counts_for_five_minutes(house: House) -> None:
    """As Webflow wants it."""
    client = house.client({"site": f"channel: webflow\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    assert client.post("/in/site", data=BODY, headers=signed(BODY, ago=290)).status_code == 200
    error = client.post("/in/site", data=BODY, headers=signed(BODY, ago=310)).get_json()["error"]
    assert error["code"] == "stale_timestamp"


def test_a_hook_of_the_dashboard_has_the_token_in_its_address(house: House) -> None:
    """It can be told nothing but an address; whoever can send headers may send it there."""
    client = house.client({"site": f"channel: webflow\nauth: {{token: T}}{REQUEST}"}, secrets={"T": SECRET})
    addresses = ["/in/site", "/in/site?token=", "/in/site?token=wrong", "/in/site?token=%ff"]
    codes = [client.post(one, data=BODY).get_json()["error"]["code"] for one in addresses]
    assert codes == ["missing_token", "missing_token", "wrong_token", "wrong_token"]
    assert client.post("/in/site", query_string={"token": SECRET}, data=BODY).status_code == 200
    assert client.post("/in/site", data=BODY, headers=BEARER).get_json()["leads"][0]["status"] == "duplicate"


def test_no_other_channel_takes_a_token_from_the_address(house: House) -> None:
    """Addresses are written into logs."""
    client = house.client({"here": f"channel: json\nauth: {{token: T}}{REQUEST}"}, secrets={"T": SECRET})
    assert client.post("/in/here", query_string={"token": SECRET}, json={"a": 1}).status_code == 401


def test_the_fields_are_the_forms() -> None:
    """By their labels, a phone also as a number; and what form it is, where no field is called so."""
    lead = WEBFLOW.lead(loads(BODY))
    assert lead.fields == {
        "form_name": "Contact",
        "site_id": "65f",
        "submitted_at": "2026-11-24T09:41:00.000Z",
        "first_name": "Asha",
        "phone_number": "15550000000",
    }
    assert lead.created_at == datetime(2026, 11, 24, 9, 41, tzinfo=UTC)


def test_a_submission_is_known_by_its_id(house: House) -> None:
    """Two people may fill in the same; and Webflow may tell of one submission twice."""
    client = house.client({"site": f"channel: webflow\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    for number, name in [(1, "Asha"), (1, "Ravi"), (2, "Asha")]:
        body = json.dumps(
            {"triggerType": "form_submission", "payload": {"id": number, "data": {"Name": name}}}
        ).encode()
        client.post("/in/site", data=body, headers=signed(body))
    assert [row["external_id"] for row in stored(client.application)] == ["1", "2"]


def test_other_triggers_are_ignored(house: House) -> None:
    """One hook may tell of more than forms."""
    client = house.client({"site": f"channel: webflow\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    body = b'{"triggerType": "site_publish", "payload": {}}'
    assert client.post("/in/site", data=body, headers=signed(body)).get_json()["ignored"] == 1


@pytest.mark.parametrize("odd", [None, 1, [], {"payload": 1}, {"payload": {"data": []}}])
def test_odd_payloads_make_leads_too(odd: Any) -> None:
    """Whatever was stored can be looked at."""
    assert WEBFLOW.lead(odd).payload == odd
