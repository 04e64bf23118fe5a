from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.delivery.retry import LONGEST_WISH, PAUSES, after, pause
from ingest.models import Outcome, Reason, Status, Verdict

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LAST = len(PAUSES) + 1


@pytest.mark.parametrize(
    ("verdict", "attempt", "on_timeout", "status", "reason"),
    [
        (Verdict.SENT, 1, "hold", Status.SENT, None),
        (Verdict.SENT, LAST, "retry", Status.SENT, None),
        (Verdict.TRANSIENT, 1, "hold", Status.WAITING, Reason.RETRY),
        (Verdict.TRANSIENT, LAST - 1, "hold", Status.WAITING, Reason.RETRY),
        (Verdict.TRANSIENT, LAST, "hold", Status.FAILED, Reason.RETRIES_EXHAUSTED),
        (Verdict.TRANSIENT, LAST + 5, "hold", Status.FAILED, Reason.RETRIES_EXHAUSTED),
        (Verdict.AMBIGUOUS, 1, "hold", Status.HELD, Reason.AMBIGUOUS),
        (Verdict.AMBIGUOUS, LAST, "hold", Status.HELD, Reason.AMBIGUOUS),
        (Verdict.AMBIGUOUS, 1, "retry", Status.WAITING, Reason.RETRY),
        (Verdict.AMBIGUOUS, LAST, "retry", Status.FAILED, Reason.RETRIES_EXHAUSTED),
        (Verdict.ACCOUNT, 1, "hold", Status.WAITING, Reason.ACCOUNT_PAUSED),
        (Verdict.ACCOUNT, LAST + 99, "hold", Status.WAITING, Reason.ACCOUNT_PAUSED),
        (Verdict.CAMPAIGN, 1, "hold", Status.HELD, Reason.CAMPAIGN_REJECTED),
        (Verdict.INVALID, 1, "hold", Status.HELD, Reason.REQUEST_INVALID),
        (Verdict.NUMBER, 1, "hold", Status.FAILED, Reason.NUMBER_REJECTED),
    ],
)
def test_what_follows_from_an_attempt(
    *, verdict: Verdict, attempt: int, on_timeout: str, status: Status, reason: Reason | None
) -> None:
    """What surely was not sent is tried again for a day; what may have been sent only where the mapping says so."""
    step = after(Outcome(verdict), attempt, NOW, on_timeout)
    assert (step.status, step.reason) == (status, reason)
    assert (step.due_at is not None) == (status is Status.WAITING)


def test_every_verdict_has_a_step() -> None:
    """No answer of AiSensy leaves a delivery where it was."""
    assert all(after(Outcome(verdict), 1, NOW).status is not Status.SENDING for verdict in Verdict)


def test_pauses_grow_to_about_a_day() -> None:
    """The second attempt comes after a second, the last after about a day."""
    pauses = [pause(number, spread=lambda: 0.5) for number in range(1, LAST)]
    assert pauses[0] == timedelta(seconds=1)
    assert pauses == sorted(pauses)
    assert timedelta(hours=20) < sum(pauses, timedelta()) < timedelta(hours=26)


@pytest.mark.parametrize(("spread", "factor"), [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)])
def test_pauses_are_spread(spread: float, factor: float) -> None:
    """Leads that failed together do not come back together."""
    assert pause(4, spread=lambda: spread) == timedelta(seconds=PAUSES[3] * factor)


@pytest.mark.parametrize(
    ("wish", "seconds"), [(None, 1.0), (0, 1.0), (0.2, 1.0), (120, 120.0), (10**9, LONGEST_WISH), (-5, 1.0)]
)
def test_a_retry_after_is_honoured_within_a_day(wish: float | None, seconds: float) -> None:
    """As long as AiSensy asks, but never for ever, and never shorter than our own pause."""
    step = after(Outcome(Verdict.TRANSIENT, retry_after=wish), 1, NOW, spread=lambda: 0.5)
    assert step.due_at == NOW + timedelta(seconds=seconds)
