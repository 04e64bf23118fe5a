"""What waits to be sent, for people who look after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from ingest.inbox.tables import CLAIMABLE, HELD, accounts, deliveries, events


@dataclass(frozen=True, slots=True)
class Depth:
    """How many deliveries wait, and are held; when the lead came that waits longest, and since when one is due."""

    waiting: int
    held: int
    oldest: datetime | None
    due: datetime | None


def depth(connection: Connection) -> Depth:
    """What waits; due is what a worker could take up, its account being open."""
    waiting, first = connection.execute(
        select(func.count(), func.min(deliveries.c.event_id)).select_from(deliveries).where(CLAIMABLE)
    ).one()
    held = connection.execute(select(func.count()).select_from(deliveries).where(HELD)).scalar_one()
    oldest = connection.execute(select(events.c.received_at).where(events.c.id == first)).scalar() if first else None
    braked = select(accounts.c.name).where(accounts.c.reason.is_not(None))
    open_ = deliveries.c.account.not_in(braked)
    due = connection.execute(select(func.min(deliveries.c.due_at)).where(CLAIMABLE, open_)).scalar()
    return Depth(waiting, held, oldest, due)


def schema(connection: Connection) -> str:
    """The version of the store's schema."""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
