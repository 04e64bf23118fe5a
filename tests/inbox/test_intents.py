from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ingest.inbox import Inbox
from ingest.inbox.limits import Limit
from ingest.inbox.paces import Pace
from ingest.inbox.tables import messages, paces
from ingest.models import Delivery, Reason, Status, Verdict, utcnow
from tests.inbox.helpers import claim, event, grant, in_threads, post, rows, set_all, set_one, settle

DAY = timedelta(days=1)
DUPLICATE = Limit(Reason.DUPLICATE, "duplicate:k", 1, DAY)
CAP = Limit(Reason.CAP_REACHED, "cap:k", 2, DAY)


def claimed(inbox: Inbox, count: int = 1, owner: str = "w1") -> list[Delivery]:
    post(inbox, *(event() for _ in range(count)))
    return claim(inbox, owner)


def state(inbox: Inbox, delivery: Delivery) -> tuple[str, str | None]:
    row = next(row for row in rows(inbox) if row.id == delivery.id)
    return row.status, row.reason


def test_of_two_with_one_key_the_second_is_skipped(inbox: Inbox) -> None:
    """`policy.duplicate`: the same message goes out once within its time, and the skip says why."""
    first, second = claimed(inbox, 2)
    assert grant(inbox, first, limits=(DUPLICATE,)).go
    assert not grant(inbox, second, limits=(DUPLICATE,)).go
    assert state(inbox, second) == (Status.SKIPPED, Reason.DUPLICATE)


def test_a_cap_lets_so_many_through_and_no_more(inbox: Inbox) -> None:
    """`policy.cap`: the person has had enough."""
    some = claimed(inbox, 4)
    assert [grant(inbox, one, limits=(CAP,)).go for one in some] == [True, True, False, False]
    assert state(inbox, some[3]) == (Status.SKIPPED, Reason.CAP_REACHED)


def test_a_message_that_surely_was_not_sent_counts_no_longer(inbox: Inbox) -> None:
    """What AiSensy refused must not keep the next one from the person."""
    first, second = claimed(inbox, 2)
    grant(inbox, first, limits=(DUPLICATE,))
    settle(inbox, first, Verdict.NUMBER)
    assert grant(inbox, second, limits=(DUPLICATE,)).go


@pytest.mark.parametrize("verdict", [Verdict.SENT, Verdict.AMBIGUOUS])
def test_a_message_that_may_have_been_sent_counts(inbox: Inbox, verdict: Verdict) -> None:
    """Also one of which nobody knows: it may have reached the person."""
    first, second = claimed(inbox, 2)
    grant(inbox, first, limits=(DUPLICATE,))
    settle(inbox, first, verdict)
    assert not grant(inbox, second, limits=(DUPLICATE,)).go


def test_a_delivery_does_not_count_against_itself(inbox: Inbox) -> None:
    """A retry is the same message."""
    [one] = claimed(inbox)
    grant(inbox, one, limits=(DUPLICATE, CAP))
    settle(inbox, one, Verdict.AMBIGUOUS)
    inbox.replay([one.id])
    [again] = claim(inbox)
    assert grant(inbox, again, limits=(DUPLICATE, CAP)).go
    assert len(rows(inbox, messages)) == 2


def test_after_its_time_a_message_counts_no_longer(inbox: Inbox) -> None:
    """`within` is counted back from now."""
    short = Limit(Reason.DUPLICATE, "duplicate:k", 1, timedelta(0))
    first, second = claimed(inbox, 2)
    grant(inbox, first, limits=(short,))
    assert grant(inbox, second, limits=(short,)).go


def test_workers_that_decide_at_once_let_one_through(inbox: Inbox) -> None:
    """Policies hold between processes: of eight that come together, the limit lets through as many as it says."""
    some = claimed(inbox, 8)
    for number, one in enumerate(some):
        set_one(inbox, one.id, owner=f"w{number}")
    grants = in_threads(8, lambda number: grant(inbox, some[number], f"w{number}", limits=(CAP, DUPLICATE)).go)
    assert sorted(map(str, grants)) == ["False"] * 7 + ["True"]


def test_who_opted_out_gets_nothing(inbox: Inbox) -> None:
    """Also where the opt-out came after the lead was claimed; others get theirs, and opting in ends it."""
    first, second, third = claimed(inbox, 3)
    inbox.opt_out("+919876543210")
    person = inbox.person("+919876543210")
    assert not grant(inbox, first, person=person).go
    assert state(inbox, first) == (Status.SKIPPED, Reason.OPTED_OUT)
    assert grant(inbox, second, person=inbox.person("+919876543211")).go
    inbox.opt_in("+919876543210")
    assert grant(inbox, third, person=person).go


