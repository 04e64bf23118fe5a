from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from ingest.inbox import Inbox, reads
from ingest.inbox.brakes import Pause
from ingest.inbox.fanout import Fan
from ingest.inbox.moves import Move
from ingest.inbox.reads import Filter
from ingest.inbox.turns import Turn
from ingest.models import Attempt, Outcome, Reason, Status, Verdict, utcnow
from tests.inbox.helpers import claim, event, leave, move, park, post, set_all, set_one, settle

FIELDS = ["id", "external_id", "endpoint", "channel", "received_at", "name", "phone", "deliveries"]
OF_A_DELIVERY = ["id", "campaign", "status", "reason", "error", "attempts", "updated_at"]


def leads(inbox: Inbox, limit: int | None = None, **wanted: Any) -> list[dict[str, Any]]:
    with inbox.reading() as connection:
        return list(reads.list_leads(connection, Filter(**wanted), limit))


def found(inbox: Inbox, asked: str) -> list[str]:
    with inbox.reading() as connection:
        return reads.find(connection, asked)


def test_a_lead_is_listed_with_the_fields_that_users_rely_on(inbox: Inbox) -> None:
    """The shape of `ingest leads --json`, times in UTC."""
    post(inbox, event("42"))
    [lead] = leads(inbox)
    assert lead.pop("raw") == (b'{"phone": "98765 43210"}', None)  # nobody has read yet who it is from
    assert list(lead) == FIELDS
    assert [list(one) for one in lead["deliveries"]] == [OF_A_DELIVERY]
    assert (lead["external_id"], lead["deliveries"][0]["status"]) == ("42", "pending")
    assert lead["received_at"].endswith("Z")
    assert json.loads(json.dumps(lead)) == lead


def test_each_filter_finds_its_leads_and_no_others(inbox: Inbox) -> None:
    """Every filter alone, and several together."""
    old, new = utcnow() - timedelta(days=3), utcnow()
    post(inbox, event("a", endpoint="acme/web", received_at=old), event("b", channel="zapier", received_at=new))
    for delivery in claim(inbox):
        if delivery.event.external_id == "a":
            park(inbox, delivery, Reason.NO_ROUTE, campaign="welcome")
            known = {"name": "Asha", "phone": "+919876543210"}
            known_person = Move(delivery.id, Status.HELD, {}, event=known, event_id=delivery.event.id)
            move(inbox, known_person)
    table: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["b", "a"]),
        ({"status": "held"}, ["a"]),
        ({"status": "pending"}, ["b"]),
        ({"reason": "no_route"}, ["a"]),
        ({"endpoint": "acme/web"}, ["a"]),
        ({"channel": "zapier"}, ["b"]),
        ({"campaign": "welcome"}, ["a"]),
        ({"phones": ("9876", "+919876543210")}, ["a"]),
        ({"since": old + timedelta(days=1)}, ["b"]),
        ({"until": old + timedelta(days=1)}, ["a"]),
        ({"since": old, "until": new + timedelta(days=1)}, ["b", "a"]),
        ({"status": "held", "channel": "zapier"}, []),
        ({"status": "held", "reason": "no_route", "endpoint": "acme/web", "campaign": "welcome"}, ["a"]),
    ]
    got = {str(wanted): [lead["external_id"] for lead in leads(inbox, **wanted)] for wanted, _ in table}
    assert got == {str(wanted): ids for wanted, ids in table}


def test_filters_ask_of_one_delivery_that_all_of_them_hold(inbox: Inbox) -> None:
    """`--status held --campaign b` is not met by a held delivery of campaign a beside a sent one of b."""
    one = event()
    post(inbox, one)
    [first] = claim(inbox)
    inbox.turn(Turn(further=[Fan(first, "w1", "a", ("b",))]))
    for delivery, campaign in zip([first, *claim(inbox)], ("a", "b"), strict=True):
        if campaign == "a":
            park(inbox, delivery, Reason.NO_ROUTE, campaign=campaign)
        else:
            leave(inbox, delivery, campaign=campaign)
    assert leads(inbox, status="held", campaign="b") == []
    [lead] = leads(inbox, status="held", campaign="a")
    assert len(lead["deliveries"]) == 2


