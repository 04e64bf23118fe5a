"""Lead forms: which brought leads, and whether all that Meta has are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ingest.inbox.tables import HAS_FORM, deliveries, events, form_days
from ingest.inbox.writes import CHUNK
from ingest.models import Status


@dataclass(frozen=True, slots=True)
class SeenForm:
    """A form that brought leads: its page and endpoint as the last one told, and when that came."""

    id: str
    page_id: str
    endpoint: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FormDay:
    """A form's leads of one day (UTC): how many Meta has, and what became of them here."""

    form_id: str
    day: str
    page_id: str
    form_name: str
    meta: int
    received: int
    sent: int
    held: int
    missed: int  # their webhooks never came
    checked_at: datetime


def seen(connection: Connection, since: datetime) -> Iterator[SeenForm]:
    """The forms that brought leads since a time, by hops over the index."""
    last = ""
    while True:
        query = select(func.min(events.c.form_id)).where(HAS_FORM, events.c.form_id > last)
        found = connection.execute(query).scalar()
        if found is None:
            return
        last = found
        columns = (events.c.page_id, events.c.endpoint, events.c.received_at)
        latest = select(*columns).where(HAS_FORM, events.c.form_id == last).order_by(events.c.received_at.desc())
        row = connection.execute(latest.limit(1)).one()
        if row.received_at >= since:
            yield SeenForm(last, row.page_id or "", row.endpoint, row.received_at)


def standing(connection: Connection, endpoint_channel: str, ids: Sequence[str]) -> dict[str, str]:
    """What became of leads, by their external ids: sent where a message was, held where one is, else how they stand."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), CHUNK):
        query = (
            select(events.c.external_id, deliveries.c.status)
            .join(deliveries, deliveries.c.event_id == events.c.id)
            .where(events.c.external_id.in_(ids[start : start + CHUNK]), events.c.channel == endpoint_channel)
        )
        for own, status in connection.execute(query):
            ranks = (Status.HELD, Status.SENT)
            if found.get(own) not in ranks or status in ranks[: ranks.index(Status(found[own]))]:
                found[own] = status
    return found


def record(connection: Connection, several: Sequence[Sequence[FormDay]]) -> list[None]:
    """Keep what was found of forms' days; missed webhooks add up."""
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    for days in several:
        for one in days:
            row: dict[str, Any] = {name: getattr(one, name) for name in FormDay.__slots__}
            statement: Any = insert(form_days).values(row)
            changed = {name: statement.excluded[name] for name in row if name not in {"form_id", "day", "missed"}}
            changed["missed"] = form_days.c.missed + statement.excluded.missed
            connection.execute(statement.on_conflict_do_update(index_elements=["form_id", "day"], set_=changed))
    return [None] * len(several)


def compared(connection: Connection) -> dict[str, datetime]:
    """When each form's leads were compared last."""
    latest = func.max(form_days.c.checked_at, type_=form_days.c.checked_at.type)
    rows = connection.execute(select(form_days.c.form_id, latest.label("at")).group_by(form_days.c.form_id))
    return {row.form_id: row.at for row in rows}


def days(connection: Connection, since: str) -> list[FormDay]:
    """The forms' days from one day on, the newest first."""
    query = select(form_days).where(form_days.c.day >= since).order_by(form_days.c.day.desc(), form_days.c.form_id)
    return [FormDay(**row._mapping) for row in connection.execute(query)]
