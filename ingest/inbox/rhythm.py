"""When a form's leads came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from ingest.inbox.tables import HAS_FORM, events
from ingest.models import Via

MOST = 1000  # leads of a form that are looked at

_TOLD = (Via.WEBHOOK, Via.RECONCILIATION)
"""How leads come by themselves; a person's imports tell nothing of a form's rhythm."""


def times(connection: Connection, form_id: str) -> list[datetime]:
    """When a form's newest leads came, the newest first."""
    query = (
        select(events.c.received_at)
        .where(HAS_FORM, events.c.form_id == form_id, events.c.via.in_(_TOLD))
        .order_by(events.c.received_at.desc())
        .limit(MOST)
    )
    return list(connection.execute(query).scalars())
