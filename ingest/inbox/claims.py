"""What workers do with deliveries that are due: claim, renew, give back, free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, update

from ingest import log
from ingest.inbox import brakes
from ingest.inbox.bell import notify
from ingest.inbox.moves import Changes, attempt_row, lock
from ingest.inbox.prepared import Query
from ingest.inbox.tables import CLAIMABLE, deliveries, events
from ingest.inbox.writes import CHUNK
from ingest.models import Attempt, Delivery, Event, Identity, Outcome, Reason, Status, Verdict, Via, utcnow

_logger = log.get()

LEASE = timedelta(seconds=30)
OPEN = (Status.PENDING, Status.WAITING)
DIED = "The worker died while it sent this; nobody knows whether AiSensy has it"
COLUMNS = "id event_id status account lane position route attempts round waived fetches tried".split()


@dataclass(frozen=True, slots=True)
class Want:
    """What a worker has room for: `room(lane)` is how many deliveries of that lane; 0 passes it over.

    A lane is an account, or the look-ups of one page (`LOOK_UP`), which are done whether the account is paused or not.
    """

    owner: str
    room: Callable[[str], int]


def claim(connection: Connection, wants: Sequence[Want]) -> list[list[Delivery]]:
    """Lease due deliveries to workers, the oldest of each lane first; a paused account gives one probe or none."""
    return [list(_claim(connection, want, utcnow())) for want in wants]


def _claim(connection: Connection, want: Want, now: datetime) -> Iterator[Delivery]:
    paused = {row.name: row.reason for row in _PAUSED.rows(connection)}
    for lane in list(_lanes(connection)):
        room = want.room(lane)
        brake = paused.get(lane)
        if room > 0 and brake == Reason.NO_KEY:  # it has come
            brakes.resume(connection, [lane])
            brake = None
        if room > 0 and brake is not None:
            room = brakes.probes(connection, lane, now) if _is_due(connection, lane, now) else 0
        if room > 0:
            for delivery in _lease(connection, want.owner, lane, room, now):
                yield replace(delivery, probe=brake is not None)


def _lanes(connection: Connection) -> Iterator[str]:
    """The lanes in which something waits, by hops over the index: a backlog of one costs no more than one lead."""
    last = ""
    while True:
        query = select(func.min(deliveries.c.lane)).where(CLAIMABLE, deliveries.c.lane > last)
        found = connection.execute(query).scalar()
        if found is None:
            return
        last = found
        yield found


def _is_due(connection: Connection, lane: str, now: datetime) -> bool:
    query = select(deliveries.c.id).where(CLAIMABLE, deliveries.c.lane == lane, deliveries.c.due_at <= now).limit(1)
    return connection.execute(query).scalar() is not None


def _lease(connection: Connection, owner: str, lane: str, room: int, now: datetime) -> list[Delivery]:
    due = (
        select(deliveries.c.id)
        .where(CLAIMABLE, deliveries.c.lane == lane, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at)
        .limit(room)
        .with_for_update(skip_locked=True)
    )
    taken = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(due.scalar_subquery()))
        .values(owner=owner, due_at=now + LEASE)
        .returning(*(deliveries.c[name] for name in COLUMNS))
    ).all()
    if not taken:
        return []
    found = connection.execute(select(events).where(events.c.id.in_({row.event_id for row in taken})))
    sources = {row.id: row for row in found}
    return [_delivery(row, sources[row.event_id]) for row in sorted(taken, key=lambda row: row.id)]


def _delivery(row: Row[Any], source: Row[Any]) -> Delivery:
    event = Event(
        id=source.id,
        endpoint=source.endpoint,
        channel=source.channel,
        received_at=source.received_at,
        identity=Identity((), ""),  # the ledger's own; nobody needs it again
        external_id=source.external_id,
        body=source.body,
        account=row.account,
        erased=source.erased_at is not None,
        via=Via(source.via),
    )
    return Delivery(
        id=row.id,
        event=event,
        status=Status(row.status),
        account=row.account,
        position=row.position,
        attempts=row.attempts,
        round=row.round,
        lane=row.lane,
        route=row.route,
        waived=frozenset(row.waived.split()),
        fetches=row.fetches,
        tried=row.tried,
        lead=source.lead,
    )


def renew(connection: Connection, workers: Sequence[tuple[str, Sequence[str]]]) -> list[None]:
    """Put off the end of working workers' leases: of what they know that they have, so that nothing else stays."""
    ends = utcnow() + LEASE
    for owner, ids in workers:
        for start in range(0, len(ids), CHUNK):
            theirs = and_(deliveries.c.owner == owner, deliveries.c.id.in_(ids[start : start + CHUNK]))
            connection.execute(update(deliveries).where(theirs).values(due_at=ends))
    return [None] * len(workers)


def free(connection: Connection, owners: Sequence[str]) -> list[int]:
    """Take back what workers had that are dead, or stop; tells how many of each are now ambiguous."""
    freed = []
    for owner in owners:
        freed.append(_ambiguous(connection, deliveries.c.owner == owner))
        connection.execute(
            update(deliveries)
            .where(deliveries.c.owner == owner, deliveries.c.status.in_(OPEN))
            .values(owner=None, due_at=utcnow())
        )
    notify(connection)
    return freed


def sweep(connection: Connection, asked: Sequence[None]) -> list[int]:
    """End the sending of workers whose lease has run out; tells how many are now ambiguous."""
    ended = _ambiguous(connection, and_(deliveries.c.owner.is_not(None), deliveries.c.due_at < utcnow()))
    return [ended] * len(asked)


def _ambiguous(connection: Connection, where: Any) -> int:
    now = utcnow()
    columns = (deliveries.c[name] for name in ("id", "event_id", "endpoint", "account", "on_timeout", "updated_at"))
    query = select(*columns).where(where, deliveries.c.status == Status.SENDING)
    found = connection.execute(query).all()
    states, changes = lock(connection, (row.id for row in found)), Changes()
    for row in found:
        state = states[row.id]
        if state.status != Status.SENDING:  # its answer, or another sweep, came first
            continue
        retry = row.on_timeout == "retry"
        values = {
            "status": Status.WAITING if retry else Status.HELD,
            "reason": Reason.RETRY if retry else Reason.AMBIGUOUS,
            "error": DIED,
            "due_at": now + timedelta(seconds=1) if retry else None,
            "owner": None,
        }
        changes.attempts.append(
            attempt_row(row.id, Attempt(state.attempts, row.updated_at, 0, Outcome(Verdict.AMBIGUOUS, DIED)))
        )
        changes.move(state, row.id, values)
        _logger.warning(
            f"delivery_{values['status']}",
            lead_id=row.event_id,
            delivery_id=row.id,
            endpoint=row.endpoint,
            account=row.account,
            reason=values["reason"],
            error=DIED,
        )
    changes.write(connection)
    return len(changes.attempts)


_PAUSED = Query("SELECT name, reason FROM accounts WHERE reason IS NOT NULL")
