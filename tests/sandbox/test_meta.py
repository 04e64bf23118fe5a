from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask import Flask, request

from ingest.sandbox import Sandbox
from ingest.sandbox.server import Server
from ingest.sandbox.state import State

from .conftest import Caller

TOKEN = "verify"
LEADS = [{"full_name": "Asha Räo", "phone_number": "+919876543210"}, {"full_name": "Ravi", "page_id": "99"}]


class Endpoint:
    """A receiver of webhooks: answers with each status of `statuses`, then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self._server = Server("127.0.0.1", 0, State())
        self._server.app = self._app()
        self.url = f"{self._server.url}/in/facebook"
        self._server.start()

    def _app(self) -> Flask:
        app = Flask(__name__)

        @app.get("/in/facebook")
        def challenge() -> Any:
            right = request.args.get("hub.verify_token") == TOKEN and request.args.get("hub.mode") == "subscribe"
            return request.args["hub.challenge"] if right else ("no", 403)

        @app.post("/in/facebook")
        def receive() -> Any:
            self.bodies.append(request.get_data())
            self.signatures.append(request.headers["X-Hub-Signature-256"])
            return "", self.statuses.pop(0) if self.statuses else 200

        return app

    def close(self) -> None:
        self._server.stop()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


def test_handshake(box: Sandbox, caller: Caller, endpoint: Endpoint) -> None:
    """The sandbox tells whether an endpoint passes Meta's handshake."""
    assert box.handshake(endpoint.url, TOKEN)["ok"] is True
    told = caller.call("POST", "/control/meta/handshake", {"url": endpoint.url, "verify_token": "wrong"}).json()
    assert told == {"ok": False, "status": 403, "answer": "no"}
    assert box.handshake("http://127.0.0.1:9/", TOKEN)["ok"] is False


def test_subscription_calls_the_endpoint(box: Sandbox, caller: Caller, endpoint: Endpoint) -> None:
    """Setting up a webhook calls its endpoint at once, and fails where the challenge is not answered."""
    form = {"object": "page", "fields": "leadgen", "callback_url": endpoint.url, "access_token": "a"}
    url = f"{box.graph_url}/1/subscriptions"
    assert requests.post(url, data=form | {"verify_token": "wrong"}, timeout=10).json()["error"]["code"] == 2200
    assert requests.post(url, data=form | {"verify_token": TOKEN}, timeout=10).json() == {"success": True}
    assert caller.graph("1/subscriptions")["data"][0]["callback_url"] == endpoint.url


def test_leads_are_told_signed(box: Sandbox, endpoint: Endpoint) -> None:
    """Leads come in one signed POST, an entry for each page, and the Graph API shows them."""
    told = box.meta(endpoint.url, LEADS, app_secret="secret", page_id="88", form_id="77")
    assert told["deliveries"] == [{"ids": told["ids"], "status": 200, "attempts": 1}]
    [body], [signature] = endpoint.bodies, endpoint.signatures
    assert signature == "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert body.isascii()
    assert b": " not in body, "compact"
    entries = json.loads(body)["entry"]
    assert [entry["id"] for entry in entries] == ["88", "99"]
    assert [change["value"]["leadgen_id"] for entry in entries for change in entry["changes"]] == told["ids"]
    assert entries[0]["changes"][0]["value"]["form_id"] == "77"
    assert box.state.leads.find(told["ids"][0]) is not None


def test_leads_are_told_again(box: Sandbox, caller: Caller, endpoint: Endpoint) -> None:
    """Anything but 200 is told again, the same body, until it is 200."""
    endpoint.statuses = [503, 204]
    order = {"url": endpoint.url, "leads": LEADS, "batch": 1, "pause": 0.01}
    told = caller.call("POST", "/control/meta/leads", order).json()
    assert [(one["status"], one["attempts"]) for one in told["deliveries"]] == [(200, 3), (200, 1)]
    assert endpoint.bodies[0] == endpoint.bodies[1] == endpoint.bodies[2] != endpoint.bodies[3]
    assert len(box.requests()) == 0


def test_leads_are_given_up(box: Sandbox) -> None:
    """Where nobody answers, the sandbox gives up and says so."""
    told = box.meta("http://127.0.0.1:9/", LEADS, retries=1, pause=0.01)
    assert [(one["status"], one["attempts"]) for one in told["deliveries"]] == [(None, 2)]


