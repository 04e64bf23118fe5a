from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from ingest import green
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


class _Ticket:
    """One item that waits to be written. The lock `woken` is held until it is settled, or its thread has to lead."""

    __slots__ = ("error", "item", "job", "leads", "result", "settled", "woken")

    def __init__(self, job: Job[Any, Any], item: Any) -> None:
        self.job = job
        self.item = item
        self.result: Any = None
        self.error: Exception | None = None
        self.settled = False
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()


class Door:
    """The one way to write to the store.

    Threads put their items in a queue. The first of them leads: it writes all that is there in one transaction, so that
    one fsync serves many, and hands the lead to the next that waits. Every other thread is woken once, when its item is
    on disk: under one interpreter lock each further wake-up costs as much as a statement. On SQLite an advisory lock on
    a file beside the database lets processes take turns.
    `ring` is called after a transaction in which something became due.
    """

    def __init__(self, engine: Engine, lock: Path | None, ring: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._ring = ring
        self._lock_path = lock
        self._lock_file: int | None = None
        self._connection: Connection | None = None
        self._queue: deque[_Ticket] = deque()
        self._mutex = threading.Lock()  # of the queue and the lead
        self._led = False
        self._commit_lock = threading.Lock()

    def write(self, job: Job[T, R], item: T) -> R:
        """Do one item of a job; it is on disk when this returns.

        Raises StoreError when it could not be written. After a lost connection nobody knows whether it was; jobs are
        therefore such that doing them again is harmless.
        """
        ticket = _Ticket(job, item)
        with self._mutex:
            self._queue.append(ticket)
            ticket.leads, self._led = not self._led, True
        if not ticket.leads:
            self._wait(ticket)
        if not ticket.settled:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        result: R = ticket.result
        return result

    def _wait(self, ticket: _Ticket) -> None:
        """Wait until somebody has written our item, or hands us the lead. Raises StoreError when it takes too long."""
        while not ticket.woken.acquire(timeout=2 * PATIENCE):
            with self._mutex:
                if ticket in self._queue and not ticket.leads:  # who leads waits for a process that is stuck
                    self._queue.remove(ticket)
                    raise StoreError(f"The store has been kept from us for {2 * PATIENCE:.0f} s")

    def _lead(self) -> None:
        """Write what is there, our own item first, and hand the lead on."""
        try:
            green.gather()
            with self._commit_lock:
                self._serve()
        finally:
            with self._mutex:
                self._led = bool(self._queue)
                if self._queue:
                    self._queue[0].leads = True
                    self._queue[0].woken.release()

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
        with self._mutex:
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
            ticket.settled = True
            ticket.woken.release()

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
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            green.aside(fcntl.flock, self._lock_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)


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
