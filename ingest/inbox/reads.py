from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, TextClause, and_, case, exists, or_, select, union_all

from ingest.ids import id_at
from ingest.inbox.tables import CLAIMABLE, OWNED, STOPPED, accounts, attempts, deliveries, events, identities
from ingest.models import Reason, Status, iso

PAGE = 500
SHOWN = ("id", "external_id", "endpoint", "channel", "received_at", "name", "phone", "body", "lead")

# A delivery that would be sent now, were its account not paused, is shown as what it is: waiting, and why.
_braked = and_(
    accounts.c.reason.is_not(None),
    or_(
        deliveries.c.status == Status.PENDING,
        and_(deliveries.c.status == Status.WAITING, deliveries.c.reason.in_([Reason.RETRY, Reason.ACCOUNT_PAUSED])),
    ),
)
status = case((_braked, Status.WAITING.value), else_=deliveries.c.status).label("status")
reason = case((_braked, accounts.c.reason), else_=deliveries.c.reason).label("reason")
error = case((_braked, accounts.c.message), else_=deliveries.c.error).label("error")
_pause = (accounts.c.reason.label("paused"), accounts.c.until.label("paused_until"))
_joined = deliveries.outerjoin(accounts, accounts.c.name == deliveries.c.account)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which leads: those with a delivery for which all that is set holds."""

    status: str | None = None
    reason: str | None = None
    endpoint: str | None = None
    channel: str | None = None
    campaign: str | None = None
    account: str | None = None
    phones: tuple[str, ...] | None = None  # any of these spellings
    ids: tuple[str, ...] = ()  # or one of these, which are not translated yet
    since: datetime | None = None
    until: datetime | None = None


def list_leads(connection: Connection, wanted: Filter, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Leads, the newest first, as `ingest leads --json` prints them.

    Where it is not known yet who one is from it has `raw`: what came, and what a vendor gave for it.
    """
    before: str | None = None
    left = limit
    while left is None or left > 0:
        query = matching_leads(wanted).order_by(events.c.id.desc()).limit(PAGE if left is None else min(PAGE, left))
        if before is not None:
            query = query.where(events.c.id < before)
        page = connection.execute(query).all()
        yield from _with_deliveries(connection, page)
        if left is not None:
            left -= len(page)
        if len(page) < PAGE:
            return
        before = page[-1].id


def matching_leads(wanted: Filter) -> Select[Any]:
    """What finds the leads that are wanted, with what is shown of each."""
    query = select(*(events.c[name] for name in SHOWN))
    own: list[tuple[Any, Any]] = [
        (events.c.endpoint, wanted.endpoint),
        (events.c.channel, wanted.channel),
    ]
    query = query.where(*(column == value for column, value in own if value is not None))
    if wanted.phones:
        query = query.where(or_(events.c.phone.in_(wanted.phones), events.c.id.in_(wanted.ids)))
    if wanted.since:
        query = query.where(events.c.id >= id_at(wanted.since))
    if wanted.until:
        query = query.where(events.c.id < id_at(wanted.until))
    theirs = _of_deliveries(wanted)
    few = _few(wanted)
    if few:
        found = (select(deliveries.c.event_id).select_from(_joined).where(*where, *theirs) for where in few)
        query = query.where(events.c.id.in_(union_all(*found)))
    elif theirs:
        query = query.where(exists().select_from(_joined).where(deliveries.c.event_id == events.c.id, *theirs))
    return query


def _few(wanted: Filter) -> list[tuple[ColumnElement[bool] | TextClause, ...]]:
    """Where the wanted deliveries are, as indexes know it; nothing where most are wanted: there some come soon."""
    match wanted.status:
        case Status.PENDING | Status.WAITING:
            return [(CLAIMABLE,)]
        case Status.SENDING:
            return [(OWNED,)]
        case Status.HELD | Status.FAILED | Status.SKIPPED:
            return [(STOPPED, deliveries.c.status == wanted.status)]
    return [(CLAIMABLE,), (STOPPED,)] if wanted.reason and not wanted.status else []


def _of_deliveries(wanted: Filter) -> list[ColumnElement[bool]]:
    return [
        column == value
        for column, value in (
            (case((_braked, Status.WAITING.value), else_=deliveries.c.status), wanted.status),
            (case((_braked, accounts.c.reason), else_=deliveries.c.reason), wanted.reason),
            (deliveries.c.campaign, wanted.campaign),
            (deliveries.c.account, wanted.account),
        )
        if value is not None
    ]


