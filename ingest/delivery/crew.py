from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Crew:
    """A few threads that do what they are given, in order; made as they are wanted, and gone with the process.

    Unlike those of `concurrent.futures`, a thread that hangs in a request does not keep a process from ending.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._threads = 0
        self._given = 0
        self._done = 0

    def do(self, work: Callable[[], object]) -> None:
        """Have something done at the side. To be called from one thread."""
        self._given += 1
        if self._threads < min(self._size, self._given - self._done):
            self._threads += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
        self._waiting.put(work)

    def drop(self) -> None:
        """Forget what nobody has begun with."""
        while not self._waiting.empty():
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                return

    def _work(self) -> None:
        while True:
            self._waiting.get()()
            self._done += 1
