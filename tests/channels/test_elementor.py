from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.base import Inbound
from ingest.channels.formdata import URLENCODED
from ingest.channels.payload import loads
from ingest.mapping import loader
from tests.channels.contract import NEW, SecretContract
from tests.web.house import ELEMENTOR, PAYLOADS, REQUEST, SECRET, House, stored

OPEN = f"channel: elementor{REQUEST}"


class TestHeaderContract(SecretContract):
    channel = "elementor"
    payload: ClassVar[Any] = {"Name": "Asha Rao", "Phone": "098765 43210", "form_id": "1a2b3c4", "form_name": "Hero"}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:  # noqa: ARG002 - the token signs nothing
        return {"X-Api-Key": secret.encode().decode("latin-1")}  # as WSGI has headers


class TestQueryContract(TestHeaderContract):
    def post(self, client: FlaskClient, body: bytes, secret: str | None = NEW) -> Any:
        """The token stands in the address."""
        return client.post("/in/here", query_string={"token": secret} if secret else {}, data=body)


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"wordpress": ELEMENTOR, "open": OPEN}, secrets={"ELEMENTOR_TOKEN": SECRET})


def post(client: FlaskClient, body: str, path: str = "/in/open", **headers: str) -> Any:
    return client.post(path, data=body, content_type=URLENCODED, headers=headers)


def payload(name: str) -> str:
    return (PAYLOADS / name).read_text(encoding="utf-8").strip()


def fields(payload: Any) -> Any:
    return CHANNELS["elementor"].lead(payload).fields


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "elementor.txt",
            {
                "name": "Asha Rao",
                "no_label_phone": "098765 43210",
                "phone": "098765 43210",
                "message": "Please call",
                "date": "November 24, 2026",
                "time": "9:41 am",
                "page_url": "https://acme.example/",
                "user_agent": "Mozilla/5.0",
                "remote_ip": "203.0.113.9",
                "powered_by": "Elementor",
                "form_id": "1a2b3c4",
                "form_name": "Hero",
            },
        ),
        (
            "elementor_advanced.txt",
            {
                "name": "Asha Rao",
                "phone": "098765 43210",
                "date": "November 24, 2026",
                "form_id": "1a2b3c4",
                "form_name": "Hero",
                "form": None,
            },
        ),
    ],
)
def test_fields_are_the_same_in_both_modes(client: FlaskClient, name: str, expected: dict[str, Any]) -> None:
    """As Elementor really posts them; what is stored is what came."""
    assert post(client, payload(name)).status_code == 200
    (row,) = stored(client.application)
    found = fields(loads(row["body"]))
    assert {key: found.get(key) for key in expected} == expected
    assert not [key for key in found if key.startswith(("fields_", "meta_"))]


def test_a_field_without_a_label_stands_in_no_others_place() -> None:
    """It is called by its id where nothing else is called so."""
    assert fields({"No Label phone": "1", "Phone": "2"}) == {"no_label_phone": "1", "phone": "2"}
    assert fields({"No Label phone": "1", "Phone": ""}) == {"no_label_phone": "1", "phone": "1"}
    assert fields({"No Label form_id": "1", "form_id": "2"})["form_id"] == "2"


def test_in_the_advanced_mode_a_field_is_found_by_its_label_too() -> None:
    """So that a mapping need not change with the mode; a field's own id comes first."""
    sent = {
        "fields[field_1][title]": "Your Name",
        "fields[field_1][value]": "Asha Rao",
        "fields[city][title]": "Town",
        "fields[city][value]": "Pune",
        "fields[town][title]": "",
        "fields[town][value]": "Delhi",
        "fields[topics][raw_value][0]": "Villa",
        "fields[topics][value]": ["Villa", "Plot"],
        "meta[city][value]": "Mumbai",
    }
    found = {
        "field_1": "Asha Rao",
        "your_name": "Asha Rao",
        "city": "Pune",
        "town": "Delhi",
        "topics": ["Villa", "Plot"],
    }
    assert fields(sent) == found


def test_the_forms_name_is_elementors_and_no_answer() -> None:
    """A visitor does not choose which form it was."""
    assert fields({"Form Name": "mine", "form_name": "Hero"}) == {"form_name": "Hero"}
    assert fields({"Form ID": "mine", "form[id]": "1a2b"}) == {"form_id": "1a2b"}


