"""What Meta does not give: because of its limits, of a token, of a page."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from ingest.sandbox import Sandbox

from .conftest import Caller

LEAD = {"full_name": "Asha Rao"}


def usage(box: Sandbox) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an answer's headers tell of the app and of the business."""
    headers = requests.get(f"{box.graph_url}/1", params={"access_token": "any"}, timeout=10).headers
    return json.loads(headers["X-App-Usage"]), json.loads(headers["X-Business-Use-Case-Usage"])


def test_every_answer_tells_how_much_is_used_up(box: Sandbox, caller: Caller) -> None:
    """The headers have Meta's shapes, and the numbers that were told."""
    app, business = usage(box)
    assert app == {"call_count": 0, "total_cputime": 0, "total_time": 0}
    [[told]] = business.values()
    assert told == {"type": "leadgen", **app, "estimated_time_to_regain_access": 0}
    caller.call("POST", "/control/graph/usage", {"app": {"call_count": 96}, "business": {"total_time": 97}})
    app, business = usage(box)
    assert (app["call_count"], next(iter(business.values()))[0]["total_time"]) == (96, 97)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"app": {"total_cputime": 100}}, 4),
        ({"business": {"call_count": 120}}, 80005),
        ({"business": {"estimated_time_to_regain_access": 19}}, 80005),
    ],
)
def test_beyond_a_limit_meta_gives_nothing(box: Sandbox, caller: Caller, told: dict[str, Any], code: int) -> None:
    """Calls alone and in batches are refused with Meta's codes until there is room again."""
    lead_id = box.add_lead(LEAD)
    caller.call("POST", "/control/graph/usage", told)
    assert caller.graph(lead_id)["error"]["code"] == code
    assert caller.batch([lead_id])["error"]["code"] == code
    caller.call("POST", "/control/graph/usage", {})
    assert caller.graph(lead_id)["id"] == lead_id


def test_a_token_expires(box: Sandbox, caller: Caller) -> None:
    """From its end on a token gets 190/463, and `debug_token` tells when that is, or was."""
    lead_id = box.add_lead(LEAD)
    caller.call("POST", "/control/graph/token", {"token": "short", "expires_in": 3600})
    told = caller.graph("debug_token", input_token="short")["data"]
    assert told["is_valid"] is True
    assert told["expires_at"] == pytest.approx(time.time() + 3600, abs=10)
    assert caller.graph(lead_id, "short")["id"] == lead_id
    caller.call("POST", "/control/graph/token", {"token": "short", "expires_in": 0})
    error = caller.graph(lead_id, "short")["error"]
    assert (error["code"], error["error_subcode"], error["type"]) == (190, 463, "OAuthException")
    told = caller.graph("debug_token", input_token="short")["data"]
    assert (told["is_valid"], told["scopes"], told["error"]["subcode"]) == (False, [], 463)
    assert caller.graph(lead_id, "another")["id"] == lead_id
    caller.call("POST", "/control/graph/token", {"token": "short", "expires_at": 0})
    assert caller.graph(lead_id, "short")["id"] == lead_id


def test_a_token_is_invalidated(box: Sandbox, caller: Caller) -> None:
    """It gets 190/460, and `debug_token` tells it to whoever has another one."""
    lead_id = box.add_lead(LEAD)
    caller.call("POST", "/control/graph/token", {"token": "user", "is_valid": False})
    for path in (lead_id, "debug_token"):
        assert caller.graph(path, "user", input_token="user")["error"]["error_subcode"] == 460
    assert caller.graph("debug_token", "1|secret", input_token="user")["data"]["is_valid"] is False


def test_a_page_is_subscribed_or_not(caller: Caller) -> None:
    """Whether it is can be told."""
    for subscribed in (True, False):
        caller.call("POST", "/control/graph/page", {"page_id": "88", "subscribed": subscribed})
        assert bool(caller.graph("88/subscribed_apps")["data"]) is subscribed


def test_a_token_may_do_what_its_scopes_say(box: Sandbox, caller: Caller) -> None:
    """Without its scope each kind of thing is refused, and `debug_token` lists those that there are."""
    lead_id = box.add_lead(LEAD, page_id="88", form_id="77")
    paths = {
        lead_id: "leads_retrieval",
        "77/leads": "leads_retrieval",
        "88/leadgen_forms": "pages_manage_ads",
        "88/subscribed_apps": "pages_manage_metadata",
        "88": "pages_read_engagement",
        "me/accounts": "pages_show_list",
    }
    every = caller.graph("debug_token", input_token="t")["data"]["scopes"]
    for path, scope in paths.items():
        caller.call("POST", "/control/graph/token", {"token": "t", "scopes": [one for one in every if one != scope]})
        assert caller.graph(path, "t")["error"]["code"] == (10 if path == "88" else 200), path
        assert "error" not in caller.graph(path, "another"), path
    assert "pages_show_list" not in caller.graph("debug_token", input_token="t")["data"]["scopes"]


@pytest.mark.parametrize("code", [10, 200])
def test_a_page_is_denied(box: Sandbox, caller: Caller, code: int) -> None:
    """All of a page answers with the code, and nothing of another page does."""
    lead_id, other = box.add_lead(LEAD, page_id="88", form_id="77"), box.add_lead(LEAD, page_id="99", form_id="78")
    caller.call("POST", "/control/graph/page", {"page_id": "88", "denied": code})
    for path in (lead_id, "77", "77/leads", "88", "88/leadgen_forms", "88/subscribed_apps"):
        assert caller.graph(path)["error"]["code"] == code, path
    first, second = caller.batch([lead_id, other])
    assert (first["code"], second["code"]) == (403, 200)
    caller.call("POST", "/control/graph/page", {"page_id": "88"})
    assert caller.graph(lead_id)["id"] == lead_id


def test_the_lead_access_manager_hides_leads(box: Sandbox, caller: Caller) -> None:
    """A page's leads seem gone and its forms empty, without a word; all else of the page is there."""
    lead_id = box.add_lead(LEAD, page_id="88", form_id="77")
    access = "has_lead_access.user_id(1)"
    assert caller.graph("88", fields=f"id,{access}")["has_lead_access"]["can_access_lead"] is True
    caller.call("POST", "/control/graph/page", {"page_id": "88", "lead_access": False})
    error = caller.graph(lead_id)["error"]
    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert caller.graph("77/leads") == {"data": []}
    assert caller.graph("77", fields="name") == {"id": "77", "name": "Form 77"}
    assert caller.graph("88", fields=f"id,{access}")["has_lead_access"]["can_access_lead"] is False


def test_a_share_of_all_look_ups_fails(box: Sandbox, caller: Caller) -> None:
    """A fault for the lead `*` strikes look-ups one by one, those within batches too."""
    ids = [box.add_lead(LEAD) for _ in range(3)]
    box.fail(where="graph", lead="*", next=2, null=True)
    assert [one is None for one in caller.batch(ids)] == [True, True, False]
    box.fail(where="graph", lead="*", share=1, status=500, body={"error": {"code": 2}})
    assert caller.graph(ids[0]) == {"error": {"code": 2}}


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("token", {"expires_in": 1}),
        ("token", {"token": "a", "expires_at": -1}),
        ("page", {"denied": 10}),
        ("usage", {"app": {"calls": 1}}),
        ("usage", {"business": {"call_count": -1}}),
    ],
)
def test_wrong_orders_are_refused_in_words(caller: Caller, path: str, order: dict[str, Any]) -> None:
    """An order that can't be understood changes nothing."""
    assert caller.call("POST", f"/control/graph/{path}", order).json()["error"]["code"] == "invalid"
