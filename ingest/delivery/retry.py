from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.models import Outcome, Reason, Status, Verdict

PAUSES = (1, 2, 5, 30, 180, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""Seconds before the second attempt, the third, …: ten retries in about a day."""

LONGEST_WISH = 24 * 3600
"""How long a Retry-After may make us wait, in seconds."""


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from an attempt: the delivery's next state and when it is due."""

    status: Status
    reason: Reason | None = None
    due_at: datetime | None = None


_ENDS = {
    Verdict.SENT: Step(Status.SENT),
    Verdict.CAMPAIGN: Step(Status.HELD, Reason.CAMPAIGN_REJECTED),
    Verdict.INVALID: Step(Status.HELD, Reason.REQUEST_INVALID),
    Verdict.NUMBER: Step(Status.FAILED, Reason.NUMBER_REJECTED),
    Verdict.AMBIGUOUS: Step(Status.HELD, Reason.AMBIGUOUS),  # unless the mapping wants it tried again
}


def after(
    outcome: Outcome,
    attempt: int,
    now: datetime,
    on_timeout: str = "hold",
    spread: Callable[[], float] = random.random,
) -> Step:
    """The step after attempt number `attempt` (from 1). Pure, but for the `spread` (0 to 1) of its pauses."""
    if outcome.verdict is Verdict.ACCOUNT:
        return Step(Status.WAITING, Reason.ACCOUNT_PAUSED, now)
    if outcome.verdict in _ENDS and not (outcome.verdict is Verdict.AMBIGUOUS and on_timeout == "retry"):
        return _ENDS[outcome.verdict]
    if attempt > len(PAUSES):
        return Step(Status.FAILED, Reason.RETRIES_EXHAUSTED)
    return Step(Status.WAITING, Reason.RETRY, now + pause(attempt, outcome.retry_after, spread))


def pause(failures: int, wish: float | None = None, spread: Callable[[], float] = random.random) -> timedelta:
    """How long to wait after so many failures: at least as long as the other side wishes, within a day."""
    own = PAUSES[min(failures, len(PAUSES)) - 1] * (0.9 + 0.2 * spread())
    return timedelta(seconds=max(own, min(wish or 0, LONGEST_WISH)))
