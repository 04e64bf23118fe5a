from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ingest.aisensy.client import Client
from ingest.delivery.crew import Crew
from ingest.delivery.prepare import Ready
from ingest.models import Outcome, utcnow

IN_FLIGHT = 8
"""Requests of one account that one process has under way at the most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request that left."""

    ready: Ready
    outcome: Outcome
    started_at: datetime
    duration_ms: int


class Senders:
    """Sends requests at the side: a few threads for each account, so that one that hangs holds up no other."""

    def __init__(self, client: Client, tell: Callable[[Answer], None]) -> None:
        self._client = client
        self._tell = tell
        self._crews: dict[str, Crew] = {}
        self._busy: Counter[str] = Counter()

    @property
    def under_way(self) -> int:
        """How many requests have left and are not answered yet."""
        return self._busy.total()

    def room(self, account: str) -> int:
        """How many requests of an account may leave at once."""
        return IN_FLIGHT - self._busy[account]

    def send(self, ready: Ready, url: str, key: str) -> None:
        """Send a request; its answer is told when it is there."""
        account = ready.delivery.account
        self._busy[account] += 1
        crew = self._crews.get(account)
        if crew is None:
            crew = self._crews[account] = Crew(IN_FLIGHT, f"send-{account}")
        crew.do(partial(self._send, ready, url, key))

    def answered(self, answer: Answer) -> None:
        """The worker has taken an answer: its place is free."""
        self._busy[answer.ready.delivery.account] -= 1

    def _send(self, ready: Ready, url: str, key: str) -> None:
        started_at, start = utcnow(), time.monotonic()
        outcome = self._client.send(url, key, ready.request)
        self._tell(Answer(ready, outcome, started_at, round((time.monotonic() - start) * 1000)))
