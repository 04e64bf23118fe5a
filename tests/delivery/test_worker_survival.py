from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ingest.errors import StoreError
from ingest.models import Status, Verdict
from tests.delivery.house import FORM, NO_CREDITS, TWO_ROUTES, House
from tests.inbox.helpers import expire, rows, wait_until


def test_stopping_finishes_what_is_under_way_and_gives_back_the_rest(any_house: House) -> None:
    """A restart loses nothing and makes nothing ambiguous."""
    any_house.box.fail(delay=0.5)
    leads = [any_house.lead(name=str(number)) for number in range(30)]
    any_house.work()
    wait_until(lambda: any(any_house.outcome(lead)["status"] == "sending" for lead in leads), "the first")
    any_house.stop()
    assert {any_house.outcome(lead)["status"] for lead in leads} == {"sent", "pending"}
    assert [row.owner for row in rows(any_house.inbox) if row.owner] == []
    any_house.box.state.faults.clear()
    any_house.work("w2")
    for lead in leads:
        any_house.until(lead, "sent")


def test_a_late_answer_still_counts(house: House) -> None:
    """A request whose lease had run out was taken for ambiguous; when its answer comes it is sent after all."""
    house.box.fail(next=1, delay=1.0)
    house.work()
    lead = house.lead()
    house.until(lead, "sending")
    expire(house.inbox)
    assert house.inbox.sweep() == 1
    house.until(lead, "held", "ambiguous")
    house.until(lead, "sent")
    assert house.verdicts(lead) == [Verdict.AMBIGUOUS, Verdict.SENT]


@pytest.mark.parametrize("failing", ["turn", "claim", "renew", "sweep"])
def test_a_store_that_fails_for_a_while_costs_no_lead(
    house: House, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Whatever can't be written is written when the store is back: every lead once, none stuck."""
    house.write("website", FORM.format(account="default", campaign="welcome") + TWO_ROUTES)
    monkeypatch.setattr("ingest.inbox.brakes.FIRST_PAUSE", timedelta(milliseconds=100))
    house.box.fail(next=1, status=402, body=NO_CREDITS)
    real, left = getattr(house.inbox, failing), [1]

    def fail(*args: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise StoreError("The store is away")
        return real(*args)

    monkeypatch.setattr(house.inbox, failing, fail)
    house.work()
    leads = [house.lead(name=str(number)) for number in range(3)]
    for lead in leads:
        wait_until(partial(house.both_sent, lead), "both")
    assert len(house.sent()) == 6
    assert {row.status for row in rows(house.inbox)} == {Status.SENT}