def matching_deliveries(connection: Connection, wanted: Filter, statuses: Collection[Status]) -> Sequence[Any]:
    """Deliveries in one of these states for which all that is set holds: id and reason, the oldest first."""
    leads = matching_leads(replace(wanted, status=None, reason=None, campaign=None, account=None)).with_only_columns(
        events.c.id
    )
    query = (
        select(deliveries.c.id, deliveries.c.reason, deliveries.c.status)
        .select_from(_joined)
        .where(deliveries.c.event_id.in_(leads), deliveries.c.status.in_(statuses), *_of_deliveries(wanted))
        .order_by(deliveries.c.id)
    )
    return connection.execute(query).all()


def deliveries_of(connection: Connection, leads: Sequence[str], statuses: Collection[Status]) -> list[str]:
    """The deliveries of leads that stand in one of these states."""
    query = select(deliveries.c.id).where(deliveries.c.event_id.in_(leads), deliveries.c.status.in_(statuses))
    return list(connection.execute(query.order_by(deliveries.c.id)).scalars())


def _with_deliveries(connection: Connection, page: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    by_event: dict[str, list[dict[str, Any]]] = {row.id: [] for row in page}
    for row in _deliveries_of(connection, list(by_event)):
        by_event[row.event_id].append(delivery_view(row))
    for row in page:
        yield {
            "id": row.id,
            "external_id": row.external_id,
            "endpoint": row.endpoint,
            "channel": row.channel,
            "received_at": iso(row.received_at),
            "name": row.name,
            "phone": row.phone,
            "deliveries": by_event[row.id],
        } | ({} if row.phone else {"raw": (row.body, row.lead)})


def _deliveries_of(connection: Connection, ids: list[str]) -> Sequence[Any]:
    if not ids:
        return []
    columns = [c for c in deliveries.c if c.name not in {"status", "reason", "error"}]
    query = (
        select(*columns, status, reason, error, *_pause)
        .select_from(_joined)
        .where(deliveries.c.event_id.in_(ids))
        .order_by(deliveries.c.event_id, deliveries.c.position)
    )
    return connection.execute(query).all()


def delivery_view(row: Row[Any]) -> dict[str, Any]:
    """A delivery as users see it."""
    return {
        "id": row.id,
        "campaign": row.campaign,
        "status": row.status,
        "reason": row.reason,
        "error": row.error,
        "attempts": row.attempts,
        "updated_at": iso(row.updated_at),
    }


def outcome_of(connection: Connection, lead: str) -> list[dict[str, Any]]:
    """The deliveries of a lead, in the order of its routes."""
    return [delivery_view(row) for row in _deliveries_of(connection, [lead])]


def find(connection: Connection, asked: str) -> list[str]:
    """The ids of the leads that `asked` may mean: an id, a prefix of one, or an external id."""
    last = asked.ljust(20, "z")  # ids have 20 characters; whatever the store's collation, z is their last
    query = select(events.c.id).where(or_(events.c.id.between(asked, last), events.c.external_id == asked))
    return list(connection.execute(query.order_by(events.c.id.desc()).limit(20)).scalars())


def lead_story(connection: Connection, lead: str) -> dict[str, Any]:
    """All that is known of a lead: the event, its deliveries with their request, and every attempt."""
    event = connection.execute(select(events).where(events.c.id == lead)).one()
    rows = _deliveries_of(connection, [lead])
    tries = connection.execute(
        select(attempts)
        .where(attempts.c.delivery_id.in_([row.id for row in rows]))
        .order_by(attempts.c.delivery_id, attempts.c.number, attempts.c.started_at)
    ).all()
    repeats = select(identities.c.source).where(identities.c.lead_id == lead)
    return {
        "id": event.id,
        "external_id": event.external_id,
        "endpoint": event.endpoint,
        "channel": event.channel,
        "received_at": iso(event.received_at),
        "erased_at": iso(event.erased_at) if event.erased_at else None,
        "name": event.name,
        "phone": event.phone,
        "sources": list(connection.execute(repeats).scalars()),
        "body": event.body,
        "lead": event.lead,
        "deliveries": [
            {
                **delivery_view(row),
                "position": row.position,
                "route": row.route,
                "account": row.account,
                "version": row.version,
                "due_at": iso(row.due_at) if row.due_at else None,
                "paused": row.paused is not None,
                "paused_until": iso(row.paused_until) if row.paused_until else None,
                "request": json.loads(row.request) if row.request else None,
                "tries": [_attempt_view(one) for one in tries if one.delivery_id == row.id],
            }
            for row in rows
        ],
    }


def _attempt_view(row: Row[Any]) -> dict[str, Any]:
    return {
        "number": row.number,
        "started_at": iso(row.started_at),
        "duration_ms": row.duration_ms,
        "outcome": row.verdict,
        "status": row.http_status,
        "message": row.message,
        "answer": row.answer,
        "message_id": row.message_id,
    }