@pytest.mark.parametrize(
    "order",
    [
        {"url": "http://a", "leads": [{}], "odd": ["even"]},
        {"url": "http://a", "leads": [{}], "drop": -1},
        {},
        {"url": "ftp://a", "leads": [{}]},
        {"url": "http://a", "leads": []},
        {"url": "http://a", "leads": [1]},
    ],
)
def test_wrong_orders(caller: Caller, order: dict[str, Any]) -> None:
    """An order that can't be understood is refused in words."""
    assert caller.call("POST", "/control/meta/leads", order).status_code == 400


def test_the_same_lead_twice(box: Sandbox, endpoint: Endpoint) -> None:
    """A lead with an id of its own can be told twice, as Meta does at times."""
    for _ in range(2):
        box.meta(endpoint.url, [{"id": "123", "full_name": "Asha"}])
    ids = [json.loads(body)["entry"][0]["changes"][0]["value"]["leadgen_id"] for body in endpoint.bodies]
    assert ids == ["123", "123"]


def values(endpoint: Endpoint) -> list[dict[str, Any]]:
    """What the webhooks told of leads, in order."""
    entries = [entry for body in endpoint.bodies for entry in json.loads(body)["entry"]]
    return [change["value"] for entry in entries for change in entry["changes"] if change["field"] == "leadgen"]


@pytest.mark.parametrize(("drop", "count"), [(0.5, 5), (3, 3), (0, 0), (99, 10)])
def test_webhooks_are_dropped(caller: Caller, endpoint: Endpoint, drop: float, count: int) -> None:
    """A share or a number of the leads is never told, and Meta has them all the same."""
    order = {"url": endpoint.url, "leads": [{"full_name": f"Person {n}"} for n in range(10)], "drop": drop}
    told = caller.call("POST", "/control/meta/leads", order).json()
    assert (len(told["ids"]), len(told["dropped"])) == (10, count)
    assert {one["leadgen_id"] for one in values(endpoint)} == set(told["ids"]) - set(told["dropped"])
    assert all(caller.graph(lead_id)["id"] == lead_id for lead_id in told["ids"])


def test_webhooks_are_repeated(box: Sandbox, endpoint: Endpoint) -> None:
    """Each POST comes as often as was told, the same one."""
    told = box.meta(endpoint.url, LEADS, repeat=3)
    assert len(told["deliveries"]) == 3
    assert endpoint.bodies == endpoint.bodies[:1] * 3


def test_old_leads(box: Sandbox, caller: Caller, endpoint: Endpoint) -> None:
    """Leads may be as old as was told."""
    told = box.meta(endpoint.url, [LEADS[0]], days_ago=30)
    made = datetime.fromisoformat(caller.graph(told["ids"][0])["created_time"])
    assert timedelta(days=29.9) < datetime.now(UTC) - made < timedelta(days=30.1)


def test_test_leads(caller: Caller, endpoint: Endpoint) -> None:
    """A test lead has the dummies of Meta's tool for answers, and belongs to no ad."""
    order = {"url": endpoint.url, "leads": [{"full_name": "", "email": "", "ad_id": "4"}], "test": True}
    told = caller.call("POST", "/control/meta/leads", order).json()
    lead = caller.graph(told["ids"][0], fields="field_data,is_organic,ad_id")
    answers = {one["name"]: one["values"] for one in lead["field_data"]}
    assert answers["full_name"] == ["<test lead: dummy data for full_name>"]
    assert answers["email"] == ["test@meta.com"]
    assert (lead["is_organic"], "ad_id" in lead) == (True, False)


def test_webhooks_look_odd(box: Sandbox, endpoint: Endpoint) -> None:
    """The entry's id may be "0", ids may be numbers, and there may be more than is documented, in Meta's escapes."""
    odd = ["entry_0", "numbers", "unknown"]
    told = box.meta(endpoint.url, [LEADS[0]], page_id="88", form_id="77", odd=odd)
    [body] = endpoint.bodies
    [entry] = json.loads(body)["entry"]
    assert entry["id"] == 0
    assert [change["field"] for change in entry["changes"]] == ["feed", "leadgen"]
    [value] = values(endpoint)
    assert (value["leadgen_id"], value["page_id"], value["form_id"]) == (int(told["ids"][0]), 88, 77)
    assert b"\\ud83e\\ude94" in body
    assert b"\\/" in body
    box.meta(endpoint.url, [LEADS[0]], odd=["entry_0"])
    assert json.loads(endpoint.bodies[1])["entry"][0]["id"] == "0"