def test_policies_are_asked_in_their_order(inbox: Inbox) -> None:
    """Opt-out before age before duplicate before cap before quiet hours: the first that holds is the reason."""
    used, *others = claimed(inbox, 6)
    cap = Limit(Reason.CAP_REACHED, "cap:k", 1, DAY)
    grant(inbox, used, limits=(DUPLICATE, cap))
    inbox.opt_out("+911")
    asked: dict[str, Any] = {
        "person": inbox.person("+911"),
        "too_old": "old",
        "limits": (DUPLICATE, cap),
        "quiet_until": utcnow() + DAY,
    }
    order = []
    for one, without in zip(
        others, [{}, {"person": ""}, {"too_old": None}, {"limits": (cap,)}, {"limits": ()}], strict=True
    ):
        asked |= without
        assert not grant(inbox, one, **asked).go
        order.append(state(inbox, one)[1])
    assert order == ["opted_out", "too_old", "duplicate", "cap_reached", "quiet_hours"]


def test_what_waits_for_the_morning_counts_for_nothing_yet(inbox: Inbox) -> None:
    """Quiet hours claim no place under a cap."""
    first, second = claimed(inbox, 2)
    until = utcnow() + timedelta(hours=3)
    assert not grant(inbox, first, limits=(DUPLICATE,), quiet_until=until).go
    row = next(row for row in rows(inbox) if row.id == first.id)
    assert (row.status, row.reason, row.owner) == (Status.WAITING, Reason.QUIET_HOURS, None)
    assert abs(row.due_at - until) < timedelta(seconds=1)
    assert grant(inbox, second, limits=(DUPLICATE,)).go


def test_a_pace_is_shared_by_all_workers(inbox: Inbox) -> None:
    """`pace: 2/second`: two requests of an account never leave within half a second, whoever sends them."""
    first, second, third = claimed(inbox, 3)
    set_one(inbox, second.id, owner="w2")
    pace = Pace(rate=2)
    start = utcnow()
    assert grant(inbox, first, pace=pace).go
    later = grant(inbox, second, "w2", pace=pace)
    assert not later.go
    assert later.again_at is not None
    assert timedelta(seconds=0.4) < later.again_at - start < timedelta(seconds=0.8)
    assert state(inbox, second) == (Status.PENDING, None)
    assert not grant(inbox, third, pace=pace).go


def test_in_flight_is_shared_by_all_workers(inbox: Inbox) -> None:
    """`in_flight: 2`: no third request of an account leaves while two are under way."""
    first, second, third = claimed(inbox, 3)
    set_one(inbox, second.id, owner="w2")
    pace = Pace(in_flight=2)
    assert grant(inbox, first, pace=pace).go
    assert grant(inbox, second, "w2", pace=pace).go
    assert not grant(inbox, third, pace=pace).go
    settle(inbox, first)
    assert grant(inbox, third, pace=pace).go


def test_repeated_failures_slow_their_account_down_and_no_other(inbox: Inbox) -> None:
    """After three transient failures in a row an account sends one at a time; a success lets it run again."""
    post(inbox, *(event() for _ in range(6)), event(account="acme"), event(account="acme"))
    some = claim(inbox)
    mine = [one for one in some if one.account == "default"]
    others = [one for one in some if one.account == "acme"]
    for one in mine[:3]:
        assert grant(inbox, one).go
    for one in mine[:3]:
        settle(inbox, one, Verdict.TRANSIENT)
    assert grant(inbox, mine[3]).go
    assert not grant(inbox, mine[4]).go
    assert all(grant(inbox, one).go for one in others)
    settle(inbox, mine[3])
    assert all(grant(inbox, one).go for one in mine[4:])


def test_a_clock_that_was_put_back_does_not_stop_an_account(inbox: Inbox) -> None:
    """A next request that was to leave in an hour leaves within its pace."""
    first, second = claimed(inbox, 2)
    pace = Pace(rate=1)
    inbox.write(_an_hour_ahead, None)
    assert not grant(inbox, first, pace=pace).go
    later = grant(inbox, second, pace=pace).again_at
    assert later is not None
    assert later - utcnow() < timedelta(seconds=2)


def test_leads_due_by_a_clock_that_was_put_back_are_due_now(inbox: Inbox) -> None:
    """What a later clock stored waits as long as it should, not until that clock's time comes again."""
    post(inbox, event(), event())
    ahead = utcnow() + timedelta(hours=2)
    first, second = rows(inbox)
    set_one(inbox, first.id, due_at=ahead, updated_at=ahead)
    set_one(inbox, second.id, due_at=ahead + timedelta(minutes=5), updated_at=ahead, status="waiting", reason="retry")
    assert claim(inbox) == []
    assert inbox.set_right() == 2
    assert [one.id for one in claim(inbox)] == [first.id]
    waits = next(row.due_at for row in rows(inbox) if row.id == second.id) - utcnow()
    assert timedelta(minutes=4) < waits <= timedelta(minutes=5)
    set_all(inbox, owner="dead", due_at=ahead)
    inbox.set_right()
    assert all(row.due_at - utcnow() <= timedelta(seconds=30) for row in rows(inbox))


def _an_hour_ahead(connection: Any, asked: Any) -> list[None]:
    next_at = int((utcnow() + timedelta(hours=1)).timestamp() * 1e6)
    connection.execute(paces.insert(), {"account": "default", "next_at": next_at, "failures": 0})
    return [None] * len(asked)
