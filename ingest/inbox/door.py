from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from ingest.errors import StoreError

T = TypeVar("T")
R = TypeVar("R")

BATCH = 256
"""How many items one transaction takes at the most."""

PATIENCE = 5.0
"""Seconds that we wait for a store that another process has."""

DEADLOCKS = 3
"""How often a transaction is tried again that PostgreSQL ended to resolve a deadlock."""

Job = Callable[[Connection, Sequence[T]], Sequence[R]]
"""What is written: takes the items of all who came at once, gives each its result, in order."""


@dataclass
class _Ticket:
    job: Job[Any, Any]
    item: Any
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: Exception | None = None


class Door:
    """The one way to write to the store.

    Threads put their items in a queue; whoever takes the commit lock writes all that is there in one transaction, so
    that one fsync serves many. On SQLite an advisory lock on a file beside the database lets processes take turns.
    """

    def __init__(self, engine: Engine, lock: Path | None) -> None:
        self._engine = engine
        self._lock_path = lock
        self._lock_file: int | None = None
        self._queue: deque[_Ticket] = deque()
        self._commit_lock = threading.Lock()

    def write(self, job: Job[T, R], item: T) -> R:
        """Do one item of a job; it is on disk when this returns.

        Raises StoreError when it could not be written. After a lost connection nobody knows whether it was; jobs are
        therefore such that doing them again is harmless.
        """
        ticket = _Ticket(job, item)
        self._queue.append(ticket)
        while not ticket.done.is_set():
            with self._commit_lock:
                if not ticket.done.is_set():
                    self._commit(self._take())
        if ticket.error is not None:
            raise ticket.error
        result: R = ticket.result
        return result

    def close(self) -> None:
        """Give up the lock file; nothing may be written after."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def empty_log(self) -> None:
        """Empty SQLite's write-ahead log, as far as readers let us, so that nothing erased is left in it."""
        if self._lock_path is None:
            return
        with self._commit_lock, self._turn(), suppress(SQLAlchemyError):
            connection = self._engine.raw_connection()
            try:
                connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr] # open
            finally:
                connection.close()

    def _take(self) -> list[_Ticket]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), BATCH))]

    def _commit(self, batch: list[_Ticket], tries: int = DEADLOCKS) -> None:
        try:
            self._transact(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, each waiting thread must be told
            if _was_deadlock(error) and tries:
                self._commit(batch, tries - 1)
            elif len(batch) == 1 or _store_is_away(error):
                told = _store_error(error)
                for ticket in batch:
                    ticket.error = told
            else:
                for ticket in batch:  # one bad item must not take the others with it
                    self._commit([ticket])
        finally:
            for ticket in batch:
                ticket.done.set()

    def _transact(self, batch: list[_Ticket]) -> None:
        with self._turn(), self._engine.begin() as connection:
            for job, tickets in ((job, list(group)) for job, group in groupby(batch, key=lambda ticket: ticket.job)):
                for ticket, result in zip(tickets, job(connection, [t.item for t in tickets]), strict=True):
                    ticket.result = result

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._lock_path is None:
            yield
            return
        if self._lock_file is None:
            self._lock_file = os.open(self._lock_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        _lock(self._lock_file)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)


def _lock(file: int) -> None:
    """Take the advisory lock. Raises StoreError where another process has it for too long: it is stuck, not busy."""
    end = time.monotonic() + PATIENCE
    pause = 0.0001
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreError(f"Another process has kept the store to itself for {PATIENCE:.0f} s") from None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.002)


def _was_deadlock(error: Exception) -> bool:
    return getattr(getattr(error, "orig", None), "sqlstate", None) in {"40P01", "40001"}


def _store_is_away(error: Exception) -> bool:
    """Whether the fault is the store's, so that no item of the batch would fare better alone."""
    return isinstance(error, OperationalError | InterfaceError | OSError | StoreError)


def _store_error(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError | OSError):
        cause = getattr(error, "orig", None) or error
        return StoreError(f"The store can't be written: {type(cause).__name__}: {cause}")
    return error
