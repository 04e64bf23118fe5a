from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.web import backlog
from tests.inbox.helpers import event, post
from tests.web.house import BEARER, ELEMENTOR, FORM, REQUEST, ZAPIER, House, site_of, stored

JSON = f"channel: json\nauth: {{token: ZAPIER_TOKEN}}{REQUEST}"
LEAD = {"name": "Asha", "phone": "98765 43210"}
HASTY = {
    "website": FORM,
    "elementor": ELEMENTOR.replace("ELEMENTOR_TOKEN", "ZAPIER_TOKEN"),
    "webflow": f"channel: webflow\nauth: {{token: ZAPIER_TOKEN}}{REQUEST}",
}


def fill(client: FlaskClient, count: int, account: str = "default") -> None:
    """Let so many deliveries wait."""
    post(site_of(client.application).inbox, *(event(account=account) for _ in range(count)))


@pytest.fixture
def client(house: House) -> FlaskClient:
    mappings = {"zapier": ZAPIER, "json": JSON, "acme": f"account: acme\n{ZAPIER}", **HASTY}
    return house.client(mappings, max_waiting=3)


@pytest.mark.parametrize("name", ["zapier", "json"])
def test_a_sender_that_comes_again_is_told_to_when_too_much_waits(client: FlaskClient, name: str) -> None:
    """429 with `Retry-After`, in words, and nothing of the lead is stored."""
    fill(client, 4)
    answer = client.post(f"/in/{name}", json=LEAD, headers=BEARER)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (429, "too_much_waiting")
    assert 30 <= int(answer.headers["Retry-After"]) <= 3600
    assert len(stored(client.application)) == 4


def test_as_many_as_are_allowed_may_wait(client: FlaskClient) -> None:
    """One more is too much."""
    fill(client, 3)
    assert client.post("/in/zapier", json=LEAD, headers=BEARER).status_code == 200


@pytest.mark.parametrize("name", HASTY)
def test_who_does_not_come_again_is_never_refused_for_it(client: FlaskClient, name: str) -> None:
    """A visitor's lead would be lost."""
    fill(client, 10)
    lead = {"payload": {"data": LEAD}} if name == "webflow" else LEAD
    answer = client.post(f"/in/{name}", json=lead, headers=BEARER)
    assert answer.status_code == 200


def test_the_backlog_of_one_account_refuses_nobody_elses_leads(client: FlaskClient) -> None:
    """Each has its own."""
    fill(client, 10, "acme")
    assert client.post("/in/zapier", json=LEAD, headers=BEARER).status_code == 200
    assert client.post("/in/acme", json=LEAD, headers=BEARER).status_code == 429


def test_without_the_token_nobody_is_told(client: FlaskClient) -> None:
    """How much waits is nobody's business."""
    fill(client, 10)
    assert client.post("/in/zapier", json=LEAD).status_code == 401


def test_zero_is_no_limit(house: House) -> None:
    """For those who had rather keep whatever comes."""
    client = house.client({"zapier": ZAPIER}, max_waiting=0)
    fill(client, 10)
    assert client.post("/in/zapier", json=LEAD, headers=BEARER).status_code == 200


def test_it_is_counted_anew_after_a_while_and_not_before(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every five seconds at most; so a lead more or less gets in."""
    assert client.post("/in/zapier", json=LEAD, headers=BEARER).status_code == 200
    fill(client, 10)
    assert client.post("/in/zapier", json={"a": 1}, headers=BEARER).status_code == 200
    monkeypatch.setattr(backlog, "KEPT", 0.0)
    assert client.post("/in/zapier", json={"a": 2}, headers=BEARER).status_code == 429


def test_a_count_that_can_not_be_had_refuses_nobody(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the lead can be stored is another question."""
    fill(client, 10)

    def fail(*_: Any) -> bool:
        raise StoreError("busy")

    monkeypatch.setattr(site_of(client.application).inbox, "waits_more_than", fail)
    assert client.post("/in/zapier", json=LEAD, headers=BEARER).status_code == 200


def test_nobody_waits_for_somebody_elses_count(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one counts, the others go by what was known."""
    app = house.open({"zapier": ZAPIER}, max_waiting=3)
    counting, go_on = threading.Event(), threading.Event()

    def slow(*_: Any) -> bool:
        counting.set()
        return go_on.wait(30)

    monkeypatch.setattr(Inbox, "waits_more_than", slow)
    answers: list[int] = []

    def first() -> None:
        answers.append(app.test_client().post("/in/zapier", json=LEAD, headers=BEARER).status_code)

    thread = threading.Thread(target=first)
    thread.start()
    assert counting.wait(30)
    assert app.test_client().post("/in/zapier", json={"a": 1}, headers=BEARER).status_code == 200
    assert answers == []
    go_on.set()
    thread.join()
    assert answers == [429]
