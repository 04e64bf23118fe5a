"""Meta's lists: page by page, with cursors, filters and an end."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from ingest.sandbox import Sandbox

from .conftest import Caller

LEAD = {"full_name": "Asha Räo"}


def since(days: float, operator: str = "GREATER_THAN") -> str:
    """The filter for leads that came after so many days ago."""
    return json.dumps([{"field": "time_created", "operator": operator, "value": int(time.time() - days * 86_400)}])


def test_a_forms_leads_come_newest_first(box: Sandbox, caller: Caller) -> None:
    """A form's leads come newest first, page by page by Meta's own addresses, from the time that was asked for."""
    ids = [box.add_lead(LEAD, form_id="77", days_ago=days) for days in (4.5, 3.5, 2.5, 1.5, 0.5)]
    assert [lead["id"] for lead in caller.graph("77/leads")["data"]] == ids[::-1]
    found, answer = [], caller.graph("77/leads", limit="2", filtering=since(4), fields="id")
    while True:
        assert all(set(lead) == {"id"} for lead in answer["data"])
        found += [lead["id"] for lead in answer["data"]]
        following = answer["paging"].get("next")
        if not following:
            break
        assert urlsplit(following).netloc == urlsplit(box.url).netloc
        answer = requests.get(following, timeout=10).json()
    assert found == ids[:0:-1]
    assert caller.graph("78/leads")["error"]["error_subcode"] == 33
    older = caller.graph("77/leads", filtering=since(4, "LESS_THAN"), fields="id")
    assert older["data"] == [{"id": ids[0]}]


def test_the_next_pages_address_has_the_token(box: Sandbox, caller: Caller) -> None:
    """As at Meta, `paging.next` works by itself, which is why nobody should keep it; the sandbox does not."""
    for _ in range(2):
        box.add_lead(LEAD, form_id="77")
    paging = caller.graph("77/leads", "s3cret/+", limit="1")["paging"]
    query = parse_qs(urlsplit(paging["next"]).query)
    assert (query["access_token"], query["limit"], query["after"]) == (
        ["s3cret/+"],
        ["1"],
        [paging["cursors"]["after"]],
    )
    assert "s3cret" not in json.dumps(box.requests("graph"))


def test_a_lead_that_comes_meanwhile_moves_no_page(box: Sandbox, caller: Caller) -> None:
    """Cursors stay where they are when newer leads come."""
    ids = [box.add_lead(LEAD, form_id="77", days_ago=days) for days in (3, 2, 1)]
    first = caller.graph("77/leads", limit="2")
    box.add_lead(LEAD, form_id="77")
    second = caller.graph("77/leads", limit="2", after=first["paging"]["cursors"]["after"])
    assert [lead["id"] for lead in second["data"]] == ids[:1]


def test_leads_are_kept_for_ninety_days(box: Sandbox, caller: Caller) -> None:
    """A form lists no lead that is older."""
    box.add_lead(LEAD, form_id="77", days_ago=90.1)
    kept = box.add_lead(LEAD, form_id="77", days_ago=89.9)
    assert [lead["id"] for lead in caller.graph("77/leads")["data"]] == [kept]


def test_a_persons_pages(box: Sandbox, caller: Caller) -> None:
    """The pages of a token come with what may be done there, and a token each."""
    box.add_lead(LEAD, page_id="88")
    page = {one["id"]: one for one in caller.graph("me/accounts")["data"]}["88"]
    assert (page["name"], page["access_token"], "ADVERTISE" in page["tasks"]) == ("Page 88", "sandbox-page-88", True)
    assert {"id": "88", "name": "Page 88"} in caller.graph("me/accounts", fields="name")["data"]
    assert caller.graph("88") == {"id": "88", "name": "Page 88"}
    assert caller.graph("88", fields="access_token")["access_token"] == "sandbox-page-88"
    assert "sandbox-page" not in json.dumps([one["answer"] for one in box.requests("graph")])


@pytest.mark.parametrize(
    "args",
    [
        {"limit": "x"},
        {"filtering": "{"},
        {"filtering": "[3]"},
        {"filtering": '[{"a":1}]'},
        {"filtering": '[{"field":"name","operator":"EQUAL","value":1}]'},
        {"after": "bm9uZQ=="},
        {"after": "?"},
    ],
)
def test_wrong_questions(box: Sandbox, caller: Caller, args: dict[str, Any]) -> None:
    """A question that can't be understood is error 100."""
    box.add_lead(LEAD, form_id="77")
    assert caller.graph("77/leads", **args)["error"]["code"] == 100
