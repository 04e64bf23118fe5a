"""People's data: who wants no messages, and how data is taken out while counts and identities stay."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, delete, exists, func, select, tuple_, union_all, update

from ingest.ids import id_at
from ingest.inbox.acts import DISCARDABLE, DISCARDED
from ingest.inbox.moves import Changes, lock
from ingest.inbox.tables import CLAIMABLE, OWNED, STOPPED, attempts, deliveries, events, identities, messages, optouts
from ingest.inbox.writes import CHUNK, insert
from ingest.models import Status, utcnow

BATCH = 200
"""How many leads one transaction erases, so that others are not held up."""

UNFINISHED = (Status.PENDING, Status.WAITING, Status.SENDING, Status.HELD)


def opt_out(connection: Connection, people: Sequence[str]) -> list[bool]:
    """Message people no more (keyed hashes of their numbers); tells of each whether that is new."""
    row = insert(connection, optouts).on_conflict_do_nothing()
    return [connection.execute(row.values(person=one, created_at=utcnow())).rowcount == 1 for one in people]


def opt_in(connection: Connection, people: Sequence[str]) -> list[bool]:
    """Message people again; tells of each whether it had opted out."""
    return [connection.execute(delete(optouts).where(optouts.c.person == one)).rowcount == 1 for one in people]


def opted_out_at(connection: Connection, person: str) -> datetime | None:
    """When a person opted out, or None."""
    found: datetime | None = connection.execute(select(optouts.c.created_at).where(optouts.c.person == person)).scalar()
    return found


def opted_out_among(connection: Connection, people: Collection[str]) -> set[str]:
    """Those of some people who have opted out."""
    query = select(optouts.c.person).where(optouts.c.person.in_(people))
    return set(connection.execute(query).scalars())


def erase(connection: Connection, batches: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[int]:
    """Take people's data out of leads; what was not sent yet is discarded. Tells of each batch how many leads.

    A batch is the leads' ids, and the channels whose external ids are a vendor's own and stay.
    """
    return [_erase(connection, ids, vendors) for ids, vendors in batches]


def _erase(connection: Connection, ids: Sequence[str], vendors: Sequence[str]) -> int:
    theirs = select(deliveries.c.id).where(deliveries.c.event_id.in_(ids))
    states, changes = lock(connection, connection.execute(theirs).scalars()), Changes()
    for delivery, state in states.items():
        if state.status in DISCARDABLE and state.status != Status.FAILED:
            changes.move(state, delivery, DISCARDED)
    changes.write(connection)
    connection.execute(update(deliveries).where(deliveries.c.event_id.in_(ids)).values(request=None, error=None))
    said = update(attempts).where(attempts.c.delivery_id.in_(list(states)))
    connection.execute(said.values(message="", answer="", message_id=None))
    kept_id = case((events.c.channel.in_(vendors), events.c.external_id), else_=None)
    gone = {"body": b"{}", "lead": None, "name": None, "phone": None, "external_id": kept_id, "erased_at": utcnow()}
    return connection.execute(
        update(events).where(events.c.id.in_(ids), events.c.erased_at.is_(None)).values(gone)
    ).rowcount


def of_phone(connection: Connection, phone: str) -> list[str]:
    """The leads that are known by a number."""
    query = select(events.c.id).where(events.c.phone == phone, events.c.erased_at.is_(None))
    return list(connection.execute(query).scalars())


def bodies(connection: Connection, *, unknown: bool = False) -> Iterator[Row[Any]]:
    """What came and is not erased: id, body, lead, phone; or only where it is not known who it is from.

    That is known of whatever was sent, so that those are not looked through.
    """
    last = ""
    columns = [events.c[name] for name in ("id", "body", "lead", "phone")]
    while True:
        query = select(*columns).where(events.c.id > last, events.c.erased_at.is_(None)).order_by(events.c.id)
        if unknown:
            waiting = (select(deliveries.c.event_id).where(where) for where in (CLAIMABLE, STOPPED, OWNED))
            query = query.where(events.c.phone.is_(None), events.c.id.in_(union_all(*waiting)))
        page = connection.execute(query.limit(1000)).all()
        if not page:
            return
        yield from page
        last = page[-1].id


def count(connection: Connection) -> int:
    """How many leads are not erased."""
    query = select(func.count()).select_from(events).where(events.c.erased_at.is_(None))
    return int(connection.execute(query).scalar_one())


def old(
    connection: Connection, before: datetime, after: str = "", limit: int | None = BATCH, *, held: bool = False
) -> list[str]:
    """Leads that came before a time and still have their data, from an id on; those that wait only where told."""
    query = select(events.c.id).where(events.c.id < id_at(before), events.c.id > after, events.c.erased_at.is_(None))
    if not held:
        unfinished = exists().where(deliveries.c.event_id == events.c.id, deliveries.c.status.in_(UNFINISHED))
        query = query.where(~unfinished)
    return list(connection.execute(query.order_by(events.c.id).limit(limit)).scalars())


def expired(connection: Connection, now: datetime) -> tuple[list[tuple[str, str]], list[str]]:
    """Some identities, and deliveries that policies counted, whose time is over."""
    query = select(identities.c.source, identities.c.external_id).where(identities.c.expires_at < now).limit(CHUNK)
    counted = select(messages.c.delivery_id).where(messages.c.until < now).limit(CHUNK)
    return [tuple(row) for row in connection.execute(query)], list(connection.execute(counted).scalars())


def purge(
    connection: Connection, asked: Sequence[tuple[Sequence[tuple[str, str]], Sequence[str], datetime]]
) -> list[int]:
    """Delete expired rows, those that are expired still; tells how many."""
    done = []
    for names, counted, now in asked:
        mine = tuple_(identities.c.source, identities.c.external_id).in_(names)
        ids = connection.execute(delete(identities).where(mine, identities.c.expires_at < now)).rowcount
        over = delete(messages).where(messages.c.delivery_id.in_(counted), messages.c.until < now)
        done.append(ids + connection.execute(over).rowcount)
    return done
