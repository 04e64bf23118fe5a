from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from ingest.inbox.engine import migrate


def new_sqlite(path: Path) -> str:
    """The URL of an empty SQLite store in that file, with its tables as the migrations make them.

    They run once; each store is a copy, because hundreds of tests want one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ingest.db")
        migrate(f"sqlite:///{path}")
        return path.read_bytes()
