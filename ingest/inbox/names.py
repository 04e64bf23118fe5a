"""The names that the store knows, for those who ask for one that it does not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, exists, select

from ingest.inbox.tables import accounts, campaigns, deliveries, events, intakes
from ingest.models import iso

RECENT = 2000


def endpoints(connection: Connection) -> list[str]:
    """Every endpoint that ever took leads."""
    return list(connection.execute(select(intakes.c.endpoint)).scalars())


def accounts_of(connection: Connection) -> list[str]:
    """Every account that something waits for, or waited."""
    return [*_distinct(connection, deliveries.c.account), *connection.execute(select(accounts.c.name)).scalars()]


def campaigns_of(connection: Connection) -> list[str]:
    """Every campaign that was ever asked for."""
    return _distinct(connection, deliveries.c.campaign)


def has_campaign(connection: Connection, name: str) -> bool:
    """Whether anything was ever sent, or held, for a campaign."""
    return bool(connection.execute(select(exists().where(deliveries.c.campaign == name))).scalar())


def newest_leads(connection: Connection) -> list[str]:
    """What the newest leads are called: our ids, and the senders'."""
    query = select(events.c.id, events.c.external_id).order_by(events.c.id.desc()).limit(RECENT)
    return [name for row in connection.execute(query) for name in row if name]


def paused(connection: Connection) -> list[dict[str, Any]]:
    """What is paused, accounts and campaigns, and why."""
    brakes = connection.execute(select(accounts).where(accounts.c.reason.is_not(None)).order_by(accounts.c.name)).all()
    stopped = connection.execute(
        select(campaigns).where(campaigns.c.until.is_not(None)).order_by(campaigns.c.account, campaigns.c.campaign)
    ).all()
    return [_paused(row.name, None, row.reason, row) for row in brakes] + [
        _paused(row.account, row.campaign, "campaign_rejected", row) for row in stopped
    ]


def _paused(account: str, campaign: str | None, reason: str, row: Any) -> dict[str, Any]:
    until = iso(row.until) if row.until else None
    return {"account": account, "campaign": campaign, "reason": reason, "message": row.message, "until": until}


def _distinct(connection: Connection, column: Column[Any]) -> list[str]:
    return list(connection.execute(select(column).where(column.is_not(None)).distinct().limit(1000)).scalars())
