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


def answer(kind: str, value: Any, **field: str) -> dict[str, Any]:
    return {"type": kind, kind: value, "field": field}


def response(answers: Any, *questions: Any, **more: Any) -> dict[str, Any]:
    definition = {"id": "F", "title": "Yoga", "fields": list(questions)}
    return {"form_response": {"form_id": "F", "answers": answers, "definition": definition, **more}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer("text", " Asha ", ref="x"), {"x": "Asha"}),
        (answer("number", 0, ref="x"), {"x": "0"}),
        (answer("date", "2026-02-03", ref="x"), {"x": "2026-02-03"}),
        (answer("url", "https://calendly.com/x", ref="x"), {"x": "https://calendly.com/x"}),
        (answer("file_url", "https://api.typeform.com/cv.pdf", ref="x"), {"x": "https://api.typeform.com/cv.pdf"}),
        (answer("choice", {"id": "a", "label": "Pune", "ref": "b"}, ref="x"), {"x": "Pune"}),
        (answer("choice", {"other": "Nashik"}, ref="x"), {"x": "Nashik"}),
        (
            answer("choices", {"ids": ["1"], "labels": ["Yoga", "Food"], "refs": ["2"]}, ref="x"),
            {"x": ["Yoga", "Food"]},
        ),
        (answer("choices", {"other": "Chess"}, ref="x"), {"x": "Chess"}),
        (answer("multi_format", {"video_url": "https://v", "text": None}, ref="x"), {"x_video_url": "https://v"}),
        (answer("text", "Asha", id="Ab1", ref=""), {"ab1": "Asha"}),
    ],
)
def test_each_kind_of_answer_is_what_was_answered(given: Any, expected: dict[str, Any]) -> None:
    """As Typeform documents them, and in the shapes that its forms really post."""
    assert TYPEFORM.lead({"form_response": {"answers": [given]}}).fields == expected


def test_questions_within_others_are_known_by_what_they_ask() -> None:
    """A contact block, a group and a matrix have their questions within; the answers are told flat."""
    contact = {
        "id": "c",
        "title": "Who are you?",
        "type": "contact_info",
        "properties": {
            "fields": [
                {"id": "1", "ref": "r1", "title": "First name", "type": "short_text"},
                {"id": "2", "ref": "r2", "title": "Phone number", "type": "phone_number"},
            ]
        },
    }
    answers = [answer("text", "Asha", id="1", ref="r1"), answer("phone_number", "+919876543210", id="2", ref="r2")]
    fields = TYPEFORM.lead(response(answers, contact)).fields
    assert (fields["first_name"], fields["phone_number"], fields["r1"]) == ("Asha", "+919876543210", "Asha")


def test_a_reference_that_the_answer_leaves_out_is_found_in_the_form() -> None:
    """Old hooks tell a question's id only; two that have neither are not mixed up."""
    questions = [{"id": "1", "ref": "full_name", "title": "Who?"}, {"title": "What?"}]
    fields = TYPEFORM.lead(response([answer("text", "Asha", id="1"), answer("text", "x")], *questions)).fields
    assert (fields["full_name"], fields["who"], fields.get("what")) == ("Asha", "Asha", None)


def test_no_answer_changes_which_form_it_was() -> None:
    """Routes may rest on it: what Typeform says of a response comes before what a visitor wrote."""
    answers = [answer("text", "mine", ref=name) for name in ("form_id", "form_title", "submitted_at")]
    lead = TYPEFORM.lead(response(answers, submitted_at="2026-11-24T09:41:00Z"))
    assert lead.fields == {"form_id": "F", "form_title": "Yoga", "submitted_at": "2026-11-24T09:41:00Z"}


def test_answers_come_before_hidden_fields() -> None:
    """What a person wrote is newer than what stood in the form's address; of two answers alike the first stays."""
    answers = [answer("phone_number", "+919876543210", ref="a"), answer("phone_number", "+919876543211", ref="a")]
    lead = TYPEFORM.lead(response(answers, hidden={"phone_number": "unknown", "email": "asha@example.com"}))
    assert (lead.fields["phone_number"], lead.fields["a"]) == ("+919876543210", "+919876543210")
    assert lead.fields["email"] == "asha@example.com"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (b'{"event_id": "E", "form_response": {"token": "T", "answers": null}}', "E"),
        (b'{"event_id": "", "form_response": {"token": "T"}}', "T"),
        (b'{"form_response": {"token": "T", "answers": []}}', "T"),
        (b'{"event_id": true, "form_response": {}}', None),
    ],
)
def test_a_response_without_answers_is_a_lead_too(house: House, form: bytes, expected: str | None) -> None:
    """All questions may be skipped; where the event has no id, the response has one."""
    client = house.client({"quiz": f"channel: typeform\nauth: {{secret: S}}{REQUEST}"}, secrets={"S": SECRET})
    assert client.post("/in/quiz", data=form, headers=signed(form)).status_code == 200
    assert [row["external_id"] for row in stored(client.application)] == [expected]
