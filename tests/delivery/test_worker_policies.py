"""What a mapping's policy and an account's pace come to, from the stored lead to AiSensy, on both stores."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from ingest.inbox.tables import campaigns
from ingest.models import utcnow
from tests.delivery.house import FORM, House
from tests.inbox.helpers import rows, wait_until

WELCOME = FORM.format(account="default", campaign="welcome")


def ended(house: House, leads: list[str]) -> Counter[tuple[str, str | None]]:
    """How many leads stand how, once none is under way any more."""

    def told() -> Counter[tuple[str, str | None]] | None:
        states = Counter((one["status"], one["reason"]) for lead in leads for one in house.inbox.outcome_of(lead))
        return None if {"pending", "sending"} & {status for status, _ in states} else states

    return wait_until(told, "the end of all") or Counter()


def test_the_same_message_goes_out_once(any_house: House) -> None:
    """Twenty leads of one person, and two workers: one message, nineteen skips that say why."""
    any_house.write("website", WELCOME + "policy: {duplicate: {within: 24h}}\n")
    leads = [any_house.lead(name=f"Asha {number}") for number in range(20)]
    any_house.work("w1")
    any_house.work("w2")
    assert ended(any_house, leads) == {("sent", None): 1, ("skipped", "duplicate"): 19}
    assert len(any_house.sent()) == 1


def test_a_duplicate_is_what_the_mapping_says(house: House) -> None:
    """`by` may be any expression; where it is absent nothing is a duplicate."""
    house.write("website", WELCOME + 'policy: {duplicate: {by: "{{ lead.order }}", within: 1h}}\n')
    house.work()
    leads = [house.lead(**fields) for fields in ({"order": "1"}, {"order": "2"}, {"order": "1"}, {}, {})]
    assert ended(house, leads) == {("sent", None): 4, ("skipped", "duplicate"): 1}


def test_a_person_gets_no_more_than_the_cap(any_house: House) -> None:
    """Counted by person: the fourth message of one is skipped, another's first is sent."""
    any_house.write("website", WELCOME + "policy: {cap: 3/week}\n")
    leads = [any_house.lead(name=str(number)) for number in range(5)] + [any_house.lead(phone="98765 43211")]
    any_house.work("w1")
    any_house.work("w2")
    assert ended(any_house, leads) == {("sent", None): 4, ("skipped", "cap_reached"): 2}
    assert Counter(body["destination"] for body in any_house.sent()) == {"+919876543210": 3, "+919876543211": 1}


def test_what_aisensy_refused_counts_for_nothing(house: House) -> None:
    """A number that AiSensy refused does not use up the cap."""
    house.write("website", WELCOME + "policy: {cap: 1/week}\n")
    house.box.fail(next=1, status=400, body={"message": "Invalid Number"})
    house.work()
    first = house.lead(name="1")
    house.until(first, "failed", "number_rejected")
    house.until(house.lead(name="2"), "sent")


def test_who_opted_out_is_skipped_and_nobody_else(any_house: House) -> None:
    """The list is the same for every mapping."""
    any_house.inbox.opt_out("+919876543210")
    any_house.work()
    any_house.until(any_house.lead(), "skipped", "opted_out")
    any_house.until(any_house.lead(phone="98765 43211"), "sent")
    assert [body["destination"] for body in any_house.sent()] == ["+919876543211"]


def test_in_quiet_hours_a_lead_waits_for_their_end(house: House) -> None:
    """It waits, with the time, and takes no place under a cap; a replay does not wake anybody either."""
    now = utcnow()
    start, end = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 2))
    hours = f'{{from: "{start}", to: "{end}", zone: UTC}}'
    house.write("website", WELCOME + f"policy: {{cap: 1/week, quiet_hours: {hours}}}\n")
    house.work()
    first, second = house.lead(name="1"), house.lead(name="2")
    for lead in (first, second):
        house.until(lead, "waiting", "quiet_hours")
    house.inbox.replay([house.outcome(first)["id"]])
    house.until(first, "waiting", "quiet_hours")
    assert house.sent() == []


