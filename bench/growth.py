"""What a full store costs: leads come, are claimed, sent and listed, with 0, 100,000 and 1,000,000 others in it."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import structlog

from bench import houses
from bench.load import zapier
from bench.stock import SOURCE, fill, hashed, phone_of
from bench.table import Row
from ingest.channels import KINDS
from ingest.cli.store import wanted
from ingest.delivery.prepare import Ready, prepare
from ingest.delivery.recorder import Recorder
from ingest.delivery.senders import IN_FLIGHT, Answer
from ingest.ids import new_id
from ingest.inbox import Inbox, reads
from ingest.inbox.claims import Want
from ingest.inbox.paces import Pace
from ingest.mapping import loader
from ingest.mapping.records import Catalog
from ingest.models import Event, Identity, Outcome, Verdict, utcnow

MOST = 1_000_000  # leads in the fullest store; another has a tenth of them, and one has none
THREADS = 16  # of a process of the web side
LEADS = 2400  # that they take in, in a round
ALONE = 160  # leads that one thread takes in
CLAIMED = 64  # what a worker has room for
LIMIT = 50  # leads of a page, as the table has it
MEMORY = timedelta(minutes=10)  # of a body's hash
INTAKE = f"intake, {THREADS} threads, for each lead"
SINGLE = "intake, one thread, a lead"
CLAIM = f"claim of {CLAIMED} leads"
TURN = f"turn of a worker: {IN_FLIGHT} sent, {IN_FLIGHT} to be sent"
SENT = Outcome(
    Verdict.SENT, status=200, answer='{"success":"true","submitted_message_id":"f01937cb"}', message_id="f01937cb"
)
NOTHING = dict.fromkeys("status reason endpoint channel campaign account phone since until".split())
PAGES: dict[str, dict[str, str]] = {
    "leads": {},
    "leads --status held (1 in 100)": {"status": "held"},
    "leads --status waiting (none)": {"status": "waiting"},
    "leads --endpoint website": {"endpoint": "website"},
    "leads --phone": {"phone": phone_of(500)},
}
_numbers = count(10**7)  # of new leads; those that are stored have smaller ones


@dataclass(frozen=True)
class Store:
    """A store with so many leads."""

    size: int
    inbox: Inbox


def measure(folder: Path, rounds: int, most: int = MOST) -> Iterator[Row]:
    """A row for each measure; the stores take turns, so that a machine that drifts bends none."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    houses.environment(folder / "growth", 0)
    catalog = loader.load(folder / "growth" / "mappings", KINDS)
    times: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    sizes = (0, most // 10, most)
    with ExitStack() as stack:
        stores = []
        for size in sizes:
            path = folder / "growth" / f"{size}.db"
            fill(path, size)
            stores.append(Store(size, stack.enter_context(closing(Inbox(f"sqlite:///{path}")))))
        for turn in range(rounds + 1):
            for store in stores:
                for name, seconds in _round(store.inbox, catalog):
                    if turn:  # the first round fills caches
                        times[name, store.size].append(seconds)
    for name in dict.fromkeys(name for name, _ in times):
        yield _row(name, [times[name, size] for size in sizes], sizes)


def _round(inbox: Inbox, catalog: Catalog) -> Iterator[tuple[str, float]]:
    """Each measure's time on a store, in seconds; at the end all that came is sent."""
    yield INTAKE, _together(inbox)
    yield SINGLE, statistics.median(_accept(inbox, lead()) for _ in range(ALONE))
    claims, turns = _sent(inbox, catalog)
    yield CLAIM, statistics.median(claims)
    yield TURN, statistics.median(turns)
    for name, asked in PAGES.items():
        yield name, _page(inbox, asked)


def lead() -> Event:
    """A lead as Zapier posts it, without a key of its own."""
    now, number = utcnow(), next(_numbers)
    identity = Identity((SOURCE,), hashed(str(number)), now + MEMORY)
    return Event(new_id(now), "zapier", "zapier", now, identity, zapier(number).encode())


def _accept(inbox: Inbox, event: Event) -> float:
    start = time.perf_counter()
    inbox.accept([event])
    return time.perf_counter() - start


def _together(inbox: Inbox) -> float:
    """Seconds for a lead, where many threads take in one at a time and share commits."""
    events = [[lead() for _ in range(LEADS // THREADS)] for _ in range(THREADS)]
    threads = [threading.Thread(target=lambda mine: [inbox.accept([one]) for one in mine], args=(m,)) for m in events]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - start) / LEADS


def _sent(inbox: Inbox, catalog: Catalog) -> tuple[list[float], list[float]]:
    """Send all that waits, as a worker does but for the requests: the time of each claim and of each turn."""
    claims, turns = list[float](), list[float]()
    recorder = Recorder(inbox, "bench", lambda *_: None, lambda _: Pace())
    while True:
        start = time.perf_counter()
        claimed = inbox.claim(Want("bench", lambda _: CLAIMED))
        claims.append(time.perf_counter() - start)
        if not claimed:
            recorder.write([])
            return claims[:-1], turns
        ready = [one for one in (prepare(each, catalog, "bench").ready for each in claimed) if one]
        for first in range(0, len(ready), IN_FLIGHT):
            turns.append(_turn(recorder, ready[first : first + IN_FLIGHT]))


def _turn(recorder: Recorder, leaving: list[Ready]) -> float:
    start = time.perf_counter()
    written = recorder.write(leaving)
    seconds = time.perf_counter() - start
    assert written.leaving == leaving
    for one in leaving:
        recorder.answer(Answer(one, SENT, utcnow(), 5))
    return seconds


def _page(inbox: Inbox, asked: dict[str, str]) -> float:
    """The time of what `ingest leads` asks the store."""
    start = time.perf_counter()
    with inbox.reading() as connection:
        list(reads.list_leads(connection, wanted(connection, **{**NOTHING, **asked}), LIMIT))
    return time.perf_counter() - start


def _row(name: str, times: list[list[float]], sizes: Sequence[int]) -> Row:
    """What a measure takes with nothing stored, and what with more: the ratio is how many times as long at the end."""
    first, *others = (_shown(name, statistics.median(each)) for each in times)
    ours = ", ".join(f"{each} with {size:,}" for each, size in zip(others, sizes[1:], strict=True))
    ratios = [most / none for none, most in zip(times[0], times[-1], strict=True)]
    if name in PAGES:
        worst = max(times[-1]) * 1e3
        return Row(name, first, ours, [], f"at most {worst:.0f} ms")
    return Row(name, f"{first} with {sizes[0]}", ours, ratios, "how many times as long in the fullest")


def _shown(name: str, seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if name == INTAKE else f"{seconds * 1e3:.1f} ms"
