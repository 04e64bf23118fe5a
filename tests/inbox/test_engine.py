from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.inbox.engine import VERSIONS, connect, migrate
from ingest.inbox.tables import identities, metadata
from tests.inbox.helpers import claim, event, in_processes, post, rows


def test_the_migrations_make_the_schema_that_the_program_uses(store: str) -> None:
    """A store made by the migrations has exactly the tables, columns and indexes of tables.py."""
    migrate(store)
    engine = connect(store)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_again_changes_nothing(inbox: Inbox, store: str) -> None:
    """Every start migrates; on a store that is up to date, leads stay as they are."""
    [lead] = post(inbox, event())
    migrate(store)
    with inbox.reading() as connection:
        assert connection.execute(text("SELECT id FROM events")).scalar() == lead


def test_ten_processes_may_start_at_once_on_an_empty_sqlite_store(tmp_path: Path) -> None:
    """Whoever starts first makes the file and its schema; the others wait for it."""
    assert in_processes(10, _start, f"sqlite:///{tmp_path}/new/folder/ingest.db") == ["started"] * 10


def test_ten_processes_may_start_at_once_on_an_empty_postgresql_store(empty_postgres: str) -> None:
    """The same with PostgreSQL, where they may be on ten machines."""
    assert in_processes(10, _start, empty_postgres) == ["started"] * 10


def test_a_store_of_a_newer_program_is_left_alone(store: str) -> None:
    """An older program refuses a newer schema with words that say what to do, and does not touch it."""
    migrate(store)
    engine = connect(store)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="written by a newer program: install that"):
        Inbox(store)


def test_only_we_may_read_the_sqlite_files(tmp_path: Path) -> None:
    """People's data lies in files with mode 0600, the write-ahead log and the locks too."""
    inbox = Inbox(f"sqlite:///{tmp_path}/store/ingest.db")
    post(inbox, event())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "store").iterdir() if path.is_file()}
    inbox.close()
    assert {"ingest.db", "ingest.db-wal"} <= set(modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077 and name.startswith("ingest.db-")} == {}
    assert oct(modes["ingest.db"]) == "0o600"


@pytest.mark.parametrize(
    "url", ["sqlite:////dev/null/ingest.db", "postgresql://nobody@127.0.0.1:1/none", "postgres://nobody@127.0.0.1:1/n"]
)
def test_a_store_that_cannot_be_opened_is_told_in_words(url: str) -> None:
    """No stack trace for a wrong path or a database that is down."""
    with pytest.raises(StoreError, match="The store can't be opened"):
        Inbox(url)


def test_a_file_that_is_no_database_is_told_in_words(tmp_path: Path) -> None:
    """A wrong file is neither overwritten nor a crash."""
    (tmp_path / "ingest.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Inbox(f"sqlite:///{tmp_path}/ingest.db")
    assert (tmp_path / "ingest.db").read_bytes().startswith(b"no database")


def test_reading_after_the_store_is_gone_is_a_store_error(inbox: Inbox) -> None:
    """A store that fails while it is read is told like one that can't be written."""
    with pytest.raises(StoreError, match="can't be read"), inbox.reading() as connection:
        connection.execute(text("SELECT * FROM no_such_table"))


def _start(queue: Any, barrier: Any, store: str) -> None:
    barrier.wait()
    try:
        Inbox(store).close()
        queue.put("started")
    except Exception as error:  # noqa: BLE001 - the test looks at it
        queue.put(repr(error))


def test_a_store_of_the_first_version_keeps_its_leads_and_identities(empty: str) -> None:
    """What was due is due, what was known is a duplicate, and no sender's id stays readable."""
    engine = connect(empty)
    with engine.begin() as connection:
        _first_version(connection)
    engine.dispose()
    inbox = Inbox(empty)
    assert {one.event.id: one.lane for one in claim(inbox)} == {"e1": "default", "e2": "look-up:facebook:"}
    known = {row.external_id for row in rows(inbox, identities)}
    assert "meta-1" in known
    assert not any("asha" in one for one in known)
    key = b"asha@example.com"
    hashed = f"hash:{hmac.new(inbox.hash_key(), key, hashlib.sha256).hexdigest()}"
    assert inbox.accept([event(hashed, "zapier:T")])[0].id == "e1"
    inbox.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store without tables, on both databases in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    return str(request.getfixturevalue("empty_postgres"))


def _first_version(connection: Any) -> None:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "0001")
    for number, (lead, channel, source, external_id) in enumerate(
        (("e1", "zapier", "zapier:T", "asha@example.com"), ("e2", "facebook", "facebook:S", "meta-1"))
    ):
        named = {"lead": lead, "channel": channel, "source": source, "external": external_id, "number": f"d{number}"}
        for statement in (
            "INSERT INTO events (id, endpoint, channel, external_id, received_at, body)"
            " VALUES (:lead, 'x', :channel, :external, 1, '{}')",
            "INSERT INTO identities (source, external_id, lead_id) VALUES (:source, :external, :lead)",
            "INSERT INTO deliveries (id, event_id, position, endpoint, account, status, tried, attempts, fetches,"
            " due_at, updated_at) VALUES (:number, :lead, 0, 'x', 'default', 'pending', '', 0, 0, 1, 1)",
        ):
            connection.execute(text(statement), named)
