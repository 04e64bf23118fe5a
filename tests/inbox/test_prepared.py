from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select

from ingest.inbox import Inbox
from ingest.inbox.prepared import ROWS, Insert, Update
from ingest.inbox.tables import campaigns, events
from ingest.models import Status

NAMES = ("id", "endpoint", "channel", "external_id", "received_at", "body")
AT = datetime(2026, 11, 24, 12, 30, 0, 123_000, tzinfo=UTC)
Rows = Sequence[tuple[Any, ...]]


def insert(inbox: Inbox, rows: Rows) -> int:
    def job(connection: Connection, batches: Sequence[Rows]) -> list[int]:
        return [Insert(events, NAMES).run(connection, batch) for batch in batches]

    return inbox.write(job, rows)


def update(inbox: Inbox, guards: tuple[str, ...], names: tuple[str, ...], rows: Rows) -> int:
    def job(connection: Connection, batches: Sequence[Rows]) -> list[int]:
        return [Update(events, guards, names).run(connection, batch) for batch in batches]

    return inbox.write(job, rows)


def stored(inbox: Inbox, *names: str) -> list[tuple[Any, ...]]:
    with inbox.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*(events.c[n] for n in names)).order_by(events.c.id))]


def row(number: int, **values: Any) -> tuple[Any, ...]:
    known = {"id": f"{number:05}", "endpoint": "e", "channel": "c", "external_id": None, "received_at": AT, "body": b""}
    return tuple({**known, **values}[name] for name in NAMES)


@pytest.mark.parametrize(
    "text", ["", "आशा 🙂 'quoted' \"twice\" \\ back", "line\nbreak\ttab", "%s {} ? :name", "x" * 65_536]
)
def test_texts_are_stored_as_they_are(inbox: Inbox, text: str) -> None:
    """Whatever a person is called, and whatever marks a statement has: both stores keep it letter by letter."""
    assert insert(inbox, [row(1, external_id=text)]) == 1
    assert update(inbox, ("id",), ("name",), [("00001", text)]) == 1
    assert stored(inbox, "external_id", "name") == [(text, text)]


def test_bytes_times_and_absent_values_are_stored_as_they_are(inbox: Inbox) -> None:
    """A body may hold any byte; a time keeps its milliseconds."""
    body = bytes(range(256))
    insert(inbox, [row(1, body=body, endpoint=Status.HELD)])
    assert stored(inbox, "body", "received_at", "external_id", "endpoint") == [(body, AT, None, "held")]


def test_any_number_of_rows_is_written(inbox: Inbox) -> None:
    """More than one statement takes; what is there already is left, and not counted."""
    rows = [row(number) for number in range(2 * ROWS + 1)]
    assert insert(inbox, rows[:ROWS]) == ROWS
    assert insert(inbox, rows) == ROWS + 1
    assert update(inbox, ("id",), ("name",), [(one[0], one[0]) for one in rows]) == len(rows)
    assert stored(inbox, "name") == [(one[0],) for one in rows]
    assert insert(inbox, []) == update(inbox, ("id",), ("name",), []) == 0


def test_a_row_is_changed_only_where_its_guards_hold(inbox: Inbox) -> None:
    """What another process has changed meanwhile stays as that one wants it."""
    insert(inbox, [row(1), row(2, endpoint="other")])
    assert update(inbox, ("id", "endpoint"), ("endpoint",), [("00001", "e", "new"), ("00002", "e", "new")]) == 1
    assert stored(inbox, "endpoint") == [("new",), ("other",)]


def test_changes_of_one_row_follow_each_other(inbox: Inbox) -> None:
    """Two steps of one delivery in one transaction happen in their order, the second guarded by the first."""
    insert(inbox, [row(1, endpoint="a")])
    assert update(inbox, ("id", "endpoint"), ("endpoint",), [("00001", "a", "b"), ("00001", "b", "c")]) == 2
    assert stored(inbox, "endpoint") == [("c",)]


def test_numbers_and_truth_values_are_stored_as_they_are(inbox: Inbox) -> None:
    """Every kind of column that the store has."""
    names = ("account", "campaign", "version", "sent", "refusals", "pauses", "until")
    wanted = ("a", "c", "v", True, 3, 0, AT)

    def job(connection: Connection, batches: Sequence[Rows]) -> list[int]:
        return [Insert(campaigns, names).run(connection, batch) for batch in batches]

    inbox.write(job, [wanted])
    with inbox.reading() as connection:
        found = connection.execute(select(*(campaigns.c[name] for name in names))).one()
    assert tuple(found) == wanted
