from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.inbox import Inbox
from ingest.models import Reason, Status, utcnow
from ingest.web.waiting import Waiting
from tests.inbox.helpers import set_one
from tests.web.house import BEARER, FORM, ZAPIER, House, site_of, stored


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"zapier": ZAPIER, "website": FORM})


def settle(inbox: Inbox, lead: str, status: Status, reason: Reason | None = None) -> None:
    """Do as the worker does with a delivery that it is done with."""
    (delivery,) = inbox.outcome_of(lead)
    set_one(inbox, delivery["id"], status=status, reason=reason, error="why", due_at=utcnow())


def test_an_answer_that_waits_tells_the_outcome(client: FlaskClient) -> None:
    """It comes as soon as there is one, long before the time is over."""
    inbox = site_of(client.application).inbox

    def work() -> None:
        while not (rows := stored(client.application)):
            time.sleep(0.01)
        settle(inbox, rows[0]["id"], Status.HELD, Reason.PHONE_INVALID)

    worker = threading.Thread(target=work)
    worker.start()
    answer = client.post("/in/zapier?wait=10", json={"a": 1}, headers=BEARER).get_json()
    worker.join()
    assert answer["leads"][0]["deliveries"] == [{"status": "held", "reason": "phone_invalid", "error": "why"}]


@pytest.mark.parametrize(
    ("status", "reason", "stored_error", "told"),
    [
        (Status.SENT, None, None, None),
        (Status.HELD, Reason.AMBIGUOUS, "Nobody knows", "Nobody knows"),
        (Status.FAILED, Reason.NUMBER_REJECTED, "Invalid Number", "Invalid Number"),
        (Status.SKIPPED, Reason.OPTED_OUT, "The person asked for no messages", "The person asked for no messages"),
        (Status.SKIPPED, Reason.DISCARDED, None, "It was given up by a person"),
        (Status.WAITING, Reason.QUIET_HOURS, None, "It is sent when the mapping's quiet hours are over"),
        (Status.WAITING, Reason.NO_KEY, "Set AISENSY_API_KEY", "Set AISENSY_API_KEY"),
    ],
)
def test_whatever_became_of_it_is_told_in_words(
    client: FlaskClient, status: Status, reason: Reason | None, stored_error: str | None, told: str | None
) -> None:
    """A Zap shows `error` to its owner; only what is sent, or still on its way, has none."""
    (lead,) = client.post("/in/zapier", json={"a": 1}, headers=BEARER).get_json()["leads"]
    inbox = site_of(client.application).inbox
    (delivery,) = inbox.outcome_of(lead["id"])
    set_one(inbox, delivery["id"], status=status, reason=reason, error=stored_error)
    (again,) = client.post("/in/zapier?wait=10", json={"a": 1}, headers=BEARER).get_json()["leads"]
    assert again["status"] == "duplicate"
    assert again["deliveries"] == [{"status": status, "reason": reason, "error": told}]


def test_when_the_time_is_over_the_answer_comes_as_things_are(client: FlaskClient) -> None:
    """The lead is stored either way."""
    answer = client.post("/in/zapier?wait=0.05", json=[{"a": 1}, {"a": 1}], headers=BEARER).get_json()
    assert [lead["deliveries"][0]["status"] for lead in answer["leads"]] == ["pending", "pending"]


def test_a_delivery_that_is_tried_again_at_once_has_no_outcome_yet() -> None:
    """A first failure is retried within the time that a sender waits."""

    class Retrying:
        def __init__(self) -> None:
            self.asked = 0

        def outcome_of(self, _: str) -> list[dict[str, Any]]:
            self.asked += 1
            done = self.asked > 3
            return [{"status": "sent" if done else "waiting", "reason": None if done else "retry", "error": None}]

    (found,) = Waiting(Retrying()).deliveries(["x"], 5)  # type: ignore[arg-type] # all that is asked of it
    assert found == [{"status": "sent", "reason": None, "error": None}]


def test_only_so_many_wait_at_a_time(house: House) -> None:
    """Whoever comes then is answered at once, with what is known."""
    app = house.open({"zapier": ZAPIER})
    (lead,) = (one["id"] for one in app.test_client().post("/in/zapier", json={"a": 1}, headers=BEARER).json["leads"])
    waiting = Waiting(site_of(app).inbox, 2)
    threads = [threading.Thread(target=waiting.deliveries, args=([lead], 10)) for _ in range(2)]
    for thread in threads:
        thread.start()
    while waiting._seats._value:
        time.sleep(0.01)
    began = time.monotonic()
    assert waiting.deliveries([lead], 10)[0][0]["status"] == "pending"
    assert time.monotonic() - began < 5
    settle(site_of(app).inbox, lead, Status.SENT)
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("wait", ["0", "0.0", "5e-324", "1.2334596960734863E-165"])
def test_no_time_at_all_is_a_time_however_it_is_written(client: FlaskClient, wait: str) -> None:
    """Programs write small numbers in their own ways."""
    answer = client.post("/in/zapier", query_string={"wait": wait}, json={"a": 1}, headers=BEARER)
    assert answer.get_json()["leads"][0]["deliveries"][0]["status"] == "pending"


@pytest.mark.parametrize("wait", ["", "x", "-1", "1e3", "nan", "inf", "٣", "1 0", "0x1"])
def test_a_wait_that_is_no_number_is_refused(client: FlaskClient, wait: str) -> None:
    """Before anything is stored."""
    answer = client.post("/in/zapier", query_string={"wait": wait}, json={"a": 1}, headers=BEARER)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "invalid_wait")
    assert stored(client.application) == []
