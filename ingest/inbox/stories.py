from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from ingest.inbox.reads import Filter, matching_leads
from ingest.inbox.tables import deliveries, events

PAGE = 200


@dataclass(frozen=True, slots=True)
class Story:
    """A lead as it is stored, with its deliveries in the order of their positions."""

    event: Row[Any]
    deliveries: tuple[Row[Any], ...]


def stories(
    reading: Callable[[], AbstractContextManager[Connection]], wanted: Filter, ids: Sequence[str] = ()
) -> Iterator[Story]:
    """The leads with these ids, or all that a filter wants; the newest first.

    Each page is a transaction of its own, so that a long list holds nobody up.
    """
    before: str | None = None
    while True:
        query = (
            _wanted(wanted, ids).add_columns(events.c.erased_at, events.c.via).order_by(events.c.id.desc()).limit(PAGE)
        )
        if before is not None:
            query = query.where(events.c.id < before)
        with reading() as connection:
            page = connection.execute(query).all()
            theirs = _deliveries(connection, [row.id for row in page])
        for row in page:
            yield Story(row, tuple(theirs[row.id]))
        if len(page) < PAGE:
            return
        before = page[-1].id


def count(connection: Connection, wanted: Filter, ids: Sequence[str] = ()) -> int:
    """How many leads `stories` gives."""
    found = _wanted(wanted, ids).with_only_columns(events.c.id).subquery()
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def _wanted(wanted: Filter, ids: Sequence[str]) -> Select[Any]:
    query = matching_leads(wanted)
    return query.where(events.c.id.in_(ids)) if ids else query


def _deliveries(connection: Connection, ids: list[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {lead: [] for lead in ids}
    query = select(deliveries).where(deliveries.c.event_id.in_(ids))
    for row in connection.execute(query.order_by(deliveries.c.event_id, deliveries.c.position)) if ids else ():
        found[row.event_id].append(row)
    return found
