"""What breaks around the program: intake says 503 where it cannot store, and all recovers by itself."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from bench.postgres import Postgres
from tests.e2e.program import Program, free_port
from tests.inbox.helpers import wait_until

MAPPING = """
channel: form
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
  source: Website
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, "--sandbox")
    program.mapping("website", MAPPING)
    with program:
        yield program


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, which it may kill."""
    server = Postgres()
    yield server
    server.stop()


def post(program: Program, number: int) -> requests.Response:
    """One lead; the answer, whatever it is."""
    return program.post("website", data={"name": f"Asha {number}", "phone": f"98765{number:05}"})


def is_refused(program: Program, number: int) -> bool:
    """Whether a lead is refused as it should be where it can't be stored."""
    answer = post(program, number)
    if answer.status_code == 200:
        return False
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unreachable")
    assert int(answer.headers["Retry-After"]) > 0
    return True


def sent_once(program: Program, count: int) -> None:
    """All leads up to a number are at AiSensy, each once."""
    bodies = program.received(count)
    assert sorted(body["destination"] for body in bodies) == [f"+9198765{number:05}" for number in range(1, count + 1)]


def test_a_locked_store_is_told_and_recovers(program: Program, tmp_path: Path) -> None:
    """Another program that keeps the SQLite file to itself: 503 till it lets go, then all goes on."""
    assert post(program, 1).status_code == 200
    program.received(1)
    with closing(sqlite3.connect(tmp_path / "data" / "sandbox.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert is_refused(program, 2)
        assert requests.get(f"{program.url}/healthz", timeout=10).status_code == 200
        other.execute("ROLLBACK")
    wait_until(lambda: post(program, 2).status_code == 200, "the store's return")
    sent_once(program, 2)
    assert "database is locked" in (tmp_path / "log").read_text()


def test_a_full_disk_is_told_and_recovers(program: Program, tmp_path: Path) -> None:
    """No room for another byte: 503 till there is some again, then all goes on, and nothing acknowledged is lost."""
    assert post(program, 1).status_code == 200
    program.received(1)
    with _no_room(program, tmp_path / "data" / "sandbox.db-wal"):
        wait_until(lambda: is_refused(program, 2), "a refusal")
    wait_until(lambda: post(program, 2).status_code == 200, "the store's return")
    sent_once(program, 2)


@contextmanager
def _no_room(program: Program, file: Path) -> Iterator[None]:
    """As if the disk were full: no file of the program's processes may grow beyond what this one has now."""
    size = file.stat().st_size
    processes = [one for one in program.children() if isinstance(one, psutil.Process)]
    for process in processes:
        process.rlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for process in processes:
            process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_store_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """Started before its folder can be made: 503, and it goes on once the store can be opened."""
    (tmp_path / "data").write_text("a file where the folder should be")
    program = Program(tmp_path, "--sandbox")
    program.mapping("website", MAPPING)
    with program:
        assert is_refused(program, 1)
        assert requests.get(f"{program.url}/readyz", timeout=10).status_code == 503
        (tmp_path / "data").unlink()
        wait_until(lambda: post(program, 1).status_code == 200, "the store")
        sent_once(program, 1)


def test_a_postgresql_that_is_killed_and_comes_back_loses_nothing(server: Postgres, tmp_path: Path) -> None:
    """The database dies under way: 503 meanwhile, then all goes on without a restart; what was acknowledged is sent."""
    from ingest.sandbox import Sandbox

    with Sandbox() as box:
        settings = {"DATABASE_URL": server.url, "AISENSY_URL": box.aisensy_url, "AISENSY_API_KEY": "sandbox-default"}
        program = Program(tmp_path, **settings, INGEST_PORT=str(free_port()))
        program.mapping("website", MAPPING)
        with program:
            assert post(program, 1).status_code == 200
            wait_until(box.taken, "the first message")
            server.kill()
            assert is_refused(program, 2)
            server.start()
            wait_until(lambda: post(program, 2).status_code == 200, "the store's return")
            wait_until(lambda: len(box.taken()) == 2, "the second message")
            assert {lead["deliveries"][0]["status"] for lead in program.leads()} <= {"sent", "sending"}


def test_sigterm_does_not_wait_for_a_request_that_hangs(program: Program) -> None:
    """It ends within ten seconds, and the request under way is held as ambiguous, never sent again silently."""
    requests.post(f"{program.box}/control/fail", json={"next": 1, "delay": 60}, timeout=10).raise_for_status()
    post(program, 1)
    wait_until(lambda: program.leads("--sandbox", "--status", "sending"), "the request")
    worker = program.child("worker")
    worker.terminate()
    worker.wait(10)
    assert program.leads("--sandbox", "--reason", "ambiguous")
