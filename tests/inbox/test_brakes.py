from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from ingest.inbox import Inbox
from ingest.inbox.brakes import FIRST_PAUSE, LONGEST_PAUSE, PROBE, Pause
from ingest.inbox.moves import Move
from ingest.inbox.tables import accounts
from ingest.inbox.turns import Turn
from ingest.models import Reason, Status, utcnow
from tests.inbox.helpers import claim, event, in_threads, leave, past, post, rows, settle

PAUSED = Pause("default", Reason.ACCOUNT_PAUSED, "no credits")
FAILED_PROBE = Pause("default", Reason.ACCOUNT_PAUSED, "still no credits", by_probe=True)
BY_HAND = Pause("default", Reason.ACCOUNT_PAUSED, "Paused by a person", by_hand=True)
NO_KEY = Pause("default", Reason.NO_KEY, "Set AISENSY_API_KEY")


@pytest.fixture
def backlog(inbox: Inbox) -> Inbox:
    """An inbox with ten leads of one account that wait, and one of another."""
    post(inbox, *(event() for _ in range(10)), event(account="acme"))
    return inbox


def test_a_paused_account_keeps_its_leads_and_stops_no_other(backlog: Inbox) -> None:
    """A bad account pauses alone."""
    backlog.pause(PAUSED)
    assert [one.account for one in claim(backlog)] == ["acme"]


def test_after_its_pause_an_account_gives_one_probe(backlog: Inbox) -> None:
    """One lead tries whether the account works again; the others wait for what comes of it."""
    backlog.pause(PAUSED)
    pause_ends(backlog)
    assert [(one.account, one.probe) for one in claim(backlog)] == [("acme", False), ("default", True)]
    assert claim(backlog, "w2") == []


def test_many_workers_give_one_probe_together(backlog: Inbox) -> None:
    """However many workers look at once, one lead is the probe."""
    claim(backlog, "acme's", 1)
    backlog.free("acme's")
    backlog.pause(PAUSED)
    pause_ends(backlog)
    shares = in_threads(8, lambda number: [one.account for one in claim(backlog, f"w{number}")])
    assert sum(isinstance(share, list) and share.count("default") for share in shares) == 1


def test_a_probe_that_was_never_sent_lets_the_next_one_through(backlog: Inbox) -> None:
    """A probe that turns out to be held does not cost the account a minute."""
    backlog.pause(PAUSED)
    pause_ends(backlog)
    probe = next(one for one in claim(backlog) if one.probe)
    values = {"status": Status.HELD, "reason": Reason.NO_ROUTE, "owner": None, "due_at": None}
    backlog.turn(Turn(moves=[Move(probe.id, probe.status, values, owner="w1", probe_of="default")]))
    assert [one.probe for one in claim(backlog)] == [True]


def test_pauses_grow_with_each_failed_probe_up_to_a_quarter_of_an_hour(inbox: Inbox) -> None:
    """An account that stays bad is asked ever more rarely, but always again."""
    inbox.pause(PAUSED)
    lengths = [length(inbox)]
    for _ in range(12):
        inbox.pause(FAILED_PROBE)
        lengths.append(length(inbox))
    assert lengths[:4] == pytest.approx([FIRST_PAUSE.total_seconds() * 2**n for n in range(4)], abs=5)
    assert lengths[-1] == pytest.approx(LONGEST_PAUSE.total_seconds(), abs=5)


def test_late_answers_do_not_lengthen_a_pause(inbox: Inbox) -> None:
    """Eight requests that were under way and fail together are one pause."""
    for _ in range(8):
        inbox.pause(PAUSED)
    assert length(inbox) == pytest.approx(FIRST_PAUSE.total_seconds(), abs=5)


def test_no_request_leaves_once_its_account_is_paused(backlog: Inbox) -> None:
    """What was claimed before the pause does not leave after it."""
    claimed = [one for one in claim(backlog) if one.account == "default"]
    backlog.pause(PAUSED)
    assert not leave(backlog, claimed[0])
    backlog.resume("default")
    again = next(one for one in claim(backlog) if one.id == claimed[0].id)
    assert leave(backlog, again)


def test_resuming_lets_all_through(backlog: Inbox) -> None:
    """After a resume everything that waited is due."""
    backlog.pause(PAUSED)
    backlog.resume("default")
    assert [one.probe for one in claim(backlog)] == [False] * 11


def test_without_key_leads_wait_until_it_appears(backlog: Inbox) -> None:
    """A worker that has the key takes the brake off by itself; then all leave like any other, none as a probe."""
    backlog.pause(NO_KEY)
    assert len(claim(backlog, room=0)) == 0
    assert [row.reason for row in rows(backlog, accounts)] == [Reason.NO_KEY]
    assert [one.probe for one in claim(backlog)] == [False] * 11
    assert rows(backlog, accounts) == []


def test_a_person_who_pauses_is_obeyed_until_a_person_resumes(backlog: Inbox) -> None:
    """Neither time nor the answer of a request that was under way ends a pause that a person made."""
    backlog.pause(PAUSED)
    pause_ends(backlog)
    probe = next(one for one in claim(backlog) if one.probe)
    assert leave(backlog, probe)
    backlog.pause(BY_HAND)
    backlog.pause(FAILED_PROBE)
    assert settle(backlog, probe)
    assert [row.message for row in rows(backlog, accounts)] == [BY_HAND.message]
    assert claim(backlog) == []
    backlog.resume("default")
    assert len(claim(backlog)) == 9


def test_a_probe_that_was_sent_opens_the_account(backlog: Inbox) -> None:
    """The account works again: all that waited leaves, and the next pause begins short."""
    backlog.pause(PAUSED)
    pause_ends(backlog)
    probe = next(one for one in claim(backlog) if one.probe)
    assert leave(backlog, probe)
    assert settle(backlog, probe)
    assert len(claim(backlog)) == 9
    assert rows(backlog, accounts) == []


def test_a_probe_may_be_under_way_for_longer_than_a_request_takes() -> None:
    """Two probes of one account are never under way at once."""
    assert timedelta(seconds=30) < PROBE


def length(inbox: Inbox) -> float:
    """How long an account's pause still lasts, in seconds."""
    until: datetime = rows(inbox, accounts)[0].until
    return (until - utcnow()) / timedelta(seconds=1)


def pause_ends(inbox: Inbox) -> None:
    """Let every pause be over."""
    inbox.write(_end, None)


def _end(connection: Any, asked: Any) -> list[None]:
    connection.execute(update(accounts).values(until=past()))
    return [None] * len(asked)
