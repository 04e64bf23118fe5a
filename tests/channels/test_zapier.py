from __future__ import annotations

import base64
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from tests.channels.contract import SecretContract
from tests.web.house import BEARER, PAYLOADS, REQUEST, SECRET, ZAPIER, House, stored


class TestContract(SecretContract):
    channel = "zapier"
    payload: ClassVar[Any] = {"name": "Asha Rao", "phone": "098765 43210"}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:  # noqa: ARG002 - the token signs nothing
        return {"Authorization": f"Bearer {secret}".encode().decode("latin-1")}  # as WSGI has headers


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"zapier": ZAPIER})


def post(client: FlaskClient, body: str | bytes, kind: str | None = "application/json", **headers: str) -> Any:
    return client.post("/in/zapier", data=body, content_type=kind, headers=BEARER | headers)


def bodies(client: FlaskClient) -> list[Any]:
    return [loads(row["body"]) for row in stored(client.application)]


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {SECRET}"},
        {"Authorization": f"bearer  {SECRET} "},
        {"X-Api-Key": SECRET},
        {"Authorization": basic("anyone", SECRET)},
        {"Authorization": basic("", SECRET)},
        {"Authorization": "Bearer wrong", "X-Api-Key": SECRET},
    ],
)
def test_a_token_may_come_in_any_usual_way(client: FlaskClient, headers: dict[str, str]) -> None:
    """Bearer, X-Api-Key, or the password of basic authentication."""
    assert client.post("/in/zapier", json={"name": "Asha"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_token"),
        ({"Authorization": "Bearer "}, "missing_token"),
        ({"X-Api-Key": " "}, "missing_token"),
        ({"Authorization": "Bearer x"}, "wrong_token"),
        ({"Authorization": "Basic !!!"}, "missing_token"),
        ({"Authorization": basic(SECRET, "x")}, "wrong_token"),
        ({"Authorization": f"Digest {SECRET}"}, "missing_token"),
    ],
)
def test_without_the_token_nothing_is_taken(client: FlaskClient, headers: dict[str, str], code: str) -> None:
    """The answer says what is missing, and how to send it."""
    answer = client.post("/in/zapier", json={"name": "Asha"}, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_mapping_without_auth_is_closed(house: House) -> None:
    """Nobody can post to an endpoint that has no token, and the answer says what to do."""
    client = house.client({"zapier": f"channel: zapier{REQUEST}"})
    error = client.post("/in/zapier", json={"name": "Asha"}, headers=BEARER).get_json()["error"]
    assert (error["code"], "auth.token" in error["hint"]) == ("no_token_configured", True)


def test_an_object_is_stored_as_it_came(client: FlaskClient) -> None:
    """Its very text, so that numbers keep their digits."""
    body = (PAYLOADS / "zapier_flat.json").read_bytes()
    assert post(client, body).status_code == 200
    (row,) = stored(client.application)
    assert row["body"] == body.strip()
    fields = CHANNELS["zapier"].lead(loads(row["body"])).fields
    assert fields == {
        "full_name": "Asha Rao",
        "phone": "9876543210",
        "budget": "2500.50",
        "address_city": "Pune",
        "whatsapp_optin": "true",
    }


def test_an_array_is_one_lead_for_each_item(client: FlaskClient) -> None:
    """As Make sends bundles; numbers keep their text here too."""
    answer = post(client, (PAYLOADS / "make_array.json").read_bytes())
    assert [lead["status"] for lead in answer.get_json()["leads"]] == ["accepted"] * 2
    assert [body["name"] for body in bodies(client)] == ["Asha Rao", "Ravi Kumar"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"data": [{"a": 1}, {"a": 2}]}', [{"a": 1}, {"a": 2}]),
        ('{"event": "x", "data": [{"a": 1}]}', [{"a": 1}]),
        ('{"data": {"a": 1}}', [{"a": 1}]),
        ('{"data": {"a": 1}, "b": 2}', [{"data": {"a": 1}, "b": 2}]),
        ('{"data": "text"}', [{"data": "text"}]),
        ('{"data": [1, 2], "b": 2}', [{"data": [1, 2], "b": 2}]),
        ('{"data": [], "b": 2}', [{"data": [], "b": 2}]),
    ],
)
def test_leads_may_stand_under_data(client: FlaskClient, body: str, expected: list[Any]) -> None:
    """A list of objects there, or `data` alone, is what was meant; any other `data` is a field."""
    assert post(client, body).status_code == 200
    assert bodies(client) == expected


