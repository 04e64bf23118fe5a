from __future__ import annotations

import io
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from tests.channels.contract import ChannelContract
from tests.web.house import FORM, PAYLOADS, House, stored

URLENCODED = "application/x-www-form-urlencoded"
JSON = {"Accept": "application/json"}


class TestContract(ChannelContract):
    channel = "form"
    payload: ClassVar[Any] = {"Your name": "Asha Rao", "phone": "098765 43210"}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:  # noqa: ARG002 - forms have no secret
        return {}


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"website": FORM})


def body_of(client: FlaskClient) -> Any:
    (row,) = stored(client.application)
    return loads(row["body"])


def fields(payload: Any) -> Any:
    return CHANNELS["form"].lead(payload).fields


def test_a_url_encoded_form_is_stored_as_it_came(client: FlaskClient) -> None:
    """Repeated names become a list; labels stay as people wrote them."""
    answer = client.post(
        "/in/website",
        data="Your+Name=Asha+Rao&size=M&size=L&note=%E0%A4%86%E0%A4%B6%E0%A4%BE&empty=",
        content_type=URLENCODED,
    )
    assert answer.status_code == 200
    assert body_of(client) == {"Your Name": "Asha Rao", "size": ["M", "L"], "note": "आशा", "empty": ""}


def test_an_old_page_in_windows_1252_keeps_its_accents(client: FlaskClient) -> None:
    """Browsers post a form in the page's own encoding."""
    client.post("/in/website", data="name=Ren%E9+M%FCller", content_type=URLENCODED)
    assert body_of(client) == {"name": "René Müller"}


def test_a_multipart_form_names_its_files_and_keeps_none(client: FlaskClient) -> None:
    """An uploaded file's name is a field; its bytes go nowhere."""
    data = {"name": "Asha Rao", "tag": ["a", "b"], "cv": (io.BytesIO(b"secret" * 10_000), "asha.pdf")}
    assert client.post("/in/website", data=data, content_type="multipart/form-data").status_code == 200
    assert body_of(client) == {"name": "Asha Rao", "tag": ["a", "b"], "cv": "asha.pdf"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=Asha", "multipart/form-data"),
        (b"name=Asha", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb', "multipart/form-data; boundary=x"),
        (b"--x\r\nno header\r\n\r\nb\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x--", "multipart/form-data; boundary=\xe9"),
    ],
)
def test_a_broken_multipart_form_is_refused(client: FlaskClient, body: bytes, kind: str) -> None:
    """Half a lead is none."""
    answer = client.post("/in/website", data=body, content_type=kind, headers=JSON)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "invalid_multipart")


@pytest.mark.parametrize("trap", ["_gotcha", "_honey", "botcheck", "bot-field"])
def test_a_filled_honeypot_is_answered_like_any_post_and_held(client: FlaskClient, trap: str) -> None:
    """Robots learn nothing, and a person can look at what was held."""
    answer = client.post("/in/website", data={"name": "Robot", trap: "on"})
    assert (answer.status_code, answer.get_json()["leads"][0]["status"]) == (200, "accepted")
    (row,) = stored(client.application)
    assert (row["status"], row["reason"]) == ("held", "suspected_spam")


@pytest.mark.parametrize("untouched", ["", " ", False, None, "false", [""]])
def test_an_untouched_honeypot_is_none(client: FlaskClient, untouched: Any) -> None:
    """Forms send their hidden inputs empty."""
    client.post("/in/website", json={"name": "Asha", "botcheck": untouched})
    assert stored(client.application)[0]["reason"] is None


def test_a_robots_post_does_not_swallow_the_same_one_of_a_person(client: FlaskClient) -> None:
    """What is held as spam is never the first of a duplicate."""
    client.post("/in/website", data={"name": "Asha", "_gotcha": "x"})
    answer = client.post("/in/website", data={"name": "Asha"})
    assert answer.get_json()["leads"][0]["status"] == "accepted"


@pytest.mark.parametrize("body", ["&", "name=", "name=+&city=%20", "_next=https://a.example", "g-recaptcha-response=x"])
def test_an_empty_form_is_refused(client: FlaskClient, body: str) -> None:
    """Control fields alone are no lead."""
    answer = client.post("/in/website", data=body, content_type=URLENCODED)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "empty_form")


def test_control_fields_are_never_a_leads_fields() -> None:
    """Where to go next, honeypots and captcha answers say nothing of the person."""
    payload = {
        "name": "Asha",
        "_next": "https://a.example",
        "redirect": "https://a.example",
        "_subject": "New lead",
        "botcheck": "",
        "cf-turnstile-response": "x",
        "h-captcha-response": "x",
        "g-recaptcha-response": "x",
    }
    assert fields(payload) == {"name": "Asha"}


def test_the_same_form_is_a_duplicate_whatever_its_control_fields(client: FlaskClient) -> None:
    """A captcha's answer differs at each try, the lead does not."""
    one, two = (client.post("/in/website", data={"name": "Asha", "g-recaptcha-response": x}).get_json() for x in "ab")
    assert (two["leads"][0]["id"], two["leads"][0]["status"]) == (one["leads"][0]["id"], "duplicate")


def test_an_idempotency_key_tells_events_apart(client: FlaskClient) -> None:
    """The same content under two keys is two leads, two contents under one key are one."""
    sent = [("a", "Asha"), ("b", "Asha"), ("a", "Ravi")]
    answers = [client.post("/in/website", data={"name": n}, headers={"Idempotency-Key": k}).get_json() for k, n in sent]
    assert [answer["leads"][0]["status"] for answer in answers] == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "elementor.txt",
            {"name": "Asha Rao", "no_label_phone": "098765 43210", "form_id": "1a2b3c4", "form_name": "Hero"},
        ),
        ("elementor_advanced.txt", {"name": "Asha Rao", "phone": "098765 43210", "form_id": "1a2b3c4"}),
        (
            "contact_form_7.txt",
            {"your_name": "Asha Rao", "your_tel": "9876543210", "your_interests": ["Villa", "Plot"]},
        ),
    ],
)
def test_form_plugins_posts_are_read(client: FlaskClient, name: str, expected: dict[str, Any]) -> None:
    """As WordPress' plug-ins really send them."""
    body = (PAYLOADS / name).read_text(encoding="utf-8").strip()
    assert client.post("/in/website", data=body, content_type=URLENCODED).status_code == 200
    found = fields(body_of(client))
    assert {key: found.get(key) for key in expected} == expected
