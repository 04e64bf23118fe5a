"""How quickly a full inbox is sent, beside a bare pool of `requests` that posts to the same receiver."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import requests

from bench import houses
from bench.load import zapier
from bench.postgres import Postgres
from bench.table import Row
from ingest.cli.run import free_port
from ingest.inbox import Inbox
from ingest.models import Event, Identity, new_id, utcnow

LEADS = 4000
IN_FLIGHT = 8


def fill(inbox: Inbox, count: int) -> None:
    """Leads that are to be sent."""
    for start in range(0, count, 1000):
        inbox.accept([lead(number) for number in range(start, start + 1000)])


def lead(number: int) -> Event:
    """A lead as Zapier posts it."""
    now = utcnow()
    return Event(new_id(now), "zapier", "zapier", now, Identity(("bench",), new_id()), zapier(number).encode())


def counted(receiver: str) -> int:
    """How many posts the receiver has got."""
    return int(requests.get(f"{receiver}/count", timeout=5).json()["count"])


def drain(folder: Path, receiver: str, store: str, workers: int) -> float:
    """Deliveries a second from a full inbox, from the first that arrives to the last."""
    inbox = Inbox(store)
    fill(inbox, LEADS)
    inbox.close()
    env = houses.environment(folder, 0, DATABASE_URL=store, AISENSY_URL=f"{receiver}/campaign/t1/api")
    before = counted(receiver)
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(houses.process(folder, env, "ingest", "worker"))
        while (first := counted(receiver)) == before:
            time.sleep(0.002)
        start = time.perf_counter()
        while counted(receiver) < before + LEADS:
            time.sleep(0.01)
        seconds = time.perf_counter() - start
    return (before + LEADS - first) / seconds


def pool(receiver: str, count: int) -> float:
    """Posts a second of a bare thread pool with one session."""
    bodies = [zapier(number).encode() for number in range(count)]
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=IN_FLIGHT))
    headers = {"Content-Type": "application/json"}
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        start = time.perf_counter()
        list(threads.map(lambda body: session.post(receiver, data=body, headers=headers, timeout=5).json(), bodies))
        return count / (time.perf_counter() - start)


def pools(receiver: str, processes: int) -> float:
    """Posts a second of so many bare pools, each in a process of its own."""
    command = [sys.executable, "-m", "bench.drain", "pool", receiver, str(LEADS // processes)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(one.communicate()[0]) for one in running)


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """Rows for one worker on SQLite, and one and two on PostgreSQL."""
    port = free_port()
    (folder / "drain").mkdir()
    with houses.process(folder, houses.environment(folder / "drain", 0), "bench.receiver", str(port)):
        receiver = f"http://127.0.0.1:{port}"
        houses.wait_for(receiver)
        stores = (f"sqlite:///{folder}/drain/{turn}.db" for turn in range(rounds))
        yield _row("drain, SQLite, 1 worker", folder / "drain", receiver, stores, 1)
        postgres = Postgres()
        try:
            for workers in (1, 2):
                name = f"drain, PostgreSQL, {workers} worker{'s' if workers > 1 else ''}"
                yield _row(name, folder / "drain", receiver, [postgres.url] * rounds, workers)
        finally:
            postgres.stop()


def _row(name: str, folder: Path, receiver: str, stores: Iterable[str], workers: int) -> Row:
    pairs = [(pools(receiver, workers), drain(folder, receiver, store, workers)) for store in stores]
    bare, ours = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return Row(name, f"{bare:.0f}/s", f"{ours:.0f}/s", [one / base for base, one in pairs])


if __name__ == "__main__":  # a bare pool, in a process of its own
    print(pool(sys.argv[2], int(sys.argv[3])))
