"""How leads come in: events, each with its identity and its first delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select, tuple_, update

from ingest.ids import new_id
from ingest.inbox.bell import notify
from ingest.inbox.prepared import Insert
from ingest.inbox.tables import deliveries, events, identities
from ingest.inbox.writes import CHUNK
from ingest.models import Event, Identity, Status, utcnow


@dataclass(frozen=True, slots=True)
class Accepted:
    """A lead that is on disk: its id, or the id of the first that it repeats."""

    id: str
    duplicate: bool


def accept(connection: Connection, posts: Sequence[Sequence[Event]]) -> list[list[Accepted]]:
    """Store events that are not there yet, each with its identity and its first delivery."""
    incoming = [event for post in posts for event in post]
    first = _claim_identities(connection, incoming)
    fresh = [event for event in incoming if first[event.id] == event.id]
    if fresh:
        _EVENTS.run(connection, [_event_row(event) for event in fresh])
        _DELIVERIES.run(connection, [delivery_row(event) for event in fresh])
        notify(connection)
    return [[Accepted(first[event.id], first[event.id] != event.id) for event in post] for post in posts]


def knows(connection: Connection, identity: Identity) -> bool:
    """Whether an event with this identity is there, and not so long ago that it no longer counts."""
    return bool(known_names(connection, identity.names))


def known_names(connection: Connection, names: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of identities' names that an event has which still counts."""
    columns = identities.c.source, identities.c.external_id
    alive = or_(identities.c.expires_at.is_(None), identities.c.expires_at > utcnow())
    found: set[tuple[str, str]] = set()
    for start in range(0, len(names), CHUNK):
        query = select(*columns).where(tuple_(*columns).in_(names[start : start + CHUNK]), alive)
        found.update((source, external) for source, external in connection.execute(query))
    return found


def _claim_identities(connection: Connection, incoming: list[Event]) -> dict[str, str]:
    """For each event the id of the first with its identity: its own where it is new."""
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    count = 0
    for event in incoming:
        for name in event.identity.names:
            expires_at = None if name in event.identity.lasting else event.identity.expires_at
            rows.setdefault(name, (*name, event.id, expires_at))
            count += 1
    # Sorted, so that two processes with the same identities never wait for each other in a circle.
    names = sorted(rows)
    claimed = _IDENTITIES.run(connection, [rows[name] for name in names], utcnow())
    if claimed == len(names) == count:
        return {event.id: event.id for event in incoming}
    return _first_of_each(connection, incoming, names)


def _first_of_each(connection: Connection, incoming: list[Event], names: list[tuple[str, str]]) -> dict[str, str]:
    known: dict[tuple[str, str], str] = {}
    for start in range(0, len(names), CHUNK):
        query = select(identities.c.source, identities.c.external_id, identities.c.lead_id).where(
            tuple_(identities.c.source, identities.c.external_id).in_(names[start : start + CHUNK])
        )
        known.update({(source, external): lead for source, external, lead in connection.execute(query)})
    first: dict[str, str] = {}
    for event in incoming:
        owners = [known[name] for name in event.identity.names]
        owners = [first.get(owner, owner) for owner in owners]  # its owner may be in this batch, and a repetition too
        first[event.id] = next((owner for owner in owners if owner != event.id), event.id)
        if len(set(owners)) > 1:  # known under the old secret of a rotation, new under the new one
            connection.execute(
                update(identities).where(identities.c.lead_id == event.id).values(lead_id=first[event.id])
            )
    return first


def _event_row(event: Event) -> tuple[Any, ...]:
    return (
        event.id,
        event.endpoint,
        event.channel,
        event.external_id,
        event.received_at,
        event.body,
        event.lead,
        event.via,
        event.form_id,
        event.page_id,
    )


def delivery_row(event: Event, position: int = 0) -> tuple[Any, ...]:
    """A new delivery of an event, as COLUMNS are: due at once, or held where the event came so."""
    now = event.received_at
    return (
        new_id(event.received_at),
        event.id,
        position,
        event.endpoint,
        event.account,
        event.lane or event.account,
        Status.HELD if event.hold else Status.PENDING,
        event.hold,
        event.why or None,
        "",
        0,
        0,
        event.waived,
        None if event.hold else now,
        now,
    )


COLUMNS = tuple(
    """id event_id position endpoint account lane status reason error tried attempts fetches waived due_at
    updated_at""".split()
)
_EVENTS = Insert(
    events,
    ("id", "endpoint", "channel", "external_id", "received_at", "body", "lead", "via", "form_id", "page_id"),
)
_DELIVERIES = Insert(deliveries, COLUMNS)
_IDENTITIES = Insert(
    identities,
    ("source", "external_id", "lead_id", "expires_at"),
    "ON CONFLICT (source, external_id) DO UPDATE SET lead_id = excluded.lead_id, expires_at = excluded.expires_at"
    " WHERE identities.expires_at <= {mark}",
)
