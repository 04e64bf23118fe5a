from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

KINDS = ("aisensy", "details", "graph", "captcha")
"""What is recorded apart: campaign requests, looks at a campaign's details, calls of the Graph API, captchas."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request as it came, without its key, and what became of it."""

    at: str  # ISO 8601
    where: str  # one of KINDS
    method: str
    path: str
    headers: dict[str, str]
    body: Any  # JSON, or the beginning of a text that is none
    account: str | None = None  # whose key it came with
    status: int = 200  # of the answer, also where none was given because of a fault
    answer: Any = None
    ignored: dict[str, list[str]] = field(default_factory=dict)  # tags and attributes that do not exist
    taken: bool = False  # whether a message would be sent
    fault: str | None = None  # what the sandbox was told to do to it


class Records:
    """The last `keep` requests of each kind, oldest first, and how many there were. Threads may share it."""

    def __init__(self, keep: int) -> None:
        self._kept: dict[str, deque[dict[str, Any]]] = {kind: deque(maxlen=keep) for kind in KINDS}
        self._seen: Counter[str] = Counter()
        self._news = threading.Condition()

    def add(self, record: Record) -> None:
        """Record a request and wake whoever waits for it."""
        with self._news:
            self._seen[record.where] += 1
            number = self._seen[record.where]
            names = Record.__slots__
            self._kept[record.where].append({"number": number, **{name: getattr(record, name) for name in names}})
            self._seen[f"{record.where}.taken"] += record.taken
            self._news.notify_all()

    def list(self, where: str = "aisensy", taken: bool | None = None, since: int = 0) -> list[dict[str, Any]]:
        """The requests of one kind, after the one with the number `since`; `taken` narrows them."""
        with self._news:
            return [
                record
                for record in self._kept[where]
                if record["number"] > since and (taken is None or record["taken"] is taken)
            ]

    def count(self, where: str = "aisensy") -> dict[str, int]:
        """How many came, and how many of them were taken, the forgotten ones too."""
        with self._news:
            return {"total": self._seen[where], "taken": self._seen[f"{where}.taken"]}

    def wait(self, count: int, timeout: float, where: str = "aisensy", taken: bool = True) -> bool:
        """Wait until so many requests came (were taken); False when the seconds are over before."""
        name = f"{where}.taken" if taken else where
        until = time.monotonic() + timeout
        with self._news:
            return self._news.wait_for(lambda: self._seen[name] >= count, max(0.0, until - time.monotonic()))

    def clear(self) -> None:
        """Forget all, and count from 0 again."""
        with self._news:
            for kept in self._kept.values():
                kept.clear()
            self._seen.clear()
