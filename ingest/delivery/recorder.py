from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from ingest import log
from ingest.delivery import retry
from ingest.delivery.prepare import Ready
from ingest.delivery.senders import Answer
from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.inbox.brakes import Pause
from ingest.inbox.writes import Move
from ingest.models import Attempt, Delivery, Event, Reason, Status, Verdict, utcnow

Done = Callable[[Delivery, datetime | None], None]
_logger = log.get()


class Recorder:
    """Writes what became of deliveries: answers, holds and intents together, in one transaction.

    What could not be written stays here and is written next time.
    """

    def __init__(self, inbox: Inbox, owner: str, done: Done) -> None:
        self._inbox = inbox
        self._owner = owner
        self._done = done
        self._parked: list[tuple[Delivery, Move]] = []
        self._answers: list[tuple[Answer, Move]] = []
        self._further: list[tuple[Event, int]] = []
        self._follow_ups: deque[Callable[[], object]] = deque()

    def add(self, event: Event, routes: int) -> None:
        """Note that an event gives so many deliveries."""
        self._further += [(event, position) for position in range(1, routes)]

    def park(self, delivery: Delivery, move: Move) -> None:
        """Note that a claimed delivery goes to another state without an attempt."""
        self._parked.append((delivery, move))

    def give_back(self, delivery: Delivery) -> None:
        """Note that a claimed delivery is for whoever comes next."""
        values = {"owner": None, "due_at": utcnow()}
        self.park(delivery, Move(delivery.id, delivery.status, values, owner=self._owner))

    def answer(self, answer: Answer) -> None:
        """Note what came of a request."""
        self._answers.append((answer, self._settled(answer)))

    def write(self, leaving: Sequence[Ready]) -> list[Ready]:
        """Write all that was noted, and the intent to send; gives those that may leave now.

        Raises StoreError; all that was noted is kept, and nothing leaves.
        """
        self._follow_up()
        if self._further:
            self._inbox.add_deliveries(self._further)
            self._further = []
        settled, parked = list(self._answers), list(self._parked)
        intents = [self._intent(ready) for ready in leaving]
        moves = [move for _, move in settled] + [move for _, move in parked] + intents
        happened = self._inbox.move(moves)
        self._answers, self._parked = [], []
        for (answer, move), done in zip(settled, happened, strict=False):
            self._recorded(answer, move, done=done)
        for (delivery, move), done in zip(parked, happened[len(settled) :], strict=False):
            self._done(delivery, move.values.get("due_at"))
            if done and "status" in move.values:
                _log(delivery, move)
            if delivery.probe:
                self._follow_ups.append(partial(self._inbox.probe_again, delivery.account))
        may = happened[len(settled) + len(parked) :]
        for ready, allowed in zip(leaving, may, strict=True):
            if not allowed:  # its account was paused meanwhile, or somebody else has it
                self.give_back(ready.delivery)
        with suppress(StoreError):  # what may leave now is committed; the rest is done next time
            self._follow_up()
        return [ready for ready, allowed in zip(leaving, may, strict=True) if allowed]

    def _follow_up(self) -> None:
        while self._follow_ups:
            self._follow_ups[0]()
            self._follow_ups.popleft()

    @property
    def pending(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._answers or self._parked or self._further or self._follow_ups)

    def _intent(self, ready: Ready) -> Move:
        delivery = ready.delivery
        return Move(
            delivery.id,
            delivery.status,
            {
                **ready.kept,
                "status": Status.SENDING,
                "reason": None,
                "error": None,
                "attempts": delivery.attempts + 1,
                "on_timeout": ready.on_timeout,
            },
            owner=self._owner,
            open_account=None if delivery.probe else delivery.account,
            event=ready.event,
            event_id=delivery.event.id,
        )

    def _settled(self, answer: Answer) -> Move:
        delivery, outcome = answer.ready.delivery, answer.outcome
        number = delivery.attempts + 1
        step = retry.after(outcome, number, utcnow(), answer.ready.on_timeout)
        return Move(
            delivery.id,
            Status.SENDING,
            {
                "status": step.status,
                "reason": step.reason,
                "error": None if step.status is Status.SENT else outcome.message,
                "due_at": step.due_at,
                "owner": None,
            },
            owner=self._owner,
            attempt=Attempt(number, answer.started_at, answer.duration_ms, outcome),
        )

    def _recorded(self, answer: Answer, move: Move, *, done: bool) -> None:
        delivery, outcome = answer.ready.delivery, answer.outcome
        self._done(delivery, move.values.get("due_at"))
        if not done:
            self._follow_ups.append(partial(self._late, answer, move))
        _log(delivery, move, outcome.status, answer.duration_ms)
        if outcome.verdict is Verdict.ACCOUNT:
            _logger.error("account_paused", account=delivery.account, message=outcome.message)
            brake = Pause(delivery.account, Reason.ACCOUNT_PAUSED, outcome.message, by_probe=delivery.probe)
            self._follow_ups.append(partial(self._inbox.pause, brake))
        elif delivery.probe and outcome.verdict not in {Verdict.TRANSIENT, Verdict.AMBIGUOUS}:
            _logger.info("account_resumed", account=delivery.account)
            self._follow_ups.append(partial(self._inbox.probe_passed, delivery.account))

    def _late(self, answer: Answer, move: Move) -> None:
        """The lease had run out and the delivery was taken for ambiguous; now we know that it was sent."""
        if answer.outcome.verdict is not Verdict.SENT:
            return
        for status, reason in ((Status.HELD, Reason.AMBIGUOUS), (Status.WAITING, Reason.RETRY)):
            late = Move(move.id, status, move.values, reason=reason, attempt=move.attempt)
            if self._inbox.move([late])[0]:
                return


def _log(delivery: Delivery, move: Move, http_status: int | None = None, duration_ms: int | None = None) -> None:
    status = move.values["status"]
    level = _logger.info if status in {Status.SENT, Status.SKIPPED} else _logger.warning
    more = {"http_status": http_status, "duration_ms": duration_ms} if http_status or duration_ms else {}
    level(
        f"delivery_{status}",
        lead_id=delivery.event.id,
        delivery_id=delivery.id,
        endpoint=delivery.event.endpoint,
        account=delivery.account,
        reason=move.values.get("reason"),
        error=move.values.get("error"),
        **more,
    )
