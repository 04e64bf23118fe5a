"""What all jobs of the door share, and the small ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from ingest.inbox.tables import intakes, keys

CHUNK = 400
"""How many ids one statement names at the most."""


def insert(connection: Connection, table: Table) -> Any:
    """The dialect's own insert, which knows `on_conflict_…`."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


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
