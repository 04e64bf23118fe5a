"""People who were forgotten: nothing of them is kept but that, and when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, Table, Text, func, select

from ingest.inbox.tables import Moment, metadata
from ingest.inbox.writes import insert
from ingest.models import utcnow

forgotten = Table(
    "forgotten",
    metadata,
    Column("person", Text, primary_key=True),  # a keyed hash of the number
    Column("at", Moment, nullable=False),
)


def forget(connection: Connection, people: Sequence[str]) -> list[None]:
    """Note that people were forgotten now."""
    now = utcnow()
    for person in sorted(set(people)):  # in one order everywhere, so that nobody waits for another in a circle
        row = insert(connection, forgotten).values(person=person, at=now)
        connection.execute(row.on_conflict_do_update(index_elements=["person"], set_={"at": now}))
    return [None] * len(people)


def last_forgotten(connection: Connection, people: Collection[str]) -> datetime | None:
    """When any of some people was forgotten last; None where none was."""
    query = select(func.max(forgotten.c.at, type_=Moment)).where(forgotten.c.person.in_(people))
    found: datetime | None = connection.execute(query).scalar()
    return found
