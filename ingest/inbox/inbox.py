from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from ingest.errors import StoreError
from ingest.inbox import brakes, claims, reads, writes
from ingest.inbox.bell import Bell, NotifyBell, SocketBell
from ingest.inbox.brakes import Pause
from ingest.inbox.claims import Want
from ingest.inbox.door import Door, Job
from ingest.inbox.engine import connect, migrate
from ingest.inbox.tables import intakes
from ingest.inbox.writes import Accepted, Move
from ingest.models import MENDABLE, Delivery, Event

T = TypeVar("T")
R = TypeVar("R")


class Inbox:
    """The durable ledger: what came, what became of it, and what is to be done. Every method may raise StoreError.

    One for each process; safe for its threads.
    """

    def __init__(self, url: str) -> None:
        migrate(url)
        sqlite = Path(url.removeprefix("sqlite:///")).absolute() if url.startswith("sqlite:///") else None
        self._engine = connect(url)
        self._door = Door(self._engine, Path(f"{sqlite}.lock") if sqlite else None)
        self.bell: Bell = SocketBell(sqlite) if sqlite else NotifyBell(url.replace("+psycopg", "", 1))
        self._hash_key: bytes | None = None
        self._hash_key_lock = threading.Lock()

    def write(self, job: Job[T, R], item: T) -> R:
        """Do one item of a job, durably; see Door."""
        return self._door.write(job, item)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading, one snapshot."""
        try:
            with self._engine.connect().execution_options(reading=True) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"The store can't be read: {getattr(error, 'orig', None) or error}") from error

    def close(self) -> None:
        """Close every connection and file."""
        self._engine.dispose()
        self._door.close()
        self.bell.close()

    def accept(self, events: Sequence[Event]) -> list[Accepted]:
        """Store events; on disk when this returns. An event with a known identity gives the first one's id."""
        if not events:
            return []
        accepted = self.write(writes.accept, events)
        self.bell.ring()
        return accepted

    def hash_key(self) -> bytes:
        """The key of the hashes that stand for bodies; made at first use, the same in all processes."""
        with self._hash_key_lock:
            if self._hash_key is None:
                self._hash_key = self.write(writes.make_key, ("hash", secrets.token_bytes(32)))
            return self._hash_key

    def keep_intake(self, endpoint: str, version: str, document: dict[str, Any]) -> None:
        """Keep an endpoint's intake sections, which have no fault, for the time when its file has one."""
        self.write(writes.keep_intake, (endpoint, version, document))

    def last_good_intake(self, endpoint: str) -> dict[str, Any] | None:
        """An endpoint's last intake sections without fault."""
        with self.reading() as connection:
            found = connection.execute(select(intakes.c.document).where(intakes.c.endpoint == endpoint)).scalar()
        return None if found is None else dict(json.loads(found))

    def ping(self) -> None:
        """Raise StoreError unless the store can be written."""
        self.write(_touch, None)

    def outcome_of(self, lead: str) -> list[dict[str, Any]]:
        """The deliveries of a lead as users see them."""
        with self.reading() as connection:
            return reads.outcome_of(connection, lead)

    def claim(self, want: Want) -> list[Delivery]:
        """Lease due deliveries, the oldest of each account first."""
        return self.write(claims.claim, want)

    def move(self, moves: Sequence[Move]) -> list[bool]:
        """Change the states of deliveries; tells of each whether it happened."""
        return self.write(writes.move, moves) if moves else []

    def add_deliveries(self, wanted: Sequence[tuple[Event, int]]) -> None:
        """Add further deliveries to events whose lead gives several."""
        self.write(writes.add_deliveries, wanted)

    def renew(self, owner: str, ids: Sequence[str]) -> None:
        """Put off the end of a worker's leases of these deliveries."""
        if ids:
            self.write(claims.renew, (owner, ids))

    def free(self, owner: str) -> int:
        """Take back what a worker had that is dead, or stops; tells how many are now ambiguous."""
        ended = self.write(claims.free, owner)
        self.bell.ring()
        return ended

    def sweep(self) -> int:
        """End the sending of workers whose lease has run out; tells how many are now ambiguous."""
        return self.write(claims.sweep, None)

    def release_mended(self, endpoint: str, version: str) -> int:
        """Try held deliveries again with a version of the mapping that is new to them; tells how many."""
        return self.write(claims.release_mended, (endpoint, version, tuple(sorted(MENDABLE))))

    def pause(self, pause: Pause) -> None:
        """Put on an account's brake, for all processes."""
        self.write(brakes.pause, pause)

    def probe_again(self, account: str) -> None:
        """Let another probe of a paused account through at once."""
        self.write(brakes.probe_again, account)

    def probe_passed(self, account: str) -> None:
        """Take an account's brake off, because its probe got through; a person's pause stays."""
        self.write(brakes.probe_passed, account)
        self.bell.ring()

    def resume(self, account: str) -> None:
        """Take an account's brake off."""
        self.write(brakes.resume, account)
        self.bell.ring()


def _touch(connection: Connection, asked: Sequence[None]) -> list[None]:
    connection.execute(text("SELECT 1 FROM keys LIMIT 1"))
    return [None] * len(asked)