@pytest.mark.parametrize(
    "body", ['[{"a": 1}, 7]', '[{"a": 1}, {}]', '{"data": [{"a": 1}, null]}', '[{"a": 1}, [{"b": 2}]]']
)
def test_one_bad_item_refuses_the_whole_array_and_is_named(client: FlaskClient, body: str) -> None:
    """Half of an array is never stored: the sender could not tell which half."""
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"].startswith("Item 1 ")
    assert bodies(client) == []


@pytest.mark.parametrize("body", ["[]", '{"data": []}'])
def test_an_empty_array_is_refused(client: FlaskClient, body: str) -> None:
    """It is a Zap that maps nothing, and its maker should know."""
    answer = post(client, body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "empty_array")


def test_too_many_items_are_refused(client: FlaskClient) -> None:
    """A thousand at a time."""
    items = ",".join(['{"a":1}'] * 1001)
    assert post(client, f"[{items}]").get_json()["error"]["code"] == "too_many_items"


def test_a_form_is_taken_too(client: FlaskClient) -> None:
    """Zapier's payload type `form`, with nested names."""
    post(client, "name=Asha+Rao&address[city]=Pune&tag=a&tag=b", "application/x-www-form-urlencoded")
    assert bodies(client) == [{"name": "Asha Rao", "address[city]": "Pune", "tag": ["a", "b"]}]
    assert CHANNELS["zapier"].lead(bodies(client)[0]).fields["address_city"] == "Pune"


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "image/png",
        "application/x-www-form-urlencoded",
    ],
)
def test_json_is_taken_under_any_name(client: FlaskClient, kind: str | None) -> None:
    """Many senders name no type, and curl names a wrong one."""
    assert post(client, ' {"name": "Asha"}', kind).status_code == 200
    assert bodies(client) == [{"name": "Asha"}]


@pytest.mark.parametrize(
    ("kind", "body"), [("application/xml", "<a/>"), ("text/xml", "x"), ("application/atom+xml", "{}"), (None, " <a/>")]
)
def test_xml_is_not_read(client: FlaskClient, kind: str | None, body: str) -> None:
    """The answer tells which payload type to choose in Zapier."""
    answer = post(client, body, kind)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (415, "xml")


def test_an_unknown_type_is_refused(client: FlaskClient) -> None:
    """A picture is no lead."""
    assert post(client, b"\x89PNG", "image/png").status_code == 415


def test_an_idempotency_key_numbers_the_items_of_an_array(client: FlaskClient) -> None:
    """`key#0`, `key#1`, …; and a repeated array is repeated leads, whatever its content."""
    key = {"Idempotency-Key": "order-7"}
    first = post(client, '[{"a": 1}, {"a": 2}]', **key).get_json()["leads"]
    again = post(client, '[{"a": 1}, {"b": 3}]', **key).get_json()["leads"]
    assert [row["external_id"] for row in stored(client.application)] == ["order-7#0", "order-7#1"]
    assert [lead["id"] for lead in first] == [lead["id"] for lead in again]
    post(client, '{"a": 1}', **key)
    assert stored(client.application)[-1]["external_id"] == "order-7"


def test_the_mapping_may_say_what_identifies_an_event(house: House) -> None:
    """`event_id` over the payload; where it is absent, the content counts."""
    client = house.client({"zapier": f'event_id: "{{{{ payload.order.id }}}}"\n{ZAPIER}'})
    sent = ['{"order": {"id": 7}, "a": 1}', '{"order": {"id": "7"}, "a": 2}', '{"a": 1}', '{"a": 1}', '{"a": 2}']
    statuses = [post(client, body).get_json()["leads"][0]["status"] for body in sent]
    assert statuses == ["accepted", "duplicate", "accepted", "duplicate", "accepted"]
    assert [row["external_id"] for row in stored(client.application)] == ["7", None, None]


def test_two_equal_items_of_an_array_are_one_lead(client: FlaskClient) -> None:
    """Without a key nothing tells them apart."""
    leads = post(client, '[{"a": 1, "b": 2}, {"b": 2, "a": 1}]').get_json()["leads"]
    assert [lead["status"] for lead in leads] == ["accepted", "duplicate"]
    assert leads[0]["id"] == leads[1]["id"]


def test_a_lone_surrogate_is_stored_and_no_accident(client: FlaskClient) -> None:
    """Half an emoji, cut by some program on the way."""
    assert post(client, r'{"name": "Asha \ud83d"}').status_code == 200
    assert post(client, r'[{"name": "Asha \ud83d", "x\udc00": 1}]').status_code == 200
    assert post(client, r'{"name": "x"}', **{"Idempotency-Key": "a\xe9"}).status_code == 200
    assert CHANNELS["zapier"].lead(bodies(client)[0]).fields == {"name": "Asha ?"}
