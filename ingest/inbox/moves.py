"""Changes of deliveries' states: decided on locked rows, each guarded by the state before it, written in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from ingest.inbox.bell import notify
from ingest.inbox.prepared import Insert, Query, Update
from ingest.inbox.tables import attempts, deliveries, events
from ingest.models import STEPS, Attempt, Status, utcnow


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a delivery's state: happens only where the state before it, and its owner, still are as told."""

    id: str
    before: Status
    values: dict[str, Any]
    owner: str | None = None  # the worker that must still have it; any where none
    event: dict[str, Any] = field(default_factory=dict)  # to be set on its event: lead, name, phone
    event_id: str = ""
    probe_of: str = ""  # the paused account that it should have tried, and now another delivery has to


@dataclass(slots=True)
class State:
    """A delivery's row, locked until the transaction ends; kept up with what the transaction changes."""

    status: str
    reason: str | None
    owner: str | None
    attempts: int
    waived: str = ""
    erased: bool = False  # its people's data was taken out


@dataclass(slots=True)
class Changes:
    """What one transaction will write, gathered so that each kind is one statement."""

    deliveries: list[tuple[str, Status, dict[str, Any]]] = field(default_factory=list)  # id, state before, values
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    attempts: list[tuple[Any, ...]] = field(default_factory=list)

    def move(self, state: State, delivery: str, values: dict[str, Any]) -> None:
        """Change a locked delivery. Raises ValueError for a step that is in no diagram."""
        before = Status(state.status)
        after = Status(values.get("status", before))
        if after is not before and after not in STEPS[before]:
            raise ValueError(f"A delivery never goes from {before} to {after}")
        self.deliveries.append((delivery, before, values))
        state.status = after
        state.reason = values.get("reason", state.reason)
        state.owner = values.get("owner", state.owner)
        state.attempts = values.get("attempts", state.attempts)

    def write(self, connection: Connection) -> None:
        """Write all of it; rings where something is due."""
        now = utcnow()
        for names, rows in _by_names(values for _, _, values in self.deliveries).items():
            given = [self.deliveries[row] for row in rows]
            _of_deliveries(("updated_at", *names)).run(
                connection, [(id_, before, now, *map(values.__getitem__, names)) for id_, before, values in given]
            )
        for names, rows in _by_names(values for _, values in self.events).items():
            known = [self.events[row] for row in rows]
            _of_events(names).run(connection, [(id_, *map(values.__getitem__, names)) for id_, values in known])
        if self.attempts:
            _ATTEMPTS.run(connection, self.attempts)
        if any(values.get("due_at") for _, _, values in self.deliveries):
            notify(connection)


def lock(connection: Connection, ids: Iterable[str]) -> dict[str, State]:
    """The states of deliveries, which nobody else changes before this transaction ends."""
    wanted = sorted(set(ids))  # locked in one order everywhere, so that nobody waits for another in a circle
    rows = _STATES.rows(connection, wanted) if wanted else ()
    return {
        row.id: State(row.status, row.reason, row.owner, row.attempts, row.waived, row.erased_at is not None)
        for row in rows
    }


def apply(changes: Changes, states: dict[str, State], one: Move) -> bool:
    """Note a move among the changes, where its guards hold."""
    state = states.get(one.id)
    if state is None or state.status != one.before:
        return False
    if one.owner and state.owner != one.owner:
        return False
    changes.move(state, one.id, one.values)
    if one.event:
        changes.events.append((one.event_id, one.event))
    return True


def attempt_row(delivery_id: str, attempt: Attempt) -> tuple[Any, ...]:
    """An attempt as the table has it."""
    outcome = attempt.outcome
    return (
        delivery_id,
        attempt.number,
        attempt.started_at,
        attempt.duration_ms,
        outcome.verdict,
        outcome.status,
        outcome.message,
        outcome.answer,
        outcome.message_id,
    )


def given_back(at: datetime) -> dict[str, Any]:
    """The values of a claimed delivery that is for whoever comes next."""
    return {"owner": None, "due_at": at}


def _by_names(values: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], list[int]]:
    """The rows that set the same columns, so that one prepared statement writes them together."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, one in enumerate(values):
        groups[tuple(sorted(one))].append(index)
    return groups


@lru_cache(maxsize=64)
def _of_deliveries(names: tuple[str, ...]) -> Update:
    return Update(deliveries, ("id", "status"), names)


@lru_cache(maxsize=16)
def _of_events(names: tuple[str, ...]) -> Update:
    return Update(events, ("id",), names)


_STATES = Query(
    "SELECT id, status, reason, owner, attempts, waived,"
    " (SELECT erased_at FROM events WHERE events.id = event_id) AS erased_at"
    " FROM deliveries WHERE id {among} ORDER BY id {lock}"
)
_ATTEMPTS = Insert(attempts, attempts.c.keys())
