from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.payload import dumps, loads
from tests.channels.contract import SecretContract
from tests.web.house import FACEBOOK, PAYLOADS, REQUEST, SECRET, House, signed, stored

BATCH = (PAYLOADS / "facebook_batch.json").read_bytes()
DOCUMENT = loads((PAYLOADS / "facebook_graph_lead.json").read_bytes())


def change(**value: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": "0", "time": 1, "changes": [{"field": "leadgen", "value": value}]}]}


class TestContract(SecretContract):
    channel = "facebook"
    payload = change(leadgen_id="123", form_id="7")
    refused = 403

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return signed(body, secret)


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"facebook": FACEBOOK})


def post(client: FlaskClient, body: bytes, path: str = "/in/facebook", secret: str = SECRET) -> Any:
    return client.post(path, data=body, headers={"Content-Type": "application/json", **signed(body, secret)})


def test_every_change_of_every_entry_is_a_lead_of_its_own(client: FlaskClient) -> None:
    """A batch over several pages is stored whole; changes of other fields are counted, not stored."""
    answer = post(client, BATCH).get_json()
    assert [lead["status"] for lead in answer["leads"]] == ["accepted"] * 3
    assert answer["ignored"] == 1
    assert [row["external_id"] for row in stored(client.application)] == ["11111", "22222", "33333"]


def test_a_post_without_leads_is_acknowledged(client: FlaskClient) -> None:
    """Meta would repeat what is not acknowledged."""
    body = dumps({"object": "page", "entry": [{"id": "1", "changes": [{"field": "feed", "value": {}}]}]})
    answer = post(client, body)
    assert (answer.status_code, answer.get_json()["leads"]) == (200, [])


def test_the_notice_is_stored_with_its_page_and_its_ids_as_text(client: FlaskClient) -> None:
    """Numbers of 64 bits lose digits in other programs; ids are text from the first moment."""
    post(client, dumps(change(leadgen_id=9007199254740993123, form_id=12, page_id=34)))
    (row,) = stored(client.application)
    assert loads(row["body"]) == {
        "leadgen_id": "9007199254740993123",
        "form_id": "12",
        "page_id": "34",
        "entry_id": "0",
        "entry_time": 1,
    }
    assert row["external_id"] == "9007199254740993123"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (change(form_id="7"), "entry[0].changes[0].value.leadgen_id"),
        (change(leadgen_id=None), "entry[0].changes[0].value.leadgen_id"),
        (change(leadgen_id=" "), "entry[0].changes[0].value.leadgen_id"),
        (change(leadgen_id=True), "entry[0].changes[0].value.leadgen_id"),
        (change(leadgen_id={"a": 1}), "entry[0].changes[0].value.leadgen_id"),
        (change(leadgen_id="1", form_id=[]), "entry[0].changes[0].value.form_id"),
        ({"entry": [{"changes": [{"field": "leadgen", "value": 3}]}]}, "entry[0].changes[0].value"),
        ({"entry": [{"changes": []}, {"changes": [1]}]}, "entry[1].changes[0]"),
        ({"entry": [{"changes": {}}]}, "entry[0].changes"),
        ({"entry": ["x"]}, "entry[0]"),
        ({"entry": 7}, "entry"),
        ({"object": "page"}, "entry"),
    ],
)
def test_one_bad_change_refuses_the_post_and_is_named(client: FlaskClient, body: Any, where: str) -> None:
    """A refusal says which entry and which change can't be understood."""
    answer = post(client, dumps(body))
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"].startswith(f"{where} ")
    assert stored(client.application) == []


