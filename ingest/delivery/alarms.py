from __future__ import annotations

import heapq
import time
from datetime import datetime

from ingest.models import utcnow


class Alarms:
    """When something that we know of is due, as the monotonic clock has it."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def set(self, at: datetime) -> float:
        """Ring at a time; gives it as the monotonic clock has it."""
        due = time.monotonic() + (at - utcnow()).total_seconds()
        heapq.heappush(self._times, due)
        return due

    def ring(self, now: float) -> bool:
        """Whether any was due; those are forgotten."""
        rang = bool(self._times) and self._times[0] <= now
        while self._times and self._times[0] <= now:
            heapq.heappop(self._times)
        return rang

    @property
    def next(self) -> float:
        """When the next one rings."""
        return self._times[0] if self._times else float("inf")
