from __future__ import annotations

import requests

from ingest.sandbox import Sandbox

from .conftest import Caller


def test_a_users_pages_come_with_tokens_of_their_own(box: Sandbox, caller: Caller) -> None:
    """Each page has a token, which is one also where only some are told."""
    box.state.leads.name("1", "88", page="Acme")
    box.state.tokens = frozenset({"user"})
    (page,) = [one for one in caller.graph("me/accounts", "user")["data"] if one["id"] == "88"]
    assert page["name"] == "Acme"
    assert caller.graph("88/subscribed_apps", page["access_token"]) == {"data": []}
    assert caller.graph("debug_token", "user", input_token=page["access_token"])["data"]["type"] == "PAGE"


def test_a_token_of_the_wrong_kind_is_refused_once_tokens_are_told(box: Sandbox, caller: Caller) -> None:
    """As at Meta: pages want their own, and apps theirs."""
    box.state.tokens = frozenset({"user"})
    box.state.app_secret = None
    assert caller.graph("88/subscribed_apps", "user")["error"]["code"] == 210
    assert caller.graph("1/subscriptions", "user")["error"]["code"] == 15
    assert caller.graph("1/subscriptions", "1|secret") == {"data": []}


def test_an_apps_token_wants_the_apps_secret(box: Sandbox, caller: Caller) -> None:
    """A wrong secret makes no token."""
    box.state.app_secret = "right"
    assert caller.graph("1/subscriptions", "1|wrong")["error"]["code"] == 190


def test_a_page_that_tells_of_leads_is_subscribed(box: Sandbox, caller: Caller) -> None:
    """Who gets webhooks is subscribed to them, until somebody ends it."""
    order = {"url": f"{box.url}/nowhere", "retries": 0}
    box.meta(leads=[{"full_name": "Asha"}], page_id="88", **order)
    assert caller.graph("88/subscribed_apps")["data"][0]["subscribed_fields"] == ["leadgen"]
    assert caller.graph("1/subscriptions")["data"][0]["fields"] == [{"name": "leadgen", "version": "v26.0"}]
    url = f"{box.graph_url}/88/subscribed_apps"
    assert requests.delete(url, headers={"Authorization": "Bearer any"}, timeout=10).json() == {"success": True}
    box.meta(leads=[{"full_name": "Asha"}], page_id="88", **order)
    assert caller.graph("88/subscribed_apps") == {"data": []}
