"""Statements of the hot paths: their SQL is made once, and run as the driver takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql import ClauseElement


class Prepared:
    """A statement for many rows. `make` builds it for a connection's dialect.

    `names` are the columns of a row, in order; `now` is no column, but a parameter that `make` binds. A row is a tuple of
    values as the driver takes them: texts, numbers, bytes, times in milliseconds (`millis`).
    """

    def __init__(self, make: Callable[[Connection], ClauseElement], *names: str) -> None:
        self._make = make
        self._names = names
        self._columns = [name for name in names if name != "now"]
        self._known: dict[str, tuple[str, tuple[int, ...] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Do it for every row; tells how many rows of the table were written, -1 where the driver does not know."""
        sql, order = self._known.get(connection.dialect.name) or self._compile(connection)
        if order is None:
            given: list[Any] = [dict(zip(self._names, row, strict=True)) for row in rows]
        elif order == tuple(range(len(self._names))):
            given = list(rows)
        else:
            given = [tuple(row[place] for place in order) for row in rows]
        return connection.exec_driver_sql(sql, given).rowcount

    def _compile(self, connection: Connection) -> tuple[str, tuple[int, ...] | None]:
        compiled: Any = self._make(connection).compile(dialect=connection.dialect, column_keys=self._columns)
        order = None
        if compiled.positiontup is not None:
            order = tuple(self._names.index(name) for name in compiled.positiontup)
        self._known[connection.dialect.name] = known = str(compiled), order
        return known


def millis(moment: datetime | None) -> int | None:
    """A time as the tables keep it."""
    return None if moment is None else int(moment.timestamp() * 1000)
