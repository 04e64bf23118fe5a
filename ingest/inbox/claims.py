"""What workers do with deliveries that are due: claim, renew, give back, free; and the brakes of accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, select, update

from ingest.inbox.bell import notify
from ingest.inbox.tables import accounts, deliveries, events
from ingest.inbox.tables import attempts as attempts_table
from ingest.inbox.writes import attempt_row, insert
from ingest.models import Attempt, Delivery, Event, Identity, Outcome, Reason, Status, Verdict, utcnow

LEASE = timedelta(seconds=30)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
PROBE = timedelta(seconds=60)  # how long a paused account's one probe may be under way
CLAIMABLE = (Status.PENDING, Status.WAITING)
COLUMNS = ("id", "event_id", "status", "account", "position", "attempts", "fetches", "tried")


@dataclass(frozen=True, slots=True)
class Want:
    """What a worker has room for: `room(account)` is how many deliveries of that account; 0 passes it over."""

    owner: str
    room: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Pause:
    """A brake on an account: `account_paused` lets a probe through after a growing pause, `no_key` waits for the key.

    `by_probe` tells that the probe found it no better; `by_hand` that a person wants it, until a person resumes it.
    """

    account: str
    reason: Reason
    message: str
    by_probe: bool = False
    by_hand: bool = False


def claim(connection: Connection, wants: Sequence[Want]) -> list[list[Delivery]]:
    """Lease due deliveries to workers, the oldest of each account first; a paused account gives one probe or none."""
    return [list(_claim(connection, want, utcnow())) for want in wants]


def _claim(connection: Connection, want: Want, now: datetime) -> Iterator[Delivery]:
    paused = {row.name: row for row in connection.execute(select(accounts).where(accounts.c.reason.is_not(None)))}
    for account in list(_lanes(connection, now)):
        room = want.room(account)
        brake = paused.get(account)
        if room > 0 and brake is not None and brake.reason == Reason.NO_KEY:  # it has come
            resume(connection, [account])
            brake = None
        if room > 0 and brake is not None:
            room = _probes(connection, account, now)
        if room > 0:
            for delivery in _lease(connection, want.owner, account, room, now):
                yield replace(delivery, probe=brake is not None)


def _probes(connection: Connection, account: str, now: datetime) -> int:
    """How many leads of a paused account may leave: one when its pause is over, and none until that one is through."""
    ours = connection.execute(
        update(accounts).where(accounts.c.name == account, accounts.c.until <= now).values(until=now + PROBE)
    )
    return ours.rowcount


def _lanes(connection: Connection, now: datetime) -> Iterator[str]:
    """The accounts that have something due, by hops over the index: a backlog of one costs no more than one lead."""
    last = ""
    while True:
        query = (
            select(deliveries.c.account)
            .where(deliveries.c.status.in_(CLAIMABLE), deliveries.c.account > last, deliveries.c.due_at <= now)
            .order_by(deliveries.c.account)
            .limit(1)
        )
        found = connection.execute(query).scalar()
        if found is None:
            return
        last = found
        yield found


def _lease(connection: Connection, owner: str, account: str, room: int, now: datetime) -> list[Delivery]:
    due = (
        select(deliveries.c.id)
        .where(deliveries.c.status.in_(CLAIMABLE), deliveries.c.account == account, deliveries.c.due_at <= now)
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
        identity=Identity((), source.external_id or ""),
        body=source.body,
        account=row.account,
    )
    return Delivery(
        id=row.id,
        event=event,
        status=Status(row.status),
        account=row.account,
        position=row.position,
        attempts=row.attempts,
        fetches=row.fetches,
        tried=row.tried,
        lead=source.lead,
    )


def renew(connection: Connection, owners: Sequence[str]) -> list[None]:
    """Put off the end of a working worker's leases."""
    ends = utcnow() + LEASE
    connection.execute(update(deliveries).where(deliveries.c.owner.in_(owners)).values(due_at=ends))
    return [None] * len(owners)


