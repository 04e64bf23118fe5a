"""Statements of the hot paths: their SQL is made once, and run as the driver takes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql import ClauseElement

ROWS = 100
"""How many rows one statement inserts at the most."""

_MARKS = {"sqlite": "?", "postgresql": "%s"}
_PLAIN = frozenset({str, int, bytes, type(None)})
_WORDS = {
    "sqlite": {"among": "IN (SELECT value FROM json_each(?))", "lock": ""},
    "postgresql": {"among": "= ANY(%s)", "lock": "FOR UPDATE"},
}


class Prepared:
    """A statement for many rows. `make` builds it for a connection's dialect.

    `names` are what a row has, in order: columns, guards, and whatever else `make` binds by name.
    """

    def __init__(self, make: Callable[[Connection], ClauseElement], *names: str) -> None:
        self._make = make
        self._names = names
        self._known: dict[str, tuple[str, tuple[int, ...] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Do it for every row; tells how many rows of the table were written, -1 where the driver does not know."""
        sql, order = self._known.get(connection.dialect.name) or self._compile(connection)
        if order is None:
            given: list[Any] = [dict(zip(self._names, map(native, row), strict=True)) for row in rows]
        else:
            given = [tuple(native(row[place]) for place in order) for row in rows]
        return connection.exec_driver_sql(sql, given).rowcount

    def _compile(self, connection: Connection) -> tuple[str, tuple[int, ...] | None]:
        compiled: Any = self._make(connection).compile(dialect=connection.dialect)
        order = None
        if compiled.positiontup is not None:
            order = tuple(self._names.index(name) for name in compiled.positiontup)
        self._known[connection.dialect.name] = known = str(compiled), order
        return known


class Insert:
    """An insert of many rows by one statement, however many there are: a driver gives up the interpreter at each one.

    `ending` is what to do about rows that are there already.
    """

    def __init__(self, table: Table, names: Sequence[str], ending: str = "ON CONFLICT DO NOTHING") -> None:
        self._names = names
        self._begin = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES "  # noqa: S608 - our own tables
        self._ending = ending

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]], *more: Any) -> int:
        """Insert the rows; tells how many were written. `more` are the values of the ending's own marks."""
        mark = _MARKS[connection.dialect.name]
        ending = self._ending.format(mark=mark)
        row = f"({', '.join([mark] * len(self._names))})"
        return sum(_run(connection, f"{self._begin}{{}} {ending}", row, some, more) for some in _in_parts(rows))


class Update:
    """An update of many rows by one statement, each guarded: it changes where its first columns are as told.

    A row begins with the values of `guards`, the table's key the first of them; those of `names` follow.
    """

    def __init__(self, table: Table, guards: Sequence[str], names: Sequence[str]) -> None:
        places = [f"given.column{place}" for place in range(1, len(guards) + len(names) + 1)]  # as VALUES names them
        where = " AND ".join(f"{table.name}.{name} = {place}" for name, place in zip(guards, places, strict=False))
        change = ", ".join(f"{name} = {place}" for name, place in zip(names, places[len(guards) :], strict=True))
        self._sql = f"UPDATE {table.name} SET {change} FROM (VALUES {{}}) AS given WHERE {where}"  # noqa: S608 - ours
        self._columns = [table.c[name] for name in (*guards, *names)]
        self._rows: dict[str, str] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Update the rows; tells how many were changed."""
        row = self._rows.get(connection.dialect.name) or self._row(connection)
        once = len({one[0] for one in rows}) == len(rows)  # a statement changes each row of a table once
        parts = _in_parts(rows) if once else [[one] for one in rows]
        return sum(_run(connection, self._sql, row, some) for some in parts)

    def _row(self, connection: Connection) -> str:
        mark = _MARKS[connection.dialect.name]
        kinds = (column.type.compile(connection.dialect) for column in self._columns)
        marks = [mark if mark == "?" else f"{mark}::{kind}" for kind in kinds]  # PostgreSQL would guess
        self._rows[connection.dialect.name] = row = f"({', '.join(marks)})"
        return row


def _in_parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _run(connection: Connection, sql: str, row: str, rows: Sequence[tuple[Any, ...]], more: tuple[Any, ...] = ()) -> int:
    values = tuple(native(value) for one in (*rows, more) for value in one)
    return connection.exec_driver_sql(sql.format(", ".join([row] * len(rows))), values).rowcount


class Query:
    """A question in SQL that both stores know, but for `{among}`, membership in the texts that are given, and `{lock}`.

    Rows come as the driver gives them: times are in milliseconds (`moment`).
    """

    def __init__(self, sql: str) -> None:
        self._sql = {dialect: sql.format(**words) for dialect, words in _WORDS.items()}

    def rows(self, connection: Connection, among: Sequence[str] | None = None) -> Sequence[Any]:
        """The rows."""
        name = connection.dialect.name
        if among is None:
            return connection.exec_driver_sql(self._sql[name]).all()
        given: Any = json.dumps(among) if name == "sqlite" else list(among)
        return connection.exec_driver_sql(self._sql[name], (given,)).all()


def native(value: Any) -> Any:
    """A value as drivers take it: the text of an enum, the milliseconds of a time."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    return millis(value) if isinstance(value, datetime) else value


def millis(moment_: datetime) -> int:
    """A time as the tables keep it."""
    return int(moment_.timestamp() * 1000)


def moment(kept: int) -> datetime:
    """A time as the tables keep it, aware."""
    return datetime.fromtimestamp(kept / 1000, UTC)
