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

import psutil
import requests

from bench import houses
from bench.load import Posts, run, zapier
from bench.postgres import Postgres
from bench.table import Row
from ingest.cli.run import free_port
from ingest.ids import new_id
from ingest.inbox import Inbox
from ingest.models import Event, Identity, utcnow

LEADS = 4000
IN_FLIGHT = 8
SECONDS = 3
POSTS = 30_000


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
        while counted(receiver) < before + LEADS:
            time.sleep(0.25)  # seldom: asking costs what is measured
    times: list[float] = requests.get(f"{receiver}/times", timeout=5).json()["times"][-LEADS:]
    return (LEADS - 1) / (times[-1] - times[0])


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
    """Rows for one worker on SQLite, one and two on PostgreSQL, and for the receiver, which must not be the limit."""
    port = free_port()
    (folder / "drain").mkdir()
    with houses.process(folder, houses.environment(folder / "drain", 0), "bench.receiver", str(port)) as process:
        receiver = f"http://127.0.0.1:{port}"
        houses.wait_for(receiver)
        stores = (f"sqlite:///{folder}/drain/{turn}.db" for turn in range(rounds))
        most = [*_pairs(folder / "drain", receiver, stores, 1)]
        yield _row("drain, SQLite, 1 worker", most)
        postgres = Postgres()
        try:
            for workers in (1, 2):
                pairs = _pairs(folder / "drain", receiver, [postgres.url] * rounds, workers)
                most += pairs
                yield _row(f"drain, PostgreSQL, {workers} worker{'s' if workers > 1 else ''}", pairs)
        finally:
            postgres.stop()
        yield _alone(folder / "drain", receiver, process.pid, max(map(max, most)))


def _pairs(folder: Path, receiver: str, stores: Iterable[str], workers: int) -> list[tuple[float, float]]:
    return [(pools(receiver, workers), drain(folder, receiver, store, workers)) for store in stores]


def _row(name: str, pairs: list[tuple[float, float]]) -> Row:
    bare, ours = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return Row(name, f"{bare:.0f}/s", f"{ours:.0f}/s", [one / base for base, one in pairs])


def _alone(folder: Path, receiver: str, pid: int, most: float) -> Row:
    """What the receiver takes from a load that costs little itself, beside the most that pools or workers sent it."""
    file = folder / "receiver.posts"
    file.write_text("".join(f"\t{zapier(number)}\n" for number in range(POSTS)))
    before, used = counted(receiver), sum(psutil.Process(pid).cpu_times()[:2])
    alone = run(receiver, Posts("receiver", "/", {"Content-Type": "application/json"}, file), SECONDS)
    cost = (sum(psutil.Process(pid).cpu_times()[:2]) - used) / (counted(receiver) - before)
    remark = f"{cost * 1e6:.0f} µs of a core for each; the most that was sent to it above is {most:.0f}/s"
    return Row("drain, the receiver alone", "–", f"{alone.rate:.0f}/s", [], remark)


if __name__ == "__main__":  # a bare pool, in a process of its own
    print(pool(sys.argv[2], int(sys.argv[3])))
