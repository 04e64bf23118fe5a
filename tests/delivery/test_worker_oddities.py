"""What reviewers and life have come up with: each once went wrong, and is a promise now."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from ingest.delivery.retry import PAUSES
from ingest.inbox.tables import accounts
from ingest.models import utcnow
from tests.delivery.house import FORM, NO_CREDITS, House
from tests.inbox.helpers import expire, rows, wait_until

WELCOME = FORM.format(account="default", campaign="welcome")
FACEBOOK = WELCOME.replace("form", "facebook", 1)


def test_a_clock_that_jumps_ahead_sends_nothing_twice(house: House) -> None:
    """Leases that end early give a worker its own deliveries a second time; each person still gets one message."""
    house.write("_accounts", "accounts: {default: {in_flight: 1}}\n")
    house.box.fail(delay=0.3)
    leads = [house.lead(phone=f"98765{number:05}") for number in range(5)]
    house.work()
    wait_until(lambda: len(house.box.requests()) == 1, "the first request")
    expire(house.inbox)
    house.inbox.bell.ring()
    for lead in leads:
        wait_until(lambda lead=lead: house.outcome(lead)["status"] == "sent", "all sent")
    assert set(Counter(body["destination"] for body in house.sent()).values()) == {1}


def test_a_mapping_that_is_put_back_as_it_was_sends_what_it_held(house: House) -> None:
    """Broken for a moment and then reverted: what waited for a retry meanwhile goes out, too."""
    house.box.fail(next=1, status=503, headers={"Retry-After": "2"})
    house.work()
    lead = house.lead()
    house.until(lead, "waiting", "retry")
    house.write("website", "channel: form\nrequest: {campaignName: '{{ lead. }}'}\n")
    house.until(lead, "held", "mapping_broken")
    house.write("website", WELCOME)
    house.until(lead, "sent")


def test_a_graph_api_that_hangs_holds_up_only_its_own_leads(house: House) -> None:
    """Five hundred look-ups that hang do not keep a website's lead of the same account."""
    house.write("fb", FACEBOOK)
    house.box.fail(where="graph", hang=30)
    for number in range(500):
        house.facebook(str(9000 + number))
    house.work()
    wait_until(lambda: any(one.owner for one in rows(house.inbox)), "the look-ups")
    house.until(house.lead(), "sent")
    house.box.clear()


def test_account_refusals_cost_a_lead_no_retry(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the account was refused while a lead was its probe, a later 503 is retried."""
    monkeypatch.setattr("ingest.inbox.brakes.FIRST_PAUSE", timedelta(0))
    house.box.fail(next=len(PAUSES) + 1, status=402, body=NO_CREDITS)
    house.box.fail(next=1, status=503)
    house.work()
    lead = house.lead()
    told = house.until(lead, "sent")
    assert told["attempts"] == len(PAUSES) + 3
    assert rows(house.inbox, accounts) == []


def test_a_route_that_is_put_before_others_changes_no_delivery(house: House) -> None:
    """A further delivery is known by its route's name: it is neither sent as another, nor another's message twice."""
    routes = "routes:\n  - {name: first, continue: true}\n"
    routes += "  - {name: second, request: {campaignName: follow_up, userName: "
    house.write("website", WELCOME + routes + "'{{ lead.nick }}'}}\n")
    house.work()
    lead = house.lead()
    wait_until(lambda: [one["status"] for one in house.inbox.outcome_of(lead)] == ["sent", "held"], "both")
    new = routes.replace("routes:\n", "routes:\n  - {name: zero, when: lead.name == 'Asha Rao', continue: true}\n")
    house.write("website", WELCOME + new + "'{{ lead.name }}'}}\n")
    wait_until(lambda: house.both_sent(lead), "both sent")
    assert [body["campaignName"] for body in house.sent()] == ["welcome", "follow_up"]


def test_quiet_hours_that_begin_while_a_lead_waits_for_its_pace_are_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked when a request leaves, not when its lead was taken up."""
    house.write("_accounts", "accounts: {default: {pace: 1/second}}\n")
    quiet = [False]
    end = utcnow() + timedelta(hours=8)
    monkeypatch.setattr("ingest.delivery.recorder.quiet_until", lambda *_: end if quiet[0] else None)
    house.work()
    leads = [house.lead(name=str(number)) for number in range(4)]
    house.until(leads[0], "sent")
    quiet[0] = True
    house.until(leads[3], "waiting", "quiet_hours")


def test_an_answer_of_an_earlier_attempt_frees_no_place(house: House) -> None:
    """A late 503 of the first attempt does not undo what the second, sent one counts for."""
    house.write("website", WELCOME + "policy: {on_timeout: retry, duplicate: {within: 1h}}\n")
    house.box.fail(next=1, delay=2.0, status=503)
    house.work()
    lead = house.lead()
    house.until(lead, "sending")
    expire(house.inbox)
    house.inbox.sweep()
    house.until(lead, "sent")
    wait_until(lambda: len(house.verdicts(lead)) == 3, "the late answer")
    house.until(house.lead(name="again"), "skipped", "duplicate")