def free(connection: Connection, owners: Sequence[str]) -> list[int]:
    """Take back what workers had that are dead, or stop; tells how many of each are now ambiguous."""
    freed = []
    for owner in owners:
        freed.append(_ambiguous(connection, deliveries.c.owner == owner))
        connection.execute(
            update(deliveries)
            .where(deliveries.c.owner == owner, deliveries.c.status.in_(CLAIMABLE))
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
    query = select(deliveries).where(where, deliveries.c.status == Status.SENDING)
    ended = 0
    for row in connection.execute(query).all():
        retry = row.on_timeout == "retry"
        message = "The worker died while it sent this; nobody knows whether AiSensy has it"
        changed = connection.execute(
            update(deliveries)
            .where(deliveries.c.id == row.id, deliveries.c.status == Status.SENDING)
            .values(
                status=Status.WAITING if retry else Status.HELD,
                reason=Reason.RETRY if retry else Reason.AMBIGUOUS,
                error=message,
                due_at=now + timedelta(seconds=1) if retry else None,
                owner=None,
                updated_at=now,
            )
        )
        if changed.rowcount == 0:  # its answer, or another sweep, came first
            continue
        ended += 1
        attempt = Attempt(row.attempts, row.updated_at, 0, Outcome(Verdict.AMBIGUOUS, message))
        connection.execute(insert(connection, attempts_table).on_conflict_do_nothing(), attempt_row(row.id, attempt))
    return ended


def release_mended(connection: Connection, versions: Sequence[tuple[str, str, tuple[Reason, ...]]]) -> list[int]:
    """Try held deliveries of an endpoint again with a version of its mapping that they have not tried yet."""
    released = []
    for endpoint, version, reasons in versions:
        changed = connection.execute(
            update(deliveries)
            .where(
                deliveries.c.status == Status.HELD,
                deliveries.c.endpoint == endpoint,
                deliveries.c.reason.in_(reasons),
                func.instr(deliveries.c.tried, version) == 0
                if connection.dialect.name == "sqlite"
                else func.strpos(deliveries.c.tried, version) == 0,
            )
            .values(status=Status.PENDING, reason=None, error=None, due_at=utcnow(), updated_at=utcnow())
        )
        released.append(changed.rowcount)
    return released


def pause(connection: Connection, pauses: Sequence[Pause]) -> list[None]:
    """Put on an account's brake, for all processes.

    Late answers of requests under way do not lengthen a pause, and nothing but a person changes what a person wants.
    """
    now = utcnow()
    for one in pauses:
        old = connection.execute(select(accounts).where(accounts.c.name == one.account)).one_or_none()
        if old is not None and not one.by_hand and not (one.by_probe and old.until):
            continue
        count = 1 + (old.pauses if old else 0)
        waits = one.by_hand or one.reason == Reason.NO_KEY
        values = {
            "reason": one.reason,
            "message": one.message,
            "until": None if waits else now + min(FIRST_PAUSE * 2 ** min(count - 1, 10), LONGEST_PAUSE),
            "pauses": count,
            "updated_at": now,
        }
        upsert = insert(connection, accounts).values(name=one.account, **values)
        connection.execute(upsert.on_conflict_do_update(index_elements=["name"], set_=values))
    return [None] * len(pauses)


def probe_again(connection: Connection, names: Sequence[str]) -> list[None]:
    """Let another probe through at once: the last one was never sent."""
    connection.execute(
        update(accounts).where(accounts.c.name.in_(names), accounts.c.until.is_not(None)).values(until=utcnow())
    )
    return [None] * len(names)


def probe_passed(connection: Connection, names: Sequence[str]) -> list[None]:
    """Take an account's brake off, because its probe got through; a person's pause stays."""
    connection.execute(delete(accounts).where(accounts.c.name.in_(names), accounts.c.until.is_not(None)))
    notify(connection)
    return [None] * len(names)


def resume(connection: Connection, names: Sequence[str]) -> list[None]:
    """Take an account's brake off."""
    connection.execute(delete(accounts).where(accounts.c.name.in_(names)))
    notify(connection)
    return [None] * len(names)