def test_the_signature_is_over_the_bytes_as_they_came(client: FlaskClient) -> None:
    """Meta escapes what is not ASCII, and signs that form; parsing must not come first."""
    body = b'{"entry": [ {"id":"1","changes":[{"field":"leadgen","value":{"leadgen_id":"1","note":"\\u00e4"}}]}]}'
    assert post(client, body).status_code == 200
    headers = signed(body.replace(b"\\u00e4", "ä".encode()))
    assert client.post("/in/facebook", data=body, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "header", ["sha1=abc", "sha256=", "sha256=é", "abc", "sha256=" + "0" * 64, "sha256=" + "A" * 64]
)
def test_another_signature_is_refused(client: FlaskClient, header: str) -> None:
    """Only SHA-256 over the raw body counts."""
    answer = client.post("/in/facebook", data=BATCH, headers={"X-Hub-Signature-256": header})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "bad_signature")


HANDSHAKE = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": SECRET}


def test_the_handshake_answers_the_bare_challenge(client: FlaskClient) -> None:
    """As plain text that no browser takes for a page."""
    answer = client.get("/in/facebook", query_string=HANDSHAKE)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"1158201444", "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "changed",
    [
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": "ключ"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>"},
        {"hub.challenge": ""},
        {"hub.challenge": "x" * 129},
        {"hub.challenge": "123\n"},
    ],
)
def test_any_other_handshake_is_forbidden(client: FlaskClient, changed: dict[str, str]) -> None:
    """Nothing of what came is reflected."""
    answer = client.get("/in/facebook", query_string=HANDSHAKE | changed)
    assert answer.status_code == 403
    assert b"script" not in answer.data


def test_without_a_verify_token_the_handshake_is_closed(house: House) -> None:
    """An empty token on both sides is no agreement."""
    client = house.client({"facebook": FACEBOOK}, secrets={})
    answer = client.get("/in/facebook", query_string=HANDSHAKE | {"hub.verify_token": ""})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "no_verify_token")


def test_a_change_goes_to_the_mapping_that_claims_its_form_else_its_page(house: House) -> None:
    """Of one app's endpoints each gets its own forms, whichever of them Meta calls."""
    app = house.open(
        {
            "facebook": FACEBOOK,
            "acme/diwali": f"match: {{forms: ['1001']}}\n{FACEBOOK}",
            "acme/page": f"match: {{pages: ['2002']}}\n{FACEBOOK}",
            "other/app": f"match: {{forms: ['1001', '1002']}}\nauth: {{app_secret: OTHER_SECRET}}\n{FACEBOOK}",
        },
        secrets={"FACEBOOK_APP_SECRET": SECRET, "OTHER_SECRET": "another"},
    )
    values = [
        {"leadgen_id": "1", "form_id": "1001", "page_id": "2002"},
        {"leadgen_id": "2", "form_id": 5, "page_id": 2002},
        {"leadgen_id": "3", "form_id": "1002", "page_id": "9"},
        {"leadgen_id": "4"},
    ]
    changes = [{"field": "leadgen", "value": value} for value in values]
    assert post(app.test_client(), dumps({"entry": [{"id": "0", "changes": changes}]})).status_code == 200
    owners = {row["external_id"]: row["endpoint"] for row in stored(app)}
    assert owners == {"1": "acme/diwali", "2": "acme/page", "3": "facebook", "4": "facebook"}


def test_a_lead_stays_the_same_when_its_mapping_is_renamed(house: House) -> None:
    """Identity belongs to the app, not to the name of a file."""
    client = house.client({"old": FACEBOOK, "new": FACEBOOK})
    first = post(client, BATCH, "/in/old").get_json()["leads"]
    second = post(client, BATCH, "/in/new").get_json()["leads"]
    assert [lead["id"] for lead in first] == [lead["id"] for lead in second]
    assert {lead["status"] for lead in second} == {"duplicate"}


def test_two_apps_may_use_the_same_id(house: House) -> None:
    """Ids are unique within one app only, for all that we know."""
    other = f"channel: facebook\nauth: {{app_secret: OTHER_SECRET}}\n{REQUEST}"
    client = house.client({"a": FACEBOOK, "b": other}, secrets={"FACEBOOK_APP_SECRET": SECRET, "OTHER_SECRET": "other"})
    body = dumps(change(leadgen_id="1"))
    assert post(client, body, "/in/a").get_json()["leads"][0]["status"] == "accepted"
    assert post(client, body, "/in/b", "other").get_json()["leads"][0]["status"] == "accepted"


