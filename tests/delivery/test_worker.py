from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ingest.delivery import prepare
from ingest.inbox.tables import accounts, events
from ingest.models import Verdict
from tests.delivery.house import FORM, NO_CREDITS, TWO_ROUTES, House
from tests.inbox.helpers import rows, wait_until

FACEBOOK = """
channel: facebook
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
"""


def test_a_stored_lead_is_sent_and_told_at_once(any_house: House) -> None:
    """A lead that comes while the worker waits leaves without waiting for the next look."""
    any_house.work()
    any_house.until(any_house.lead(), "sent")
    lead = any_house.lead(name="Ben Lal")
    told = any_house.until(lead, "sent")
    assert (told["campaign"], told["attempts"], told["error"]) == ("welcome", 1, None)
    assert any_house.sent()[-1] == {
        "apiKey": "***",
        "campaignName": "welcome",
        "destination": "+919876543210",
        "userName": "Ben Lal",
    }
    stored = next(row for row in rows(any_house.inbox, events) if row.id == lead)
    assert (stored.name, stored.phone) == ("Ben Lal", "+919876543210")


def test_two_workers_send_each_lead_once(any_house: House) -> None:
    """However many workers there are."""
    leads = [any_house.lead(name=str(number)) for number in range(60)]
    any_house.work("w1")
    any_house.work("w2")
    for lead in leads:
        any_house.until(lead, "sent")
    assert sorted(body["userName"] for body in any_house.sent()) == sorted(map(str, range(60)))


def test_what_surely_was_not_sent_is_sent_again(house: House) -> None:
    """An AiSensy that is busy for a while costs no lead, and sends none twice."""
    house.box.fail(next=1, status=503)
    house.work()
    lead = house.lead()
    told = house.until(lead, "sent")
    assert told["attempts"] == 2
    assert house.verdicts(lead) == [Verdict.TRANSIENT, Verdict.SENT]
    assert len(house.sent()) == 1


@pytest.mark.parametrize(("on_timeout", "status"), [("hold", "held"), ("retry", "sent")])
def test_what_may_have_been_sent_is_held_or_retried_as_the_mapping_says(
    house: House, on_timeout: str, status: str
) -> None:
    """There is no silent second message: only `on_timeout: retry` sends again what may have arrived."""
    house.write("website", FORM.format(account="default", campaign="w") + f"policy: {{on_timeout: {on_timeout}}}\n")
    house.box.fail(next=1, reset="after")
    house.work()
    lead = house.lead()
    house.until(lead, status, "ambiguous" if status == "held" else None)
    assert house.verdicts(lead)[0] is Verdict.AMBIGUOUS
    assert len(house.sent()) == (1 if status == "held" else 2)


def test_a_bad_lead_a_bad_campaign_and_a_bad_mapping_hold_up_nobody(house: House) -> None:
    """Each is held alone, with its reason; the others leave."""
    house.write("other", FORM.format(account="default", campaign="gone"))
    house.write("broken", "channel: form\nrequest: {campaignName: '{{ lead. }}'}\n")
    house.box.fail(campaign="gone", status=400, body={"message": "Campaign does not exist."})
    house.work()
    held = {
        "phone_invalid": house.lead(phone="12"),
        "missing_value": house.lead(phone=""),
        "campaign_rejected": house.lead("other"),
        "mapping_broken": house.lead("broken"),
    }
    good = house.lead()
    for reason, lead in held.items():
        house.until(lead, "held", reason)
    house.until(good, "sent")
    assert "broken.yaml:2" in house.outcome(held["mapping_broken"])["error"]


def test_a_mended_mapping_sends_what_it_held(house: House) -> None:
    """Nobody needs to replay: a new version of the file is tried by itself."""
    house.write("website", "channel: form\nrequest: {campaignName: welcome}\n")
    house.work()
    lead = house.lead()
    house.until(lead, "held", "mapping_broken")
    house.write("website", FORM.format(account="default", campaign="mended"))
    assert house.until(lead, "sent")["campaign"] == "mended"


