from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ingest import log
from ingest.delivery import retry
from ingest.delivery.policy import Count, quiet_until
from ingest.delivery.prepare import FOUND_WANTING, Ready, tried
from ingest.delivery.senders import Answer
from ingest.inbox import Inbox
from ingest.inbox.campaigns import Key
from ingest.inbox.fanout import Fan
from ingest.inbox.intents import Grant, Intent
from ingest.inbox.limits import Limit
from ingest.inbox.moves import Move
from ingest.inbox.paces import Pace
from ingest.inbox.turns import Settled, Turn
from ingest.models import Attempt, Delivery, Status, Verdict, utcnow

Done = Callable[[Delivery, datetime | None], None]
Paces = Callable[[str], Pace]
_logger = log.get()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of requests that wanted to leave: those that may, and those that ask again at a time."""

    leaving: list[Ready] = field(default_factory=list)
    later: list[tuple[Ready, datetime]] = field(default_factory=list)


class Recorder:
    """Writes what became of deliveries: answers, holds and intents together, in one transaction.

    What could not be written stays here and is written next time.
    """

    def __init__(self, inbox: Inbox, owner: str, done: Done, paces: Paces) -> None:
        self._inbox = inbox
        self._owner = owner
        self._done = done
        self._paces = paces
        self._parked: list[tuple[Delivery, Move]] = []
        self._answers: list[tuple[Answer, Settled]] = []
        self._further: list[Fan] = []

    def add(self, fan: Fan) -> None:
        """Note that a lead gives further deliveries."""
        self._further.append(fan)

    def park(self, delivery: Delivery, move: Move) -> None:
        """Note that a claimed delivery goes to another state without an attempt."""
        self._parked.append((delivery, replace(move, probe_of=delivery.account) if delivery.probe else move))

    def answer(self, answer: Answer) -> None:
        """Note what came of a request."""
        self._answers.append((answer, self._settled(answer)))

    def write(self, leaving: Sequence[Ready]) -> Written:
        """Write all that was noted, and the intent to send; gives those that may leave now.

        Raises StoreError; all that was noted is kept, and nothing leaves.
        """
        turn = Turn(
            answers=[settled for _, settled in self._answers],
            moves=[move for _, move in self._parked],
            further=self._further,
            intents=[self._intent(ready) for ready in leaving],
        )
        taken = self._inbox.turn(turn)
        answers, parked = self._answers, self._parked
        self._answers, self._parked, self._further = [], [], []
        for (answer, settled), done in zip(answers, taken.answers, strict=True):
            self._recorded(answer, settled, done=done)
        for (delivery, move), done in zip(parked, taken.moves, strict=True):
            self._gone(delivery, move.values, happened=done)
        written = Written()
        for ready, grant in zip(leaving, taken.grants, strict=True):
            self._granted(ready, grant, written)
        return written

    @property
    def pending(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._answers or self._parked or self._further)

    def _granted(self, ready: Ready, grant: Grant, written: Written) -> None:
        if grant.go:
            written.leaving.append(replace(ready, trial=True) if grant.trial else ready)
        elif grant.again_at is not None:
            written.later.append((ready, grant.again_at))
        else:
            self._gone(ready.delivery, grant.values, happened=bool(grant.values))

    def _gone(self, delivery: Delivery, values: dict[str, Any], *, happened: bool) -> None:
        self._done(delivery, values.get("due_at"))
        if happened and "status" in values:
            _log(delivery, values)

    def _intent(self, ready: Ready) -> Intent:
        delivery = ready.delivery
        return Intent(
            id=delivery.id,
            before=delivery.status,
            owner=self._owner,
            number=delivery.attempts + 1,
            key=_key(ready),
            kept=ready.kept,
            event_id=delivery.event.id,
            event=ready.event,
            person=self._inbox.person(ready.request["destination"]),
            on_timeout=ready.on_timeout,
            too_old=str(ready.too_old) if ready.too_old else None,
            limits=tuple(self._limit(ready.account, count) for count in ready.counts),
            quiet_until=quiet_until(ready.quiet_hours, utcnow()),
            pace=self._paces(ready.account),
            probe=delivery.probe,
            unsure=ready.unsure,
        )

    def _limit(self, account: str, count: Count) -> Limit:
        return Limit(count.reason, self._inbox.hash(count.reason, account, *count.texts), count.count, count.within)

    def _settled(self, answer: Answer) -> Settled:
        delivery, outcome = answer.ready.delivery, answer.outcome
        number = delivery.attempts + 1
        step = retry.after(outcome, number - delivery.round, utcnow(), answer.ready.on_timeout)
        values: dict[str, Any] = {
            "status": step.status,
            "reason": step.reason,
            "error": None if step.status is Status.SENT else outcome.message,
            "due_at": step.due_at,
            "owner": None,
        }
        if outcome.verdict is Verdict.ACCOUNT:  # it says nothing of this delivery, and costs it no retry
            values["round"] = delivery.round + 1
        elif step.status is Status.HELD and step.reason in FOUND_WANTING:
            values["tried"] = tried(delivery, answer.ready.version)
        attempt = Attempt(number, answer.started_at, answer.duration_ms, outcome)
        return Settled(
            delivery.id,
            self._owner,
            values,
            attempt,
            _key(answer.ready),
            probe=delivery.probe,
            trial=answer.ready.trial,
        )

    def _recorded(self, answer: Answer, settled: Settled, *, done: bool) -> None:
        delivery, outcome = answer.ready.delivery, answer.outcome
        self._done(delivery, settled.values.get("due_at"))
        if not done:  # it is too late for this attempt to change anything
            return
        _log(delivery, settled.values, outcome.status, answer.duration_ms)
        if outcome.verdict is Verdict.ACCOUNT:
            _logger.error("account_paused", account=delivery.account, message=outcome.message)
        elif delivery.probe and outcome.verdict not in {Verdict.TRANSIENT, Verdict.AMBIGUOUS}:
            _logger.info("account_resumed", account=delivery.account)


def _key(ready: Ready) -> Key:
    return Key(ready.account, ready.request["campaignName"], ready.version)


def _log(
    delivery: Delivery, values: dict[str, Any], http_status: int | None = None, duration_ms: int | None = None
) -> None:
    status = values["status"]
    level = _logger.info if status in {Status.SENT, Status.SKIPPED} else _logger.warning
    more = {"http_status": http_status, "duration_ms": duration_ms} if http_status or duration_ms else {}
    level(
        f"delivery_{status}",
        lead_id=delivery.event.id,
        delivery_id=delivery.id,
        endpoint=delivery.event.endpoint,
        account=delivery.account,
        reason=values.get("reason"),
        error=values.get("error"),
        **more,
    )
