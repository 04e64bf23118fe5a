from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ingest.health.records import STORE, Check, day, ok, warned
from ingest.inbox import queue

LATE = timedelta(minutes=15)
"""How long a delivery may have been due before somebody should look."""


def examine(connection: Connection, now: datetime) -> Iterator[Check]:
    """The store's schema, how much waits, and whether anybody takes it up."""
    yield ok(STORE, "store", "store", f"It can be read and written; its schema is {queue.schema(connection)}.")
    depth = queue.depth(connection)
    if depth.waiting == 0:
        yield ok(STORE, "queue", "queue", f"Nothing waits{_held(depth)}.")
        return
    oldest = f"; the oldest came {day(depth.oldest)}" if depth.oldest else ""
    if depth.due and now - depth.due > LATE:
        message = f"{depth.waiting:,} wait{oldest}; some could have been taken up since {day(depth.due)}."
        mend = "See that a worker runs (`ingest run`, or `ingest worker`), and what it logs; more workers send faster."
        yield warned(STORE, "queue_late", "queue", message, mend)
    else:
        yield ok(STORE, "queue", "queue", f"{depth.waiting:,} wait{oldest}{_held(depth)}.")


def _held(depth: queue.Depth) -> str:
    return f"; {depth.held:,} are held for a person: `ingest leads --status held`" if depth.held else ""
