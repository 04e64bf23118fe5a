from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from tests.channels.contract import NEW, SecretContract
from tests.web.house import GOOGLE_ADS, PAYLOADS, SECRET, House, stored

LEAD = (PAYLOADS / "google_ads.json").read_bytes()
TEST = (PAYLOADS / "google_ads_test.json").read_bytes()


class TestContract(SecretContract):
    channel = "google_ads"
    payload: ClassVar[Any] = {key: value for key, value in json.loads(LEAD).items() if key != "google_key"}

    def post(self, client: FlaskClient, body: bytes, secret: str | None = NEW) -> Any:
        """The key stands in the body."""
        if secret and body.startswith(b"{"):
            rest = b"}" if body == b"{}" else b", " + body[1:]
            body = b'{"google_key": %s%s' % (json.dumps(secret).encode(), rest)
        return client.post("/in/here", data=body, content_type="application/json")


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"google": GOOGLE_ADS}, secrets={"GOOGLE_ADS_KEY": SECRET})


def post(client: FlaskClient, body: bytes | dict[str, Any]) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/in/google", data=data, content_type="application/json")


def lead_of(client: FlaskClient) -> Any:
    (row,) = stored(client.application)
    return CHANNELS["google_ads"].lead(loads(row["body"]))


def test_the_fields_are_googles_questions_and_the_forms_own(client: FlaskClient) -> None:
    """By the column's id, or by its name where it has none; ids keep their digits, and no answer takes their place."""
    assert post(client, LEAD).status_code == 200
    lead = lead_of(client)
    assert lead.fields == {
        "full_name": "Asha Rao",
        "phone_number": "+919876543210",
        "email": "asha@example.com",
        "city": "Pune",
        "what_is_your_budget": "1 crore",
        "when_to_call": "Morning",
        "lead_id": "Cj0KCQiA-5a9BhCBARIsACwMkJ4xw2xJx6yqY1t8",
        "form_id": "40000000001",
        "campaign_id": "9223372036854775807",
        "adgroup_id": "9007199254740993",
        "creative_id": "30000000000",
        "gcl_id": "CjwKCAjw5v2wBhBrEiwAXDDoJQ",
        "is_test": "false",
        "lead_stage": "LEAD",
        "lead_submit_time": "2026-11-24T12:30:00Z",
        "api_version": "1.0",
    }
    assert (lead.created_at, lead.is_test) == (datetime(2026, 11, 24, 12, 30, tzinfo=UTC), False)
    assert lead.payload["something_new"] == {"of": "Google's"}


def test_the_test_button_is_understood_and_its_lead_is_a_test(client: FlaskClient) -> None:
    """It spells the key `Google_key`; its lead is shown, and never sent."""
    assert post(client, TEST).status_code == 200
    assert lead_of(client).is_test


@pytest.mark.parametrize(("told", "expected"), [(True, True), ("true", True), ("TRUE", True), (False, False)])
def test_a_test_lead_is_told_by_google_and_not_by_an_answer(told: Any, expected: bool) -> None:
    """A question that is called so tells nothing."""
    columns = [{"column_id": "IS_TEST", "string_value": "true"}]
    lead = CHANNELS["google_ads"].lead
    assert lead({"lead_id": "1", "is_test": told, "user_column_data": columns}).is_test is expected
    assert lead({"lead_id": "1", "user_column_data": columns}).is_test is False
    assert lead({"lead_id": "1", "is_test": told}).is_test is expected


@pytest.mark.parametrize("name", ["google_key", "Google_key", "GOOGLE_KEY", " google_key "])
def test_the_key_is_never_kept_nor_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """However it is spelled, and however often it is there; not in refusals either."""
    caplog.set_level(logging.DEBUG)
    assert post(client, {"lead_id": "1", name: SECRET, "gooGle_kEy": "an old one"}).status_code == 200
    refused = post(client, {"lead_id": "2", name: "a mistyped key"})
    (row,) = stored(client.application)
    assert loads(row["body"]) == {"lead_id": "1"}
    written = refused.get_data(as_text=True) + caplog.text + "".join(capfd.readouterr())
    assert not any(text in written for text in (SECRET, "an old one", "a mistyped key"))


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ({}, "missing_token"),
        ({"google_key": ""}, "missing_token"),
        ({"google_key": None}, "missing_token"),
        ({"google_key": {"a": SECRET}}, "missing_token"),
        ({"google_key": "\ud800"}, "wrong_token"),
        ({"google_key": SECRET.upper()}, "wrong_token"),
        ({"key": SECRET}, "missing_token"),
    ],
)
def test_without_the_key_nothing_is_taken(client: FlaskClient, key: dict[str, Any], code: str) -> None:
    """Its name may be in capitals, its value is what was agreed on."""
    answer = post(client, {"lead_id": "1", **key})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, code)
    assert stored(client.application) == []


def test_the_same_lead_id_is_the_same_lead(client: FlaskClient) -> None:
    """Google posts again when it has had no answer; whatever else the post says, and whichever way the id is told."""
    first, again = (post(client, {"lead_id": "7", "google_key": SECRET, "gcl_id": x}).get_json() for x in "ab")
    number = post(client, {"lead_id": 7, "google_key": SECRET}).get_json()
    assert [one["leads"][0]["status"] for one in (first, again, number)] == ["accepted", "duplicate", "duplicate"]
    assert stored(client.application)[0]["external_id"] == "7"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "lead_id is missing."),
        ({"lead_id": " "}, "lead_id is no id."),
        ({"lead_id": True}, "lead_id is no id."),
        ({"lead_id": {"a": 1}}, "lead_id is no id."),
        ({"lead_id": "1", "user_column_data": {"a": 1}}, "user_column_data is no list."),
        ({"lead_id": "1", "user_column_data": [{}, 7]}, "user_column_data[1] is no object."),
    ],
)
def test_what_is_no_lead_of_googles_is_refused(client: FlaskClient, payload: dict[str, Any], message: str) -> None:
    """And the answer says where it is wrong."""
    answer = post(client, {**payload, "google_key": SECRET})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "invalid_payload")
    assert answer.get_json()["error"]["message"] == message


@pytest.mark.parametrize("time", ["", "yesterday", [7], None, "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_no_accident(time: Any) -> None:
    """Such a lead has no age."""
    columns = [{"column_id": "", "column_name": None, "string_value": "x"}, {"string_value": {"a": 1}}]
    lead = CHANNELS["google_ads"].lead({"lead_id": "1", "lead_submit_time": time, "user_column_data": columns})
    assert lead.created_at is None
    assert CHANNELS["google_ads"].lead(["x"]).fields == {"_": "x"}
