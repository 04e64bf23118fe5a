from __future__ import annotations

from collections import Counter
from threading import Lock


class Counts:
    """How many posts this process refused, by code."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_code: Counter[str] = Counter()

    def add(self, code: str) -> None:
        """Count one refusal."""
        with self._lock:
            self._by_code[code] += 1

    def by_code(self) -> dict[str, int]:
        """The counts so far."""
        with self._lock:
            return dict(self._by_code)