class TestLead:
    """From Meta's document to flat fields."""

    def test_answers_metadata_and_disclaimers_become_fields(self) -> None:
        """Names as people wrote them, several answers as a list, boxes as true and false, ids as text."""
        lead = CHANNELS["facebook"].lead({"leadgen_id": "55", "page_id": "77"}, DOCUMENT)
        assert lead.fields == {
            "leadgen_id": "1029384756",
            "page_id": "77",
            "form_id": "447333180259108",
            "ad_id": "444",
            "ad_name": "Diwali reel",
            "adset_id": "445",
            "adset_name": "Pune 25-40",
            "campaign_id": "446",
            "campaign_name": "Diwali",
            "platform": "ig",
            "is_organic": "false",
            "created_time": "2022-02-03T16:16:51+0000",
            "email": "asha@example.com",
            "phone_number": "+919876543210",
            "full_name": "आशा राव",
            "कौन_सा_मॉडल_पसंद_है": ["Swift", "Baleno"],
            "consent_optional_1": "true",
            "consent_optional_2": "false",
            "consent_optional_3": "true",
            "consent_optional_4": "false",
        }
        assert lead.payload == DOCUMENT
        assert lead.created_at == datetime(2022, 2, 3, 16, 16, 51, tzinfo=UTC)
        assert not lead.is_test

    def test_metadata_wins_over_an_answer_of_the_same_key(self) -> None:
        """A question named `platform` must not decide a route."""
        document = {"id": "1", "platform": "fb", "field_data": [{"name": "Platform", "values": ["forged"]}]}
        assert CHANNELS["facebook"].lead({}, document).fields["platform"] == "fb"

    def test_of_two_answers_with_one_key_the_first_that_is_there_stays(self) -> None:
        """As for all fields."""
        data = [
            {"name": "City", "values": [""]},
            {"name": "city", "values": ["Pune"]},
            {"name": "city", "values": ["x"]},
        ]
        assert CHANNELS["facebook"].lead({}, {"field_data": data}).fields == {"city": "Pune"}

    def test_a_flat_object_is_a_lead_too(self) -> None:
        """For trying a mapping by hand."""
        lead = CHANNELS["facebook"].lead({"full_name": "Asha Rao", "platform": "ig", "created_time": 1588890044})
        assert lead.fields == {"full_name": "Asha Rao", "platform": "ig", "created_time": "1588890044"}
        assert lead.created_at == datetime.fromtimestamp(1588890044, UTC)

    @pytest.mark.parametrize(
        "answer",
        ["<test lead: dummy data for full_name>", "test@meta.com", "TEST@fb.com", "<test lead: dummy data for x>"],
    )
    def test_metas_test_leads_are_recognised(self, answer: str) -> None:
        """No flag exists, so the dummy values tell."""
        document = {"id": "1", "field_data": [{"name": "x", "values": ["real", answer]}]}
        assert CHANNELS["facebook"].lead({}, document).is_test
        assert CHANNELS["facebook"].lead({"email": answer}).is_test

    @pytest.mark.parametrize(
        "document",
        [
            {"field_data": [None, 1, {}, {"name": None}, {"name": "a", "values": None}, {"values": ["x"]}]},
            {"field_data": [], "custom_disclaimer_responses": [1, {}, {"checkbox_key": 5}]},
            {"field_data": [], "custom_disclaimer_responses": "x", "created_time": "yesterday"},
            {"field_data": {}, "created_time": "9" * 30},
            [],
            "text",
            None,
        ],
    )
    def test_a_strange_document_is_no_accident(self, document: Any) -> None:
        """Whatever Meta gives becomes some lead, so that it can be seen and held."""
        assert CHANNELS["facebook"].lead(document).created_at is None