def test_a_lead_that_crashes_us_holds_up_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of our own in one lead is held, and told without the person's data."""
    real = prepare.lead_of

    def crash(delivery: Any) -> Any:
        if b"Asha" in delivery.event.body:
            raise RecursionError("Asha is too deep")
        return real(delivery)

    monkeypatch.setattr(prepare, "lead_of", crash)
    bad, good = house.lead(), house.lead(name="Ben")
    house.work()
    assert "Asha" not in house.until(bad, "held", "expression_failed")["error"]
    house.until(good, "sent")


def test_a_bad_account_waits_alone_and_goes_on_by_itself(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credits: its leads are kept, one probe asks again, others' leads leave meanwhile."""
    monkeypatch.setattr("ingest.inbox.brakes.FIRST_PAUSE", timedelta(milliseconds=300))
    any_house.write("acme", FORM.format(account="acme", campaign="welcome"))
    any_house.box.fail(key="acme", status=402, body=NO_CREDITS)
    any_house.work()
    bad = [any_house.lead("acme", "acme") for _ in range(12)]
    for lead in bad:
        assert "Credits" in any_house.until(lead, "waiting", "account_paused")["error"]
    any_house.until(any_house.lead(), "sent")
    wait_until(lambda: [row.pauses for row in rows(any_house.inbox, accounts)] > [1], "a probe")
    any_house.box.clear()
    for lead in bad:
        any_house.until(lead, "sent")
    assert len(any_house.sent()) == 12


def test_without_key_leads_wait_until_it_comes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leads are stored and wait, reason no_key, and leave when the key is there, without a restart."""
    monkeypatch.delenv("AISENSY_API_KEY")
    house.work()
    lead = house.lead()
    assert "AISENSY_API_KEY" in house.until(lead, "waiting", "no_key")["error"]
    monkeypatch.setenv("AISENSY_API_KEY", "sandbox-default")
    house.until(lead, "sent")


def test_the_mappings_account_counts(house: House) -> None:
    """A lead that came for another account than the mapping names now is sent with the latter's key."""
    house.write("website", FORM.format(account="acme", campaign="welcome"))
    house.work()
    house.until(house.lead(account="default"), "sent")
    assert [one["account"] for one in house.box.taken()] == ["acme"]


def test_a_lead_may_give_several_deliveries(house: House) -> None:
    """Routes that go on give a request each, and each is sent once."""
    house.write("website", FORM.format(account="default", campaign="welcome") + TWO_ROUTES)
    house.work()
    lead = house.lead()
    wait_until(partial(house.both_sent, lead), "both")
    assert sorted(body["campaignName"] for body in house.sent()) == ["follow_up", "welcome"]


def test_a_facebook_lead_is_looked_up_and_kept(house: House) -> None:
    """The notice holds no lead: it is fetched, sent, and its document kept for the next time."""
    house.write("fb", FACEBOOK)
    known = house.box.add_lead({"full_name": "Asha Rao", "phone_number": "+919876543210"})
    house.box.fail(next=1, where="graph", lead=known, status=500)
    house.work()
    sent, gone = house.facebook(known), house.facebook("404404")
    house.until(sent, "waiting", "lead_unavailable")
    house.until(sent, "sent")
    house.until(gone, "held", "lead_gone")
    assert [body["userName"] for body in house.sent()] == ["Asha Rao"]
    assert b"field_data" in next(row.lead for row in rows(house.inbox, events) if row.id == sent)


def test_a_hanging_account_holds_up_no_other(house: House) -> None:
    """Requests that hang take the places of their own account only."""
    house.write("acme", FORM.format(account="acme", campaign="slow"))
    house.box.fail(campaign="slow", delay=1.5)
    house.work()
    slow = [house.lead("acme", "acme") for _ in range(20)]
    wait_until(lambda: sum(house.outcome(lead)["status"] == "sending" for lead in slow) == 8, "eight under way")
    start = time.monotonic()
    house.until(house.lead(), "sent")
    assert time.monotonic() - start < 1.0
    house.box.clear()
