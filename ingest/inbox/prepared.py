"""Statements of the hot paths: their SQL is made once, and run as the driver takes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql import ClauseElement

ROWS = 100
"""How many rows one statement inserts at the most."""

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
        self._given = _Given(table, names)
        self._sql = f"INSERT INTO {table.name} ({', '.join(names)}) {{}} {ending}"

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]], *more: Any) -> int:
        """Insert the rows; tells how many were written. `more` are the values of the ending's own marks."""
        return self._given.run(connection, self._sql, rows, more)


class Update:
    """An update of many rows by one statement, each guarded: it changes where its first columns are as told.

    A row begins with the values of `guards`, the table's key the first of them; those of `names` follow.
    """

    def __init__(self, table: Table, guards: Sequence[str], names: Sequence[str]) -> None:
        self._given = _Given(table, (*guards, *names))
        places = self._given.places
        asked = zip(guards, places, strict=False)
        where = " AND ".join(f"{table.name}.{name} = given.{place}" for name, place in asked)
        change = ", ".join(f"{name} = given.{place}" for name, place in zip(names, places[len(guards) :], strict=True))
        self._sql = f"UPDATE {table.name} SET {change} FROM ({{}}) AS given WHERE {where}"  # noqa: S608 - our own tables

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Update the rows; tells how many were changed."""
        if len({one[0] for one in rows}) == len(rows):
            return self._given.run(connection, self._sql, rows)
        return sum(self._given.run(connection, self._sql, [one]) for one in rows)  # a statement changes a row once


class _Given:
    """Rows of some of a table's columns, given to a statement as a table of its own: `VALUES`, on SQLite.

    PostgreSQL gets them as one JSON text, so that one statement, prepared once, takes any number of rows, and its
    driver has one value to write instead of hundreds.
    """

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self._columns = [table.c[name] for name in names]
        self.places = [f"column{number}" for number in range(1, len(names) + 1)]  # VALUES' own names
        self._row = f"({', '.join('?' * len(names))})"
        self._from_json = ""

    def run(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]], more: Sequence[Any] = ()) -> int:
        """Run a statement that has a place `{}` for the rows, and one `{mark}` for each that is `more`."""
        parts = (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))
        run = self._with_values if connection.dialect.name == "sqlite" else self._with_json
        return sum(run(connection, sql, some, [native(one) for one in more]) for some in parts)

    def _with_values(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]], more: list[Any]) -> int:
        values = (*(native(value) for row in rows for value in row), *more)
        made = sql.format(f"VALUES {', '.join([self._row] * len(rows))}", mark="?")
        return connection.exec_driver_sql(made, values).rowcount

    def _with_json(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]], more: list[Any]) -> int:
        if not self._from_json:
            kinds = (column.type.compile(connection.dialect) for column in self._columns)
            given = ", ".join(f"{place} {kind}" for place, kind in zip(self.places, kinds, strict=True))
            # The limit tells the planner how few they are: it would read a whole table for the hundred that it expects.
            self._from_json = f"SELECT * FROM json_to_recordset(%s::json) AS given({given}) LIMIT %s"  # noqa: S608
        named = [dict(zip(self.places, row, strict=True)) for row in rows]
        values = (json.dumps(named, default=_in_json), len(named), *more)
        return connection.exec_driver_sql(sql.format(self._from_json, mark="%s"), values).rowcount


def _in_json(value: Any) -> Any:
    """A value that JSON has no kind for: bytes as PostgreSQL writes them, and all else as drivers take it."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else native(value)


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
