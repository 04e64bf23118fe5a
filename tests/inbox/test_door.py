from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.inbox.door import BATCH
from ingest.inbox.tables import events, keys
from tests.inbox.helpers import event, in_processes, in_threads, open_files, post, rows, wait_until


def double(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """A job that fails for 13, and for the batch that it comes in."""
    if 13 in numbers:
        raise ValueError("13 is not wanted")
    connection.execute(keys.insert(), [{"name": str(number), "value": b""} for number in numbers])
    return [number * 2 for number in numbers]


def test_each_of_32_threads_gets_the_result_of_its_own_item(inbox: Inbox) -> None:
    """However many write at once and share a commit, everybody is told what became of his own."""
    results = in_threads(32, lambda number: [inbox.write(double, number * 100 + i) for i in range(10)])
    assert results == [[(number * 100 + i) * 2 for i in range(10)] for number in range(32)]
    assert len(rows(inbox, keys)) == 320


def test_a_bad_item_fails_alone(inbox: Inbox) -> None:
    """One item that can't be written never takes those with it that share its commit."""
    results = in_threads(32, lambda number: inbox.write(double, number))
    assert isinstance(results.pop(13), ValueError)
    assert results == [number * 2 for number in range(32) if number != 13]
    assert {row.name for row in rows(inbox, keys)} == {str(number) for number in range(32)} - {"13"}


def test_an_item_that_the_store_refuses_is_a_store_error(inbox: Inbox) -> None:
    """What the database refuses is told in our own words, with the cause."""
    inbox.write(double, 1)
    with pytest.raises(StoreError, match=r"can't be written: .*Unique|IntegrityError"):
        inbox.write(double, 1)
    assert inbox.write(double, 2) == 4


def test_those_who_wait_share_one_commit(inbox: Inbox) -> None:
    """While one commit is under way the others gather, and the next commit takes them all (group commit)."""
    go, batches = threading.Event(), []

    def slow(_: Connection, items: Sequence[str]) -> Sequence[str]:
        batches.append(len(items))
        go.wait(10)
        return items

    threads = [threading.Thread(target=inbox.write, args=(slow, "item")) for _ in range(20)]
    threads[0].start()
    wait_until(lambda: batches, "the first commit")
    for thread in threads[1:]:
        thread.start()
    queue = inbox._door._queue
    wait_until(lambda: len(queue) == 19, "the queue")
    go.set()
    for thread in threads:
        thread.join()
    assert batches == [1, 19]


def test_jobs_of_several_kinds_are_written_in_the_order_they_came(inbox: Inbox) -> None:
    """Different kinds of writing in one commit do not mix up their results."""
    results = in_threads(
        24, lambda number: inbox.write(double, number + 50) if number % 2 else post(inbox, event(str(number)))
    )
    assert [result for result in results if isinstance(result, int)] == [(n + 50) * 2 for n in range(1, 24, 2)]
    assert {result[0] for result in results if isinstance(result, list)} == {row.id for row in rows(inbox, events)}


def test_a_batch_is_bounded_and_nobody_is_left_behind(inbox: Inbox) -> None:
    """More than one transaction's worth at once is written by several, without loss."""
    several = 4
    results = in_threads(several, lambda number: post(inbox, *(event(f"{number}-{i}") for i in range(BATCH))))
    assert len({id_ for result in results if isinstance(result, list) for id_ in result}) == several * BATCH
    assert len(rows(inbox, events)) == several * BATCH


def test_an_accepted_lead_is_seen_from_another_process_at_once(inbox: Inbox, store: str) -> None:
    """On disk before 200: when accept returns, any other process can read the lead."""
    [lead] = post(inbox, event(body=b'{"a": "\xc3\xa4"}'))
    assert in_processes(1, _read, store) == [[(lead, b'{"a": "\xc3\xa4"}')]]


def test_the_sqlite_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """Every connection writes with WAL and synchronous=FULL, so that a power cut loses nothing acknowledged."""
    inbox = Inbox(f"sqlite:///{tmp_path}/a.db")
    with inbox.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    inbox.close()


def test_processes_write_side_by_side(inbox: Inbox, store: str) -> None:
    """Several processes may write at once; none is refused because another has the store."""
    assert in_processes(4, _write, store) == [25] * 4
    assert len(rows(inbox, events)) == 100


def test_opening_and_writing_again_and_again_leaks_no_file(store: str) -> None:
    """Stores that are opened, used and closed leave no open file behind."""
    counts = []
    for _ in range(4):
        inbox = Inbox(store)
        post(inbox, event())
        inbox.close()
        counts.append(open_files())
    assert counts[1:] == counts[1:2] * 3


def _read(queue: Any, _: Any, store: str) -> None:
    inbox = Inbox(store)
    queue.put([(row.id, row.body) for row in rows(inbox, events)])
    inbox.close()


def _write(queue: Any, barrier: Any, store: str) -> None:
    inbox = Inbox(store)
    barrier.wait()
    queue.put(sum(len(post(inbox, event())) for _ in range(25)))
    inbox.close()