@pytest.mark.parametrize(("replayed", "status", "reason"), [(False, "held", "too_old"), (True, "sent", None)])
def test_an_old_lead_is_held_and_sent_when_a_person_says_so(
    *, house: House, replayed: bool, status: str, reason: str | None
) -> None:
    """`max_age` holds, a replay overrules it."""
    house.write("fb", WELCOME.replace("form", "facebook", 1) + "policy: {max_age: 24h}\n")
    long_ago = (utcnow() - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    known = house.box.add_lead({"phone": "+919876543210", "name": "Asha", "created_time": long_ago})
    house.work()
    lead = house.facebook(known)
    house.until(lead, "held", "too_old")
    if replayed:
        house.inbox.replay([house.outcome(lead)["id"]])
    house.until(lead, status, reason)


def test_a_campaign_that_does_not_exist_costs_one_request(any_house: House) -> None:
    """The first answer pauses it: later leads are held without asking; those that came at once may have asked too."""
    any_house.box.campaigns({"other": {}})
    any_house.work()
    any_house.until(any_house.lead(name="0"), "held", "campaign_rejected")
    leads = [any_house.lead(name=str(number)) for number in range(1, 30)]
    assert ended(any_house, leads) == {("held", "campaign_rejected"): 29}
    assert len(any_house.box.requests()) == 1
    assert "refused this campaign before" in any_house.outcome(leads[0])["error"]
    any_house.box.campaigns({"mended": {}})
    any_house.write("website", FORM.format(account="default", campaign="mended"))
    for lead in leads:
        any_house.until(lead, "sent")


def test_a_campaign_that_is_mended_in_aisensy_is_found_out(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its pause one lead tries; when it is sent all that were held without a request go out by themselves."""
    monkeypatch.setattr("ingest.inbox.brakes.FIRST_PAUSE", timedelta(seconds=1))
    monkeypatch.setattr("ingest.delivery.worker.CHORES", 0.2)
    any_house.box.campaigns({"other": {}})
    any_house.work()
    first = any_house.lead(name="0")
    any_house.until(first, "held", "campaign_rejected")
    leads = [any_house.lead(name=str(number)) for number in range(1, 10)]
    for lead in leads:
        any_house.until(lead, "held", "campaign_rejected")
    any_house.box.campaigns({"welcome": {}})
    for lead in leads:
        any_house.until(lead, "sent")
    assert [row.until for row in rows(any_house.inbox, campaigns)] == [None]
    assert any_house.outcome(first)["status"] == "held"  # tried with this version: for a person


def test_a_pace_is_kept_by_all_workers_together(any_house: House) -> None:
    """`pace: 10/second`: in no second do more than ten leave (and one that was early), whoever sends them."""
    any_house.write("_accounts", "accounts: {default: {pace: 10/second}}\n")
    leads = [any_house.lead(name=str(number)) for number in range(25)]
    any_house.work("w1")
    any_house.work("w2")
    assert ended(any_house, leads) == {("sent", None): 25}
    came = sorted(datetime.fromisoformat(one["at"]).timestamp() for one in any_house.box.taken())
    assert all(later - earlier > 0.9 for earlier, later in zip(came, came[11:], strict=False))


def test_an_account_in_trouble_is_asked_slowly_and_recovers(house: House) -> None:
    """While AiSensy answers 503 to an account, it gets few requests; when it works again all leads are sent."""
    house.write("acme", FORM.format(account="acme", campaign="welcome"))
    house.box.fail(key="acme", status=503)
    house.work()
    bad = [house.lead("acme", "acme", name=str(number)) for number in range(30)]
    wait_until(lambda: len(house.box.requests()) >= 8, "the first failures")
    good = [house.lead(name=str(number)) for number in range(30)]
    for lead in good:
        house.until(lead, "sent")
    assert len([one for one in house.box.requests() if one["account"] == "acme"]) < 30
    house.box.state.faults.clear()
    for lead in bad:
        house.until(lead, "sent")
