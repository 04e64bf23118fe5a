"""Resident memory of each process of `ingest web` and `ingest worker`: at the start, and after 100,000 leads."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import requests

from bench import houses
from bench.drain import counted
from bench.load import TOKEN, zapier
from bench.table import Row
from ingest.cli.run import free_port

LEADS = 100_000
ARRAY = 1000  # leads of a post, the most that one may have
SINGLE = 5000  # of all leads, those that come one by one
FIRST = 64  # leads before the first look, so that every process has answered and sent
THREADS = 16  # that post them
PATIENCE = 100.0  # seconds for all to be sent, from the first on
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}


def measure(folder: Path, leads: int = LEADS) -> Iterator[Row]:
    """A row for each process."""
    (folder / "memory").mkdir()
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(
            houses.process(folder, houses.environment(folder / "memory", 0), "bench.receiver", str(port))
        )
        receiver = f"http://127.0.0.1:{port}"
        houses.wait_for(receiver)
        port = free_port()
        env = houses.environment(folder / "memory", port, AISENSY_URL=f"{receiver}/campaign/t1/api")
        web = stack.enter_context(houses.process(folder, env, "ingest", "web"))
        worker = stack.enter_context(houses.process(folder, env, "ingest", "worker"))
        address = f"http://127.0.0.1:{port}"
        houses.wait_for(address)
        _take_each(address, map(zapier, range(FIRST)))
        _wait_for(receiver, FIRST, PATIENCE)
        processes = dict(_named(web.pid, worker.pid))
        before = {name: resident(pid) for name, pid in processes.items()}
        start = time.monotonic()
        _post(address, range(FIRST, FIRST + leads))
        _wait_for(receiver, FIRST + leads, start + PATIENCE - time.monotonic())
        sent = counted(receiver) - FIRST
        after = {name: resident(pid) for name, pid in processes.items()}
    for name in processes:
        (first, own), (last, _) = before[name], after[name]
        yield Row(
            f"memory, {name}",
            f"VmRSS {first:.1f} MB at the start",
            f"{last:.1f} MB after {leads:,} leads were taken in",
            [],
            f"{last - first:+.1f} MB; {sent:,} of them sent by then; Pss {own:.1f} MB at the start",
        )


def resident(pid: int) -> tuple[float, float]:
    """A process's memory in MB: all that is resident (VmRSS), and of what several share only its part (Pss)."""
    rss = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    pss = re.search(r"Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())
    assert rss
    assert pss
    return int(rss[1]) / 1024, int(pss[1]) / 1024


def _named(web: int, worker: int) -> Iterator[tuple[str, int]]:
    yield "web, parent", web
    for number, child in enumerate(psutil.Process(web).children(), 1):
        yield f"web, child {number}", child.pid
    yield "worker", worker


def _post(address: str, numbers: range) -> None:
    """Take leads in, by arrays and by single posts."""
    single, arrays = numbers[: len(numbers) * SINGLE // LEADS], numbers[len(numbers) * SINGLE // LEADS :]
    half = len(single) // 2
    _take_each(address, map(zapier, single[:half]))
    posts = (arrays[first : first + ARRAY] for first in range(0, len(arrays), ARRAY))
    _take_each(address, (f"[{','.join(map(zapier, post))}]" for post in posts), threads=2)
    _take_each(address, map(zapier, single[half:]))


def _take_each(address: str, bodies: Iterable[str], threads: int = THREADS) -> None:
    """Post each over a connection of its own, so that they come to all processes."""

    def take(body: str) -> None:
        answer = requests.post(f"{address}/in/zapier", data=body, headers=HEADERS, timeout=30)
        assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(take, bodies))


def _wait_for(receiver: str, count: int, seconds: float) -> None:
    """Wait until so many are sent, or the time is over."""
    end = time.monotonic() + seconds
    while counted(receiver) < count and time.monotonic() < end:
        time.sleep(0.1)
