"""Leads that give several deliveries: one for each route that holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ingest.inbox.accepting import COLUMNS, delivery_row
from ingest.inbox.moves import Changes, State
from ingest.inbox.prepared import Insert
from ingest.inbox.tables import deliveries
from ingest.models import Delivery


@dataclass(frozen=True, slots=True)
class Fan:
    """What a delivery's lead gives beside it: a further delivery for each of these routes."""

    delivery: Delivery
    owner: str
    route: str | None  # the delivery's own
    further: tuple[str | None, ...]  # none: which route it is can't be told yet
    event: dict[str, Any] = field(default_factory=dict)  # to be set on its event, so that nobody looks it up again


def spread(connection: Connection, changes: Changes, states: dict[str, State], fans: Sequence[Fan]) -> None:
    """Add further deliveries, for workers that still have the first; a route that another delivery has is not added.

    The first gets its route in the same transaction: a mapping that changes before it leaves makes no second message.
    """
    ours = [one for one in fans if (state := states.get(one.delivery.id)) and state.owner == one.owner]
    if not ours:
        return
    events = sorted({one.delivery.event.id for one in ours})
    known: dict[str, dict[int, str | None]] = defaultdict(dict)
    query = select(deliveries.c.event_id, deliveries.c.position, deliveries.c.route)
    for row in connection.execute(query.where(deliveries.c.event_id.in_(events))):
        known[row.event_id][row.position] = row.route
    added = []
    for one in ours:
        event, there = one.delivery.event, known[one.delivery.event.id]
        there[one.delivery.position] = one.route
        for route in one.further:
            if route not in there.values():
                position = max(there) + 1
                there[position] = route
                added.append((*delivery_row(event, position), route))
        changes.move(states[one.delivery.id], one.delivery.id, {"route": one.route})
        if one.event:
            changes.events.append((event.id, one.event))
    if added:
        _FURTHER.run(connection, added)


def routes_beside(connection: Connection, delivery: Delivery) -> dict[int, str | None]:
    """The routes of a lead's other deliveries by their positions."""
    theirs = (deliveries.c.event_id == delivery.event.id, deliveries.c.id != delivery.id)
    rows = connection.execute(select(deliveries.c.position, deliveries.c.route).where(*theirs))
    return {row.position: row.route for row in rows}


_FURTHER = Insert(deliveries, (*COLUMNS, "route"))
