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
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        row = f"({', '.join([mark] * len(self._names))})"
        written = 0
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            sql = f"{self._begin}{', '.join([row] * len(some))} {self._ending.format(mark=mark)}"
            values = [native(value) for one in (*some, more) for value in one]
            written += connection.exec_driver_sql(sql, tuple(values)).rowcount
        return written


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
    if isinstance(value, Enum):
        return value.value
    return millis(value) if isinstance(value, datetime) else value


def millis(moment_: datetime) -> int:
    """A time as the tables keep it."""
    return int(moment_.timestamp() * 1000)


def moment(kept: int) -> datetime:
    """A time as the tables keep it, aware."""
    return datetime.fromtimestamp(kept / 1000, UTC)
