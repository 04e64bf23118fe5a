from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from tests.channels.contract import SecretContract
from tests.web.house import PAYLOADS, REQUEST, SECRET, House, stored

TYPEFORM = CHANNELS["typeform"]
BODY = (PAYLOADS / "typeform.json").read_bytes()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"Typeform-Signature": f"sha256={base64.b64encode(digest).decode()}"}


class TestContract(SecretContract):
    channel = "typeform"
    payload: ClassVar[Any] = json.loads(BODY)
    refused = 403

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return signed(body, secret)


def test_answers_are_fields_by_reference_and_by_question() -> None:
    """Choices are their labels; phone and mail are found whatever their questions are called."""
    lead = TYPEFORM.lead(loads(BODY))
    assert lead.fields == {
        "full_name": "Asha Rao",
        "what_is_your_name": "Asha Rao",
        "01f8z_9": "+919876543210",
        "your_number": "+919876543210",
        "phone_number": "+919876543210",
        "jw_wggj_a_kt_ok_a": "asha@example.com",
        "your_mail": "asha@example.com",
        "email": "asha@example.com",
        "city": "Pune",
        "when": "At dawn",
        "interests": ["yoga", "food", "sleep"],
        "member": "false",
        "stars": "5",
        "paid_amount": "1.50",
        "paid_last4": "1234",
        "paid_success": "true",
        "utm_source": "newsletter",
        "score": "4",
        "plan": "gold",
        "form_id": "lT4Z3j",
        "form_title": "Yoga",
        "submitted_at": "2026-11-24T09:41:00Z",
    }
    assert lead.created_at == datetime(2026, 11, 24, 9, 41, tzinfo=UTC)


def test_an_event_is_known_by_its_id(house: House) -> None:
    """Typeform sends again what was not answered in time."""
    client = house.client({"quiz": f"channel: typeform\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    again = BODY.replace(b"Asha", b"Ravi")
    for body in (BODY, again, BODY.replace(b"01HK6T8Z5E7", b"01HK6T8Z5E8")):
        assert client.post("/in/quiz", data=body, headers=signed(body)).status_code == 200
    assert [row["external_id"] for row in stored(client.application)] == ["01HK6T8Z5E7", "01HK6T8Z5E8"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"event_type": "form_response_partial", "form_response": {}}', 200),
        (b'{"event_type": "form_response"}', 400),
        (b'{"form_response": {"answers": {}}}', 400),
    ],
)
def test_other_events_are_ignored_and_other_shapes_refused(house: House, body: bytes, expected: int) -> None:
    """A response that was only begun is no lead."""
    client = house.client({"quiz": f"channel: typeform\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    answer = client.post("/in/quiz", data=body, headers=signed(body))
    assert answer.status_code == expected
    assert answer.get_json().get("ignored", 0) == (expected == 200)


@pytest.mark.parametrize(
    "answer",
    [
        1,
        {},
        {"type": [1]},
        {"type": "text"},
        {"type": "choice", "choice": 1, "field": 2},
        {"field": {"ref": ["x"]}},
        {"type": "choices", "choices": {"labels": 5}, "field": {"ref": "x"}},
        {"type": {}, "field": {"id": "x"}},
    ],
)
def test_odd_answers_make_leads_too(answer: Any) -> None:
    """Whatever was stored can be looked at."""
    payload = {"form_response": {"answers": [answer], "hidden": [1], "variables": [1, {"key": 5}], "definition": 1}}
    assert TYPEFORM.lead(payload).payload == payload
