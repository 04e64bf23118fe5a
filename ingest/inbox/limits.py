"""What policies count: messages let through under a key, claimed in the transaction that lets them go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, text

from ingest.inbox.tables import messages
from ingest.inbox.writes import CHUNK, insert
from ingest.models import Reason

LONGEST = timedelta(days=31)
"""How long a message is kept for those who count, at the least: another mapping may count over a longer time."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` messages under one key within a time; `reason` is why one more is skipped."""

    reason: Reason
    key: str  # a keyed hash
    count: int
    within: timedelta


class Counts:
    """The messages that count now under some keys; no other transaction changes them before this one ends."""

    def __init__(self, connection: Connection, limits: Iterable[Limit], now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._known: dict[str, list[tuple[str, datetime]]] = {}
        self._claimed: list[dict[str, Any]] = []
        wanted = list(limits)
        if not wanted:
            return
        keys = sorted({limit.key for limit in wanted})
        if connection.dialect.name == "postgresql":  # on SQLite there is one writer at a time
            numbers = sorted({_number(key) for key in keys})  # locked in one order everywhere
            connection.execute(text("SELECT pg_advisory_xact_lock(key) FROM unnest(:keys) AS key"), {"keys": numbers})
        since = now - max(limit.within for limit in wanted)
        for start in range(0, len(keys), CHUNK):
            query = select(messages.c.key, messages.c.delivery_id, messages.c.at).where(
                messages.c.key.in_(keys[start : start + CHUNK]), messages.c.at > since
            )
            for row in connection.execute(query):
                self._known.setdefault(row.key, []).append((row.delivery_id, row.at))

    def reached(self, delivery: str, limits: Sequence[Limit]) -> Reason | None:
        """Why a delivery may not go, or None. Its own earlier attempts do not count against it."""
        for limit in limits:
            since = self._now - limit.within
            others = {one for one, at in self._known.get(limit.key, ()) if one != delivery and at > since}
            if len(others) >= limit.count:
                return limit.reason
        return None

    def claim(self, delivery: str, limits: Sequence[Limit]) -> None:
        """Count a delivery that goes."""
        for limit in limits:
            self._known.setdefault(limit.key, []).append((delivery, self._now))
            self._claimed.append(
                {
                    "delivery_id": delivery,
                    "kind": str(limit.reason),
                    "key": limit.key,
                    "at": self._now,
                    "until": self._now + max(limit.within, LONGEST),
                }
            )

    def write(self) -> None:
        """Write what was claimed."""
        if self._claimed:
            upsert = insert(self._connection, messages)
            known = {name: upsert.excluded[name] for name in ("key", "at", "until")}
            upsert = upsert.on_conflict_do_update(index_elements=["delivery_id", "kind"], set_=known)
            self._connection.execute(upsert, self._claimed)


def release(connection: Connection, ids: Sequence[str]) -> None:
    """Count deliveries no longer, because they surely were not sent."""
    for start in range(0, len(ids), CHUNK):
        connection.execute(delete(messages).where(messages.c.delivery_id.in_(ids[start : start + CHUNK])))


def _number(key: str) -> int:
    """A key as the number that PostgreSQL's advisory locks take."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
