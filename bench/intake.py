"""Durable intake: what the web side takes a second, beside a bare Flask view under the same gunicorn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import requests

from bench import houses
from bench.load import Posts, Result, facebook, prepared, run, sign
from bench.table import Row

SECONDS = 4
POSTS = 30_000
CHANGES = 1000


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """A row for each channel, and one for a post of a thousand changes."""
    kinds = prepared(folder, POSTS)
    with ExitStack() as stack:
        for name in ("bare", "ours"):
            (folder / name).mkdir()
        bare = stack.enter_context(houses.web(folder / "bare", "bench.bare"))
        ours = stack.enter_context(houses.web(folder / "ours"))
        for posts in kinds:
            yield _channel(posts, bare, ours, rounds)
        yield _changes(ours, rounds)


def _channel(posts: Posts, bare: str, ours: str, rounds: int) -> Row:
    pairs: list[tuple[Result, Result]] = []
    for turn in range(rounds):
        start = turn * POSTS // rounds
        pairs.append((run(bare, posts, SECONDS, start), run(ours, posts, SECONDS, start)))
    ratios = [one.rate / base.rate for base, one in pairs]
    ours_p50, ours_p99 = (statistics.median(getattr(one, name) for _, one in pairs) for name in ("p50", "p99"))
    return Row(
        f"intake, {posts.name}",
        f"{statistics.median(base.rate for base, _ in pairs):.0f}/s",
        f"{statistics.median(one.rate for _, one in pairs):.0f}/s, p50 {ours_p50:.0f} ms, p99 {ours_p99:.0f} ms",
        ratios,
        f"{sum(one.errors for _, one in pairs)} errors",
    )


def _changes(ours: str, rounds: int) -> Row:
    times = []
    for turn in range(rounds):
        body = facebook(10**6 + turn, CHANGES)
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body)}
        start = time.perf_counter()
        answer = requests.post(f"{ours}/in/facebook", data=body, headers=headers, timeout=30)
        times.append((time.perf_counter() - start) * 1e3)
        assert answer.status_code == 200
    return Row(
        f"{CHANGES} changes in one post", "–", f"{statistics.median(times):.0f} ms", [], f"at most {max(times):.0f} ms"
    )
