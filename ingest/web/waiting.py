from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from typing import Any

from ingest.errors import Refusal, StoreError
from ingest.inbox import Inbox
from ingest.models import Reason, Status

LONGEST = 10.0  # seconds
SEATS = 16
_LOOK_EVERY = 0.05
_UNSAID = {  # reasons for which the store has no words: they say all
    Reason.QUIET_HOURS: "It is sent when the mapping's quiet hours are over",
    Reason.DISCARDED: "It was given up by a person",
}
_SECONDS = re.compile(r"\d{1,6}(\.\d{1,20})?(e-\d{1,3})?", re.ASCII | re.IGNORECASE)


TAKEN: dict[str, Any] = {"status": Status.PENDING, "reason": None, "error": None}
"""What a robot is told of a lead that is held: nothing."""


def seconds(text: str | None) -> float | None:
    """What `?wait=` asks for, at most 10 seconds; None where it is not there. Raises Refusal 400."""
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise Refusal(400, "invalid_wait", "`wait` is no number of seconds.", "Write ?wait=10.")
    return min(float(text), LONGEST)


class Waiting:
    """Answers that wait for deliveries, so many in a process at a time: each asks the store again and again."""

    def __init__(self, inbox: Inbox, seats: int = SEATS) -> None:
        self._inbox = inbox
        self._seats = threading.Semaphore(seats)

    def deliveries(self, leads: Sequence[str], wait: float) -> list[list[dict[str, Any]]]:
        """Each lead's deliveries: once they have an outcome, or as they are when the time, or the seats, are over."""
        if self._seats.acquire(blocking=False):
            try:
                until = time.monotonic() + wait
                return [self._settled(lead, until) for lead in leads]
            finally:
                self._seats.release()
        return [self._settled(lead, 0) for lead in leads]

    def _settled(self, lead: str, until: float) -> list[dict[str, Any]]:
        while True:
            try:
                found = self._inbox.outcome_of(lead)
            except StoreError:  # the lead is on disk; only its outcome can't be told
                return []
            if (found and not any(map(_is_under_way, found))) or time.monotonic() >= until:
                return [_shown(delivery) for delivery in found]
            time.sleep(_LOOK_EVERY)


def _is_under_way(delivery: dict[str, Any]) -> bool:
    return delivery["status"] in {Status.PENDING, Status.SENDING} or delivery["reason"] == Reason.RETRY


def _shown(delivery: dict[str, Any]) -> dict[str, Any]:
    """What the sender sees of a delivery: where it has a reason, always with a sentence that a Zap can show."""
    reason = delivery["reason"]
    return {"status": delivery["status"], "reason": reason, "error": delivery["error"] or _UNSAID.get(reason)}
