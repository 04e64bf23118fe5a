from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ingest.delivery.prepare import Ready
from ingest.delivery.recorder import Recorder
from ingest.delivery.senders import Answer
from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.inbox.brakes import Pause
from ingest.inbox.fanout import Fan
from ingest.inbox.paces import UNBOUND
from ingest.inbox.tables import accounts, attempts
from ingest.models import Delivery, Outcome, Reason, Status, Verdict, utcnow
from tests.inbox.helpers import claim, event, expire, post, rows

REQUEST = {"campaignName": "welcome", "destination": "+919876543210", "userName": "Asha"}


class Desk:
    """A recorder, and what it says is no longer the worker's."""

    def __init__(self, inbox: Inbox) -> None:
        self.done: list[str] = []
        self.recorder = Recorder(inbox, "w1", self._done, lambda _: UNBOUND)

    def _done(self, delivery: Delivery, _: datetime | None) -> None:
        self.done.append(delivery.id)

    def answer(self, ready: Ready, verdict: Verdict) -> None:
        """Note an answer."""
        self.recorder.answer(Answer(ready, Outcome(verdict, "said"), utcnow(), 5))


@pytest.fixture
def desk(inbox: Inbox) -> Desk:
    return Desk(inbox)


def ready(inbox: Inbox, count: int = 1) -> list[Ready]:
    """Claimed deliveries that may leave."""
    post(inbox, *(event() for _ in range(count)))
    return [Ready(one, REQUEST, {"tried": "v1"}, "v1") for one in claim(inbox)]


def states(inbox: Inbox) -> list[tuple[str, str | None]]:
    return [(row.status, row.reason) for row in rows(inbox)]


def test_the_intent_is_on_disk_before_a_request_may_leave(inbox: Inbox, desk: Desk) -> None:
    """Whoever looks after a crash sees that it may have left."""
    leaving = ready(inbox, 3)
    assert desk.recorder.write(leaving).leaving == leaving
    assert states(inbox) == [(Status.SENDING, None)] * 3
    assert [row.attempts for row in rows(inbox)] == [1] * 3


def test_what_somebody_else_has_does_not_leave(inbox: Inbox, desk: Desk) -> None:
    """A worker that slept through its lease sends nothing that another one may send."""
    leaving = ready(inbox, 2)
    expire(inbox)
    claim(inbox, "w2", 1)
    assert len(desk.recorder.write(leaving).leaving) == 1


def test_what_a_pause_stops_is_given_back(inbox: Inbox, desk: Desk) -> None:
    """A pause put on after the claim keeps requests here, and the next worker finds them when it is over."""
    leaving = ready(inbox)
    inbox.pause(Pause("default", Reason.ACCOUNT_PAUSED, "no credits"))
    assert desk.recorder.write(leaving).leaving == []
    assert desk.done == [leaving[0].delivery.id]
    inbox.resume("default")
    assert len(claim(inbox, "w2")) == 1


@pytest.mark.parametrize(
    ("verdict", "status", "reason", "paused"),
    [
        (Verdict.SENT, Status.SENT, None, False),
        (Verdict.TRANSIENT, Status.WAITING, Reason.RETRY, False),
        (Verdict.AMBIGUOUS, Status.HELD, Reason.AMBIGUOUS, False),
        (Verdict.ACCOUNT, Status.WAITING, Reason.ACCOUNT_PAUSED, True),
        (Verdict.NUMBER, Status.FAILED, Reason.NUMBER_REJECTED, False),
    ],
)
def test_an_answer_is_recorded_with_its_attempt(
    *, inbox: Inbox, desk: Desk, verdict: Verdict, status: Status, reason: Reason | None, paused: bool
) -> None:
    """State, reason and attempt together; a bad account is paused."""
    [leaving] = desk.recorder.write(ready(inbox)).leaving
    desk.answer(leaving, verdict)
    desk.recorder.write([])
    assert states(inbox) == [(status, reason)]
    assert [(row.number, row.verdict) for row in rows(inbox, attempts)] == [(1, verdict)]
    assert bool(rows(inbox, accounts)) is paused
    assert not desk.recorder.pending


@pytest.mark.parametrize(
    ("verdict", "status", "reason"),
    [
        (Verdict.SENT, Status.SENT, None),
        (Verdict.TRANSIENT, Status.WAITING, Reason.RETRY),
        (Verdict.NUMBER, Status.FAILED, Reason.NUMBER_REJECTED),
        (Verdict.AMBIGUOUS, Status.HELD, Reason.AMBIGUOUS),
    ],
)
def test_a_late_answer_still_tells_what_became_of_its_own_delivery(
    *, inbox: Inbox, desk: Desk, verdict: Verdict, status: Status, reason: Reason | None
) -> None:
    """What was held as ambiguous while its answer was on the way becomes what the answer says."""
    [leaving] = desk.recorder.write(ready(inbox)).leaving
    inbox.free("w1")
    desk.answer(leaving, verdict)
    desk.recorder.write([])
    assert states(inbox) == [(status, reason)]
    assert desk.done == [leaving.delivery.id]


def test_a_late_answer_changes_nothing_that_a_person_has_replayed(inbox: Inbox, desk: Desk) -> None:
    """A person who replayed the ambiguous delivery has started another attempt: the old answer is not its own."""
    [leaving] = desk.recorder.write(ready(inbox)).leaving
    inbox.free("w1")
    inbox.replay([leaving.delivery.id])
    desk.answer(leaving, Verdict.NUMBER)
    desk.recorder.write([])
    assert states(inbox) == [(Status.PENDING, None)]


def test_what_could_not_be_written_is_written_next_time(
    inbox: Inbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away for a moment costs no answer, no pause and no second delivery."""
    [leaving] = desk.recorder.write(ready(inbox)).leaving
    desk.answer(leaving, Verdict.ACCOUNT)
    desk.recorder.add(Fan(leaving.delivery, "w1", "a", ("b",)))

    def fail(_: Any) -> Any:
        raise StoreError("The store is away")

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "turn", fail)
        with pytest.raises(StoreError):
            desk.recorder.write([])
    assert desk.recorder.pending
    desk.recorder.write([])
    assert sorted(states(inbox), key=str) == [(Status.PENDING, None), (Status.WAITING, Reason.ACCOUNT_PAUSED)]
    assert [row.reason for row in rows(inbox, accounts)] == [Reason.ACCOUNT_PAUSED]
    assert len(rows(inbox, attempts)) == 1
    assert desk.done == [leaving.delivery.id]


def test_a_commit_of_which_nobody_knows_is_written_again_without_harm(
    inbox: Inbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke while an intent was committed: the request has not left, and leaves once it is sure."""
    leaving = ready(inbox)
    real = inbox.turn

    def lose(turn: Any) -> Any:
        real(turn)
        raise StoreError("The connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "turn", lose)
        with pytest.raises(StoreError):
            desk.recorder.write(leaving)
    assert states(inbox) == [(Status.SENDING, None)]
    assert desk.recorder.write(leaving).leaving == []  # as for anybody else
    unsure = [replace(one, unsure=True) for one in leaving]
    assert desk.recorder.write(unsure).leaving == unsure
    assert [row.attempts for row in rows(inbox)] == [1]
