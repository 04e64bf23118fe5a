from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from ingest.errors import StoreError
from ingest.inbox.door import PATIENCE

VERSIONS = Path(__file__).parent / "migrations" / "versions"
ADVISORY_LOCK = 7_305_812


def connect(url: str) -> Engine:
    """An engine for `sqlite:///path` or a PostgreSQL URL. Nothing is opened yet."""
    if url.startswith("sqlite"):
        return _sqlite(url)
    url = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(
        url,
        pool_size=4,
        max_overflow=12,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "ingest",
            "options": f"-c lock_timeout={PATIENCE:.0f}s -c statement_timeout=60s",
            "tcp_user_timeout": 15_000,  # milliseconds: a machine that has vanished says nothing
        },
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=4, max_overflow=60, hide_parameters=True, connect_args={"timeout": PATIENCE}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver's own transactions would begin as readers and fail when they come to write.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-2000")  # kB a connection: the system's own cache has the rest
        connection.execute("PRAGMA wal_autocheckpoint=8000")  # pages, 32 MB: those that are hot are copied less often
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is not left in free pages

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def migrate(url: str) -> None:
    """Bring the store to this program's schema; ten processes may do it at once.

    Raises StoreError when the store can't be reached, or was written by a newer program.
    """
    path = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
    try:
        if path is None:
            _upgrade(url, lock=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with Path(f"{path}.migrate").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _upgrade(url, lock=False)
            os.chmod(path, 0o600)  # noqa: PTH101 - people's data: for us alone
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(f"The store can't be opened: {type(cause).__name__}: {cause}") from error


def _upgrade(url: str, *, lock: bool) -> None:
    engine = connect(url)
    try:
        if _is_current(engine):
            return
        from ingest.inbox import migrations  # noqa: PLC0415 - Alembic is slow to load, and seldom wanted

        with engine.begin() as connection:
            if lock:
                connection.execute(text("SET LOCAL lock_timeout = 0"))  # others may need a while before us
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            migrations.upgrade(connection)
    finally:
        engine.dispose()


def _is_current(engine: Engine) -> bool:
    """Whether the store has the newest schema already."""
    newest = max(path.name for path in VERSIONS.glob("v*.py"))[1:5]
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest
