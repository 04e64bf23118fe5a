"""The jobs for the door: each writes the items of all who came at once, and gives each its result, in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Insert, Table, bindparam, exists, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.inbox.bell import notify
from ingest.inbox.tables import accounts, attempts, deliveries, events, identities, intakes, keys
from ingest.models import Attempt, Event, Reason, Status, new_id, utcnow

CHUNK = 400


@dataclass(frozen=True, slots=True)
class Accepted:
    """A lead that is on disk: its id, or the id of the first that it repeats."""

    id: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a delivery's state: happens only where the state before it, and its owner, still are as told."""

    id: str
    before: Status
    values: dict[str, Any]
    owner: str | None = None  # the worker that must still have it; any where none
    reason: Reason | None = None  # the reason it must still have; any where none
    open_account: str | None = None  # the account that must not be paused; any where none
    attempt: Attempt | None = None  # added when the change happens
    event: dict[str, Any] = field(default_factory=dict)  # to be set on its event: lead, name, phone
    event_id: str = ""


def insert(connection: Connection, table: Table) -> Any:
    """The dialect's own insert, which knows `on_conflict_…`."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


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
        "external_id": None if event.identity.expires_at else event.identity.external_id,
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


def move(connection: Connection, batches: Sequence[Sequence[Move]]) -> list[list[bool]]:
    """Change states, each guarded by the state before it; tells of each whether it happened."""
    now = utcnow()
    done = [[_move(connection, one, now) for one in batch] for batch in batches]
    if any(one.values.get("due_at") for batch in batches for one in batch):
        notify(connection)
    return done


def _move(connection: Connection, one: Move, now: datetime) -> bool:
    guard = [deliveries.c.id == bindparam("guard_id"), deliveries.c.status == bindparam("guard_status")]
    values: dict[str, Any] = {"updated_at": now, **one.values}
    given: dict[str, Any] = {"guard_id": one.id, "guard_status": one.before, **values}
    if one.owner:
        guard.append(deliveries.c.owner == bindparam("guard_owner"))
        given["guard_owner"] = one.owner
    if one.reason:
        guard.append(deliveries.c.reason == bindparam("guard_reason"))
        given["guard_reason"] = one.reason
    if one.open_account:
        brake = exists().where(accounts.c.name == bindparam("guard_account"), accounts.c.reason.is_not(None))
        guard.append(~brake)
        given["guard_account"] = one.open_account
    changed = connection.execute(update(deliveries).where(*guard).values({k: bindparam(k) for k in values}), given)
    if changed.rowcount != 1:
        return False
    if one.attempt:
        connection.execute(insert(connection, attempts).on_conflict_do_nothing(), attempt_row(one.id, one.attempt))
    if one.event:
        connection.execute(update(events).where(events.c.id == one.event_id).values(**one.event))
    return True


def attempt_row(delivery_id: str, attempt: Attempt) -> dict[str, Any]:
    """An attempt as the table has it."""
    return {
        "delivery_id": delivery_id,
        "number": attempt.number,
        "started_at": attempt.started_at,
        "duration_ms": attempt.duration_ms,
        "verdict": attempt.outcome.verdict,
        "http_status": attempt.outcome.status,
        "message": attempt.outcome.message,
        "answer": attempt.outcome.answer,
        "message_id": attempt.outcome.message_id,
    }


def keep_intake(connection: Connection, items: Sequence[tuple[str, str, dict[str, Any]]]) -> list[None]:
    """Keep the last good intake sections of endpoints."""
    for endpoint, version, document in items:
        kept = {"version": version, "document": json.dumps(document)}
        connection.execute(
            insert(connection, intakes)
            .values(endpoint=endpoint, **kept)
            .on_conflict_do_update(index_elements=["endpoint"], set_=kept)
        )
    return [None] * len(items)


def make_key(connection: Connection, items: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """The stored key of a name; the offered one is kept where there is none."""
    found = []
    for name, offered in items:
        connection.execute(insert(connection, keys).values(name=name, value=offered).on_conflict_do_nothing())
        found.append(connection.execute(select(keys.c.value).where(keys.c.name == name)).scalar_one())
    return found
