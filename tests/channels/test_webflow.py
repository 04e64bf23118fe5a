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


OLD = {
    "name": "Sample Form",
    "site": "62749158efef318abc8d5a0f",
    "data": {"name": "Asha Rao", "Phone": 919876543210, "Agree": True},
    "d": "2022-09-14T12:35:16.117Z",
    "_id": "6321ca84df3949bfc6752327",
}


def test_hooks_of_the_first_version_are_read_too() -> None:
    """Those that were made years ago still post the submission bare, and call some of it otherwise."""
    lead = WEBFLOW.lead(OLD)
    assert lead.fields == {
        "name": "Asha Rao",
        "phone": "919876543210",
        "agree": "true",
        "form_name": "Sample Form",
        "site_id": "62749158efef318abc8d5a0f",
        "submitted_at": "2022-09-14T12:35:16.117Z",
    }
    assert lead.created_at == datetime(2022, 9, 14, 12, 35, 16, 117000, tzinfo=UTC)


def test_a_submission_is_the_same_in_both_versions(house: House) -> None:
    """A site whose hook is made anew tells of one submission by both."""
    client = house.client({"site": f"channel: webflow\nauth: {{token: T}}{REQUEST}"}, secrets={"T": SECRET})
    new = {"triggerType": "form_submission", "payload": {"id": OLD["_id"], "data": {"name": "Asha Rao"}}}
    first, second = (client.post("/in/site", json=body, headers=BEARER).get_json()["leads"][0] for body in (OLD, new))
    assert (second["status"], second["id"]) == ("duplicate", first["id"])


def test_no_field_changes_which_form_it_was() -> None:
    """Routes may rest on it, and fields are called as whoever made the page likes."""
    fields = {"Form Name": "mine", "form-id": "mine", "Page URL": "mine"}
    sent = {"name": "Home", "formId": "f", "pageUrl": "https://acme.example/", "data": fields}
    lead = WEBFLOW.lead({"triggerType": "form_submission", "payload": sent})
    assert lead.fields == {"form_name": "Home", "form_id": "f", "page_url": "https://acme.example/"}


def test_a_token_is_a_source_whatever_the_mapping_is_called(house: House) -> None:
    """A mapping may be renamed, and a hook of the dashboard be replaced by one that is signed."""
    secrets = {"T": SECRET, "S": SECRET}
    token = f"channel: webflow\nauth: {{token: T}}{REQUEST}"
    both = f"channel: webflow\nauth: {{token: T, secret: S}}{REQUEST}"
    client = house.client({"old": token, "new": token, "both": both}, secrets=secrets)
    body = json.dumps(OLD).encode()
    headers = {**BEARER, **signed(body)}
    answers = [client.post(f"/in/{name}", data=body, headers=headers) for name in ("old", "new", "both")]
    states = [one.get_json()["leads"][0]["status"] for one in answers]
    assert states == ["accepted", "duplicate", "duplicate"]


def test_a_post_of_the_future_is_stale(house: House) -> None:
    """A clock that is wrong by more than five minutes is told of, whichever way."""
    client = house.client({"site": f"channel: webflow\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    assert client.post("/in/site", data=BODY, headers=signed(BODY, ago=-290)).status_code == 200
    error = client.post("/in/site", data=BODY, headers=signed(BODY, ago=-310)).get_json()["error"]
    assert error["code"] == "stale_timestamp"
