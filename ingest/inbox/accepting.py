"""How leads come in: events, each with its identity and its first delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, select, tuple_, update

from ingest.inbox.bell import notify
from ingest.inbox.tables import deliveries, events, identities
from ingest.inbox.writes import CHUNK, insert
from ingest.models import Event, Status, new_id, utcnow


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
        connection.execute(events.insert(), [_event_row(event) for event in fresh])
        connection.execute(deliveries.insert(), [delivery_row(event) for event in fresh])
        notify(connection)
    return [[Accepted(first[event.id], first[event.id] != event.id) for event in post] for post in posts]


def _claim_identities(connection: Connection, incoming: list[Event]) -> dict[str, str]:
    """For each event the id of the first with its identity: its own where it is new."""
    rows = [
        {
            "source": source,
            "external_id": event.identity.external_id,
            "lead_id": event.id,
            "expires_at": event.identity.expires_at,
        }
        for event in incoming
        for source in event.identity.sources
    ]
    upsert: Insert = insert(connection, identities)
    # Sorted, so that two processes with the same identities never wait for each other in a circle.
    connection.execute(
        upsert.on_conflict_do_update(  # type: ignore[attr-defined] # both dialects have it, their base has not
            index_elements=["source", "external_id"],
            set_={"lead_id": upsert.excluded.lead_id, "expires_at": upsert.excluded.expires_at},  # type: ignore[attr-defined] # the same
            where=identities.c.expires_at <= utcnow(),
        ),
        sorted(rows, key=lambda row: (row["source"], row["external_id"])),
    )
    known: dict[tuple[str, str], str] = {}
    names = list({(row["source"], row["external_id"]) for row in rows})
    for start in range(0, len(names), CHUNK):
        query = select(identities.c.source, identities.c.external_id, identities.c.lead_id).where(
            tuple_(identities.c.source, identities.c.external_id).in_(names[start : start + CHUNK])
        )
        known.update({(source, external): lead for source, external, lead in connection.execute(query)})
    first: dict[str, str] = {}
    for event in incoming:
        owners = [known[source, event.identity.external_id] for source in event.identity.sources]
        owners = [first.get(owner, owner) for owner in owners]  # its owner may be in this batch, and a repetition too
        first[event.id] = next((owner for owner in owners if owner != event.id), event.id)
        if len(set(owners)) > 1:  # known under the old secret of a rotation, new under the new one
            connection.execute(
                update(identities).where(identities.c.lead_id == event.id).values(lead_id=first[event.id])
            )
    return first


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "endpoint": event.endpoint,
        "channel": event.channel,
        "external_id": event.external_id,
        "received_at": event.received_at,
        "body": event.body,
    }


def delivery_row(event: Event, position: int = 0) -> dict[str, Any]:
    """A new delivery of an event: due at once, or held where the event came so."""
    return {
        "id": new_id(event.received_at),
        "event_id": event.id,
        "position": position,
        "endpoint": event.endpoint,
        "account": event.account,
        "status": Status.HELD if event.hold else Status.PENDING,
        "reason": event.hold,
        "tried": "",
        "attempts": 0,
        "fetches": 0,
        "due_at": None if event.hold else event.received_at,
        "updated_at": event.received_at,
    }


def add_deliveries(connection: Connection, wanted: Sequence[Sequence[tuple[Event, int]]]) -> list[None]:
    """Add further deliveries (position from 1) of events whose lead gives several; those that are there stay."""
    rows = [delivery_row(event, position) for pairs in wanted for event, position in pairs]
    if rows:
        connection.execute(
            insert(connection, deliveries).on_conflict_do_nothing(index_elements=["event_id", "position"]), rows
        )
    return [None] * len(wanted)
