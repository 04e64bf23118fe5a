"""How much waits to be sent, as far as anybody needs to know."""

from __future__ import annotations

from sqlalchemy import Connection

from ingest import green

_MORE = "SELECT due_at FROM deliveries WHERE status IN ('pending', 'waiting') AND lane = {mark} LIMIT 1 OFFSET {mark}"
_IN_TIME = "SET LOCAL statement_timeout = '1s'"


def waits_more_than(connection: Connection, account: str, count: int) -> bool:
    """Whether more than so many of an account's deliveries wait; no more of them are looked at than that.

    SQLite looks at a hundred thousand in 40 ms, aside, so that nobody waits who shares our thread.
    """
    found: list[object] = []

    def look(mark: str) -> None:
        found.extend(connection.exec_driver_sql(_MORE.format(mark=mark), (account, count)).all())

    if connection.dialect.name == "sqlite":
        green.aside(look, "?")
    else:
        connection.exec_driver_sql(_IN_TIME)
        look("%s")
    return bool(found)