def test_paging_gives_every_lead_once_the_newest_first(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many leads there are, and whatever the limit."""
    monkeypatch.setattr(reads, "PAGE", 7)
    start = utcnow()
    ids = post(inbox, *(event(received_at=start + timedelta(milliseconds=n)) for n in range(30)))
    for limit in (None, 0, 1, 6, 7, 8, 14, 29, 30, 31):
        assert [lead["id"] for lead in leads(inbox, limit)] == ids[::-1][:limit], limit


@pytest.mark.parametrize(
    ("pause", "reason"),
    [
        (Pause("default", Reason.ACCOUNT_PAUSED, "Insufficient credits"), "account_paused"),
        (Pause("default", Reason.NO_KEY, "Set AISENSY_API_KEY"), "no_key"),
    ],
)
def test_what_a_paused_account_holds_up_is_shown_as_waiting_and_why(inbox: Inbox, pause: Pause, reason: str) -> None:
    """A lead that would be sent now tells what it waits for; one that waits for another cause tells that one."""
    post(inbox, *(event(str(number)) for number in range(5)), event("other", account="acme"))
    values: dict[str, dict[str, Any]] = {
        "1": {"status": Status.WAITING, "reason": Reason.RETRY},
        "2": {"status": Status.WAITING, "reason": Reason.LEAD_UNAVAILABLE, "error": "throttled"},
        "3": {"status": Status.HELD, "reason": Reason.NO_ROUTE, "error": "no route"},
        "4": {"status": Status.SENT},
    }
    for delivery in claim(inbox):
        changed = values.get(delivery.event.external_id or "")
        if changed:
            set_one(inbox, delivery.id, **changed)
    inbox.pause(pause)
    shown = {lead["external_id"]: [lead["deliveries"][0][key] for key in OF_A_DELIVERY[2:5]] for lead in leads(inbox)}
    assert shown == {
        "0": ["waiting", reason, pause.message],
        "1": ["waiting", reason, pause.message],
        "2": ["waiting", "lead_unavailable", "throttled"],
        "3": ["held", "no_route", "no route"],
        "4": ["sent", None, None],
        "other": ["pending", None, None],
    }
    assert {lead["external_id"] for lead in leads(inbox, status="waiting", reason=reason)} == {"0", "1"}
    assert {lead["external_id"] for lead in leads(inbox, status="pending")} == {"other"}
    inbox.resume("default")
    claim(inbox)  # a worker that has the key ends the other brake
    assert {lead["external_id"] for lead in leads(inbox, status="pending")} == {"0", "other"}


def test_a_lead_is_found_by_its_id_a_prefix_or_its_external_id(inbox: Inbox) -> None:
    """What people paste into `ingest explain`; several answers where a prefix is not unique."""
    long_ago, now = utcnow() - timedelta(days=400), utcnow()
    [old, new] = post(inbox, event("vendor-1", received_at=long_ago), event("vendor-2", received_at=now))
    assert found(inbox, old) == found(inbox, old[:12]) == found(inbox, "vendor-1") == [old]
    common = next(old[:length] for length in range(20, -1, -1) if old[:length] == new[:length])
    assert found(inbox, common) == [new, old]
    assert found(inbox, "zzz") == found(inbox, f"{old}0") == found(inbox, "%") == found(inbox, "vendor") == []


def test_the_story_of_a_lead_has_every_attempt(inbox: Inbox) -> None:
    """What `ingest explain` tells: the event, each delivery with its request, and each try in order."""
    [lead] = post(inbox, event("42", "facebook:app", body=b'{"a": 1}'))
    [delivery] = claim(inbox)
    leave(inbox, delivery, request='{"campaignName": "c"}', tried="v1 v2", route="all", campaign="c")
    settle(
        inbox,
        delivery,
        Verdict.TRANSIENT,
        attempt=Attempt(1, utcnow(), 40, Outcome(Verdict.TRANSIENT, "busy", 503, "<html>")),
    )
    set_all(inbox, due_at=utcnow())
    [again] = claim(inbox)
    leave(inbox, again, request='{"campaignName": "c"}', version="v2", route="all", campaign="c")
    settle(inbox, again)
    with inbox.reading() as connection:
        story = reads.lead_story(connection, lead)
    [told] = story["deliveries"]
    assert (story["body"], story["sources"]) == (b'{"a": 1}', ["facebook:app"])
    assert (told["request"], told["version"], told["route"]) == ({"campaignName": "c"}, "v2", "all")
    assert [(one["number"], one["outcome"], one["status"]) for one in told["tries"]] == [
        (1, "transient", 503),
        (2, "sent", None),
    ]


def test_the_outcome_of_a_lead_is_in_the_order_of_its_routes(inbox: Inbox) -> None:
    """What `?wait=` answers."""
    one = event()
    [lead] = post(inbox, one)
    [first] = claim(inbox)
    inbox.turn(Turn(further=[Fan(first, "w1", "a", ("b", "c"))]))
    for delivery in [*claim(inbox), first]:
        leave(inbox, delivery, campaign=str(delivery.position))
        settle(inbox, delivery)
    assert [(told["campaign"], told["status"]) for told in inbox.outcome_of(lead)] == [(n, "sent") for n in "012"]
    assert inbox.outcome_of("nobody") == []


@pytest.mark.parametrize(
    "wanted", [{"status": one} for one in Status if one is not Status.SENT] + [{"reason": "retry"}]
)
def test_lists_of_what_did_not_go_through_look_at_few_leads(wanted: dict[str, Any], tmp_path: Path) -> None:
    """With a million that were sent, the one that is held is found at once."""
    with closing(Inbox(f"sqlite:///{tmp_path}/x.db")) as inbox, inbox.reading() as connection:
        asked: list[str] = []
        listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        list(reads.list_leads(connection, Filter(**wanted), 50))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", ("x",) * asked[0].count("?")).all()
    assert not [row.detail for row in plan if row.detail in {"SCAN events", "SCAN deliveries"}]
