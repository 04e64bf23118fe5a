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
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from ingest.errors import StoreError
from ingest.inbox.bell import DUE

T = TypeVar("T")
R = TypeVar("R")

BATCH = 256
"""How many items one transaction takes at the most."""

PATIENCE = 5.0
"""Seconds that we wait for a store that another process has."""

AGAIN = 3
"""How often a transaction is tried again that was ended by a deadlock, or by a connection that had died meanwhile."""

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
    `ring` is called after a transaction in which something became due.
    """

    def __init__(self, engine: Engine, lock: Path | None, ring: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._ring = ring
        self._lock_path = lock
        self._lock_file: int | None = None
        self._connection: Connection | None = None
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
                    self._serve()
        if ticket.error is not None:
            raise ticket.error
        result: R = ticket.result
        return result

    def close(self) -> None:
        """Give up connection and lock file; nothing may be written after."""
        with self._commit_lock:
            self._forget_connection()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    def empty_log(self) -> None:
        """Empty SQLite's write-ahead log, as far as readers let us, so that nothing erased is left in it."""
        if self._lock_path is None:
            return
        with self._commit_lock, suppress(SQLAlchemyError), self._turn():
            self._forget_connection()
            connection = self._engine.raw_connection()
            try:
                connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr] # open
            finally:
                connection.close()

    def _serve(self) -> None:
        """Write what is there when our turn has come: all that gathered while we waited for it."""
        try:
            with self._turn():
                self._commit(self._take())
        except (StoreError, OSError) as error:  # our turn did not come
            self._settle(self._take(), _store_error(error))

    def _take(self) -> list[_Ticket]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), BATCH))]

    def _commit(self, batch: list[_Ticket], tries: int = AGAIN) -> None:
        try:
            self._transact(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, each waiting thread must be told
            if tries and (_was_deadlock(error) or _was_lost(error)):
                self._commit(batch, tries - 1)
            elif len(batch) == 1 or _store_is_away(error):
                self._settle(batch, _store_error(error))
            else:
                for ticket in batch:  # one bad item must not take the others with it
                    self._commit([ticket])
        else:
            self._settle(batch, None)

    @staticmethod
    def _settle(batch: list[_Ticket], error: Exception | None) -> None:
        for ticket in batch:
            ticket.error = error
            ticket.done.set()

    def _transact(self, batch: list[_Ticket]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        try:
            with connection.begin():
                for job, tickets in ((job, list(group)) for job, group in groupby(batch, key=lambda one: one.job)):
                    for ticket, result in zip(tickets, job(connection, [one.item for one in tickets]), strict=True):
                        ticket.result = result
        except Exception:
            self._forget_connection()
            raise
        if connection.info.pop(DUE, False):
            self._ring()

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.info.pop(DUE, None)
            with suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None

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
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreError(f"Another process has kept the store to itself for {PATIENCE:.0f} s") from None
        time.sleep(0.0001)  # a commit takes some hundred microseconds


def _was_deadlock(error: Exception) -> bool:
    return getattr(getattr(error, "orig", None), "sqlstate", None) in {"40P01", "40001"}


def _was_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _store_is_away(error: Exception) -> bool:
    """Whether the fault is the store's, so that no item of the batch would fare better alone."""
    return isinstance(error, OperationalError | InterfaceError | OSError | StoreError)


def _store_error(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError | OSError):
        cause = getattr(error, "orig", None) or error
        return StoreError(f"The store can't be written: {type(cause).__name__}: {cause}")
    return error
