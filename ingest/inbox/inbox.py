from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from ingest.errors import StoreError
from ingest.inbox import accepting, acts, backlog, brakes, claims, fanout, people, reads, releases, turns, writes
from ingest.inbox.accepting import Accepted
from ingest.inbox.bell import Bell, NotifyBell, SocketBell
from ingest.inbox.brakes import Pause
from ingest.inbox.claims import Want
from ingest.inbox.door import Door, Job
from ingest.inbox.engine import connect, migrate
from ingest.inbox.tables import intakes
from ingest.inbox.turns import Taken, Turn
from ingest.inbox.watched import Watched, standing
from ingest.models import MENDABLE, Delivery, Event, Identity, utcnow

AGAIN = 1.0
"""Seconds between two tries to open a store that could not be opened."""

T = TypeVar("T")
R = TypeVar("R")


class Inbox:
    """The durable ledger: what came, what became of it, and what is to be done. Every method may raise StoreError.

    One for each process; safe for its threads.
    """

    def __init__(self, url: str, *, patient: bool = False) -> None:
        """Open the store; a patient one opens it when it can, and until then every method raises StoreError."""
        self._url = url
        self._opened = False
        self._opening = threading.Lock()
        self._failed: tuple[float, StoreError] | None = None
        if not patient:
            self.open()
        sqlite = Path(url.removeprefix("sqlite:///")).absolute() if url.startswith("sqlite:///") else None
        self._engine = connect(url)
        self.bell: Bell = SocketBell(sqlite) if sqlite else NotifyBell(url.replace("+psycopg", "", 1))
        self._door = Door(self._engine, Path(f"{sqlite}.lock") if sqlite else None, self.bell.ring)
        self._hash_key: bytes | None = None
        self._hash_key_lock = threading.Lock()

    def open(self) -> None:
        """Bring the store to this program's schema, where that has not been done yet. Raises StoreError."""
        if self._opened:
            return
        with self._opening:
            if self._failed and time.monotonic() < self._failed[0] + AGAIN:
                raise self._failed[1]
            if not self._opened:
                try:
                    migrate(self._url)
                except StoreError as error:
                    self._failed = time.monotonic(), error
                    raise
                self._opened = True

    def write(self, job: Job[T, R], item: T) -> R:
        """Do one item of a job, durably; see Door."""
        self.open()
        return self._door.write(job, item)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading, one snapshot."""
        self.open()
        try:
            with self._engine.connect().execution_options(reading=True) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"The store can't be read: {getattr(error, 'orig', None) or error}") from error

    def close(self) -> None:
        """Close every connection and file."""
        self._door.close()
        self._engine.dispose()
        self.bell.close()

    def accept(self, events: Sequence[Event]) -> list[Accepted]:
        """Store events; on disk when this returns. An event with a known identity gives the first one's id."""
        if not events:
            return []
        return self.write(accepting.accept, events)

    def knows(self, identity: Identity) -> bool:
        """Whether an event with this identity is there already."""
        with self.reading() as connection:
            return accepting.knows(connection, identity)

    def hash(self, kind: str, *texts: str) -> str:
        """What stands for texts that may be a person's: the same in all processes, and nothing can be read from it."""
        content = "\0".join((kind, *texts)).encode("utf-8", "surrogatepass")
        return f"{kind}:{hmac.new(self.hash_key(), content, hashlib.sha256).hexdigest()[:40]}"

    def person(self, phone: str) -> str:
        """What stands for a person, by the whole number (`+919876543210`)."""
        return self.hash("person", phone)

    def hash_key(self) -> bytes:
        """The key of the hashes that stand for bodies; made at first use, the same in all processes."""
        if self._hash_key is not None:
            return self._hash_key
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

    def waits_more_than(self, account: str, count: int) -> bool:
        """Whether more than so many of an account's deliveries wait to be sent."""
        with self.reading() as connection:
            return backlog.waits_more_than(connection, account, count)

    def routes_beside(self, delivery: Delivery) -> dict[int, str | None]:
        """The routes of a lead's other deliveries by their positions."""
        with self.reading() as connection:
            return fanout.routes_beside(connection, delivery)

    def claim(self, want: Want) -> list[Delivery]:
        """Lease due deliveries, the oldest of each account first."""
        return self.write(claims.claim, want)

    def turn(self, turn: Turn) -> Taken:
        """Write a worker's turn: answers, moves and intents, in one transaction."""
        return self.write(turns.take, turn)

    def renew(self, owner: str, ids: Sequence[str]) -> None:
        """Put off the end of a worker's leases of these deliveries."""
        if ids:
            self.write(claims.renew, (owner, ids))

    def free(self, owner: str) -> int:
        """Take back what a worker had that is dead, or stops; tells how many are now ambiguous."""
        return self.write(claims.free, owner)

    def sweep(self) -> int:
        """End the sending of workers whose lease has run out; tells how many are now ambiguous."""
        return self.write(claims.sweep, None)

    def held_endpoints(self) -> list[str]:
        """The endpoints that have held deliveries."""
        with self.reading() as connection:
            return list(releases.held_endpoints(connection))

    def release_mended(self, endpoint: str, version: str) -> int:
        """Try held deliveries again with a version of the mapping that is new to them; tells how many."""
        return self.write(releases.release_mended, (endpoint, version, tuple(sorted(MENDABLE))))

    def hurry(self) -> int:
        """Have all leads asked for at once that Meta did not give; tells how many deliveries."""
        return self.write(releases.hurry, None)

    def set_right(self) -> int:
        """Put right what a clock wrote that has been put back since; tells how many deliveries."""
        return self.write(releases.set_right, None)

    def pause(self, pause: Pause) -> None:
        """Put on an account's brake, for all processes."""
        self.write(brakes.pause, pause)

    def resume(self, account: str) -> bool:
        """Take an account's brake off, and those of its campaigns; tells whether it had one."""
        return self.write(acts.resume, account)

    def replay(self, ids: Sequence[str], *, again: bool = False) -> int:
        """Try deliveries anew; those that were sent only `again`. Tells how many."""
        return self.write(acts.replay, (ids, again))

    def discard(self, ids: Sequence[str]) -> int:
        """Give deliveries up that are not sent; tells how many."""
        return self.write(acts.discard, ids)

    def opt_out(self, phone: str) -> bool:
        """Message the person with this number no more; tells whether that is new."""
        return self.write(people.opt_out, self.person(phone))

    def opt_in(self, phone: str) -> bool:
        """Message the person with this number again; tells whether it had opted out."""
        return self.write(people.opt_in, self.person(phone))

    def erase(self, leads: Sequence[str], vendors: Sequence[str]) -> int:
        """Take people's data out of leads; `vendors` are the channels whose ids are a vendor's own, and stay."""
        erased = sum(
            self.write(people.erase, (leads[start : start + people.BATCH], vendors))
            for start in range(0, len(leads), people.BATCH)
        )
        if erased:
            self._door.empty_log()
        return erased

    def anonymise(self, before: datetime, vendors: Sequence[str], after: str = "", *, held: bool = False) -> list[str]:
        """Take people's data out of some leads that came before a time, the oldest first from an id on; tells which."""
        with self.reading() as connection:
            leads = people.old(connection, before, after, held=held)
        self.erase(leads, vendors)
        return leads

    def open_findings(self) -> list[Watched]:
        """What is not as it should be, as it was found last, the oldest first."""
        with self.reading() as connection:
            return standing(connection)

    def purge(self) -> int:
        """Delete some of what has expired; 0 when there is no more."""
        now = utcnow()
        with self.reading() as connection:
            names, counted = people.expired(connection, now)
        return self.write(people.purge, (names, counted, now)) if names or counted else 0


def _touch(connection: Connection, asked: Sequence[None]) -> list[None]:
    connection.execute(text("SELECT 1 FROM keys LIMIT 1"))
    return [None] * len(asked)
