"""Changes of deliveries' states: decided on locked rows, each guarded by the state before it, written in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, Update, bindparam, select, update

from ingest.inbox.bell import notify
from ingest.inbox.tables import attempts, deliveries, events
from ingest.inbox.writes import CHUNK, insert
from ingest.models import STEPS, Attempt, Reason, Status, utcnow


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a delivery's state: happens only where the state before it, and its owner, still are as told."""

    id: str
    before: Status
    values: dict[str, Any]
    owner: str | None = None  # the worker that must still have it; any where none
    reason: Reason | None = None  # the reason that it must still have; any where none
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


@dataclass(slots=True)
class Changes:
    """What one transaction will write, gathered so that each kind is one statement."""

    deliveries: list[tuple[str, Status, dict[str, Any]]] = field(default_factory=list)  # id, state before, values
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)

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
            given = [
                {
                    "guard_id": self.deliveries[row][0],
                    "guard_status": self.deliveries[row][1],
                    "updated_at": now,
                    **self.deliveries[row][2],
                }
                for row in rows
            ]
            connection.execute(_guarded(names), given)
        for names, rows in _by_names(values for _, values in self.events).items():
            given = [{"guard_id": self.events[row][0], **self.events[row][1]} for row in rows]
            connection.execute(_of_events(names), given)
        if self.attempts:
            connection.execute(insert(connection, attempts).on_conflict_do_nothing(), self.attempts)
        if any(values.get("due_at") for _, _, values in self.deliveries):
            notify(connection)


def lock(connection: Connection, ids: Iterable[str]) -> dict[str, State]:
    """The states of deliveries, which nobody else changes before this transaction ends."""
    wanted = sorted(set(ids))  # in one order everywhere, so that nobody waits for another in a circle
    found: dict[str, State] = {}
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(*(deliveries.c[name] for name in ("id", "status", "reason", "owner", "attempts")))
            .where(deliveries.c.id.in_(wanted[start : start + CHUNK]))
            .order_by(deliveries.c.id)
            .with_for_update()
        )
        found |= {row.id: State(row.status, row.reason, row.owner, row.attempts) for row in connection.execute(query)}
    return found


def move(connection: Connection, batches: Sequence[Sequence[Move]]) -> list[list[bool]]:
    """Change states, each guarded by the state before it; tells of each whether it happened."""
    states = lock(connection, (one.id for batch in batches for one in batch))
    changes = Changes()
    done = [[apply(changes, states, one) for one in batch] for batch in batches]
    changes.write(connection)
    return done


def apply(changes: Changes, states: dict[str, State], one: Move) -> bool:
    """Note a move among the changes, where its guards hold."""
    state = states.get(one.id)
    if state is None or state.status != one.before:
        return False
    if (one.owner and state.owner != one.owner) or (one.reason and state.reason != one.reason):
        return False
    changes.move(state, one.id, one.values)
    if one.event:
        changes.events.append((one.event_id, one.event))
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
def _guarded(names: tuple[str, ...]) -> Update:
    where = [deliveries.c.id == bindparam("guard_id"), deliveries.c.status == bindparam("guard_status")]
    return _setting(deliveries, ("updated_at", *names)).where(*where)


@lru_cache(maxsize=16)
def _of_events(names: tuple[str, ...]) -> Update:
    return _setting(events, names).where(events.c.id == bindparam("guard_id"))


def _setting(table: Table, names: tuple[str, ...]) -> Update:
    return update(table).values({name: bindparam(name) for name in names})
