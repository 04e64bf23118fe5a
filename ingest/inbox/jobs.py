"""Jobs that one worker of all does now and then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, text, update

from ingest.inbox.tables import jobs
from ingest.models import utcnow

_FIRST = text("INSERT INTO jobs (name, since, next_at) VALUES (:name, :now, :next) ON CONFLICT (name) DO NOTHING")


def claim(connection: Connection, wanted: Sequence[tuple[str, timedelta, timedelta]]) -> list[datetime | None]:
    """For each job, by name, how often it is done, and how soon for the first time: whether it is ours to do now.

    Tells since when the job has been known; None where it is not due, or another worker has it.
    """
    return [_claim(connection, *one) for one in wanted]


def put_off(connection: Connection, wanted: Sequence[tuple[str, timedelta]]) -> list[None]:
    """Have nobody do jobs for a time from now on: while one is done, and when it has been."""
    for name, time in wanted:
        connection.execute(update(jobs).where(jobs.c.name == name).values(next_at=utcnow() + time))
    return [None] * len(wanted)


def _claim(connection: Connection, name: str, every: timedelta, first: timedelta) -> datetime | None:
    now = utcnow()
    told = {"name": name, "now": int(now.timestamp() * 1000), "next": int((now + first).timestamp() * 1000)}
    connection.execute(_FIRST, told)
    due = update(jobs).where(jobs.c.name == name, jobs.c.next_at <= now).values(next_at=now + every)
    if not connection.execute(due).rowcount:
        early = update(jobs).where(jobs.c.name == name, jobs.c.next_at > now + max(every, first))
        connection.execute(early.values(next_at=now + every))  # it is to be done more often by now
        return None
    found: datetime = connection.execute(select(jobs.c.since).where(jobs.c.name == name)).scalar_one()
    return found