def test_it_is_answered_with_200_whatever_it_accepts(client: FlaskClient) -> None:
    """WordPress is no browser: it is led nowhere, and anything but 200 is an error to it."""
    for headers in ({"Accept": "text/html"}, {"Accept": "text/html", "Origin": "https://acme.example"}):
        answer = post(client, "name=Asha&_next=https://a.example", **headers)
        assert (answer.status_code, answer.get_json()["status"]) == (200, "accepted")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert client.options("/in/open").status_code == 405


def test_a_filled_honeypot_is_answered_like_any_post_and_held(client: FlaskClient) -> None:
    """As on any website."""
    assert post(client, "name=Robot&_honey=x").status_code == 200
    assert stored(client.application)[0]["reason"] == "suspected_spam"


def test_the_token_may_stand_in_the_address(client: FlaskClient) -> None:
    """Elementor asks for an address and nothing else. Where a mapping has no token, none is asked for."""
    address = "/in/wordpress"
    answers = [post(client, "name=Asha", path) for path in (address, f"{address}?token=", f"{address}?token=x%ff")]
    assert [(a.status_code, a.get_json()["error"]["code"]) for a in answers] == [
        (401, "missing_token"),
        (401, "missing_token"),
        (401, "wrong_token"),
    ]
    assert "?token=" in answers[0].get_json()["error"]["hint"]
    assert post(client, "name=Asha", f"{address}?token={SECRET}").status_code == 200
    assert post(client, "name=Asha", address, Authorization=f"Bearer {SECRET}").status_code == 200
    assert post(client, "name=Asha", "/in/open?token=any").status_code == 200


def test_other_channels_take_no_token_in_the_address(house: House) -> None:
    """Addresses stand in the logs of proxies."""
    client = house.client({"zapier": f"channel: zapier\nauth: {{token: ZAPIER_TOKEN}}{REQUEST}"})
    answer = client.post("/in/zapier", query_string={"token": SECRET}, json={"name": "Asha"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "missing_token")
    assert "?token=" not in answer.get_json()["error"]["hint"]


def test_a_token_that_is_named_and_not_set_closes_the_endpoint(house: House) -> None:
    """Else a slip in `.env` would open it."""
    client = house.client({"wordpress": ELEMENTOR}, secrets={"ELEMENTOR_TOKEN": ""})
    answer = post(client, "name=Asha", "/in/wordpress")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "no_token_configured")


def test_a_mapping_without_a_token_is_no_finding(house: House) -> None:
    """It is what a website's form is."""
    house.write("open", OPEN)
    assert loader.load(house.folder / "mappings", {name: c.auth for name, c in CHANNELS.items()}).findings == []


def test_a_payload_that_is_no_object_has_fields_too() -> None:
    """Whatever a test or a store holds."""
    assert fields(["x"]) == {"_": "x"}


def test_several_choices_are_a_list_in_each_way_that_php_writes_one() -> None:
    """None is lost: by the field's id and by its label."""
    title = "fields[topics][title]=What&"
    for parts in ("[value][0]", "[value][1]"), ("[value][]", "[value][]"), ("[value]", "[value]"):
        body = title + "&".join(
            f"fields[topics]{part}={one}" for part, one in zip(parts, ("Villa", "Plot"), strict=True)
        )
        (notice,) = CHANNELS["elementor"].parse(Inbound("POST", {}, {}, body.encode(), URLENCODED)).notices
        assert fields(notice.payload) == {"topics": ["Villa", "Plot"], "what": ["Villa", "Plot"]}


def test_fields_of_wordpress_itself_are_known_by_their_ids() -> None:
    """As both modes post them; a field of the form that is called so comes first."""
    sent = "meta[page_url][title]=Page+URL&meta[page_url][value]=https://acme.example/&meta[time][value]=9:41"
    body = f"fields[time][value]=evening&{sent}&form[id]=1&form[name]=Hero"
    (notice,) = CHANNELS["elementor"].parse(Inbound("POST", {}, {}, body.encode(), URLENCODED)).notices
    found = {"time": "evening", "page_url": "https://acme.example/", "form_id": "1", "form_name": "Hero"}
    assert fields(notice.payload) == found
