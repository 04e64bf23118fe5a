from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from ingest.inbox import Inbox
from ingest.inbox.bell import SocketBell
from ingest.models import Status
from tests.inbox.helpers import claim, event, expire, in_threads, open_files, post, wait_until


@contextmanager
def listening(inbox: Inbox) -> Iterator[threading.Event]:
    """A worker's ears: the event is set at each ring."""
    woken, stop = threading.Event(), threading.Event()
    ears = threading.Thread(target=inbox.bell.listen, args=(woken.set, stop))
    ears.start()
    try:
        yield woken
    finally:
        stop.set()
        ears.join()


def bells(store: Path) -> list[str]:
    """The sockets that listen."""
    return [path.name for path in Path(f"{store}.bells").iterdir()]


def silent(woken: threading.Event) -> bool:
    """Whether no ring comes any more."""
    woken.clear()
    return not woken.wait(0.1)


def ring_until_heard(inbox: Inbox, woken: threading.Event) -> None:
    """Ears take a moment to open."""
    wait_until(lambda: post(inbox, event()) and woken.wait(0.1), "the first ring")
    wait_until(partial(silent, woken), "silence")


def test_a_new_lead_wakes_the_workers_of_all_processes(inbox: Inbox, store: str) -> None:
    """A worker need not wait for its next look: it is woken when a lead is stored, wherever that happens."""
    web = Inbox(store)
    with listening(inbox) as one, listening(inbox) as other:
        ring_until_heard(web, one)
        ring_until_heard(web, other)
        one.clear()
        post(web, event())
        assert one.wait(0.9)
        assert other.wait(0.9)
    web.close()


def test_freed_deliveries_and_resumed_accounts_wake_too(inbox: Inbox) -> None:
    """What a dead worker had, and what an account held up, goes on at once; a silent store wakes nobody."""
    with listening(inbox) as woken:
        ring_until_heard(inbox, woken)
        claim(inbox)
        assert not woken.is_set()
        inbox.free("w1")
        assert woken.wait(0.9)
        wait_until(partial(silent, woken), "silence")
        inbox.resume("default")
        assert woken.wait(0.9)


def test_the_bell_rings_below_a_very_long_path(tmp_path: Path) -> None:
    """The kernel takes socket paths of 107 bytes; a store may lie deeper."""
    inbox = Inbox(f"sqlite:///{tmp_path}/{'a very long name ' * 10}/{'ü' * 60}/ingest.db")
    with listening(inbox) as woken:
        ring_until_heard(inbox, woken)
        post(inbox, event())
        assert woken.wait(0.9)
    inbox.close()


def test_a_dead_workers_bell_is_taken_down(tmp_path: Path) -> None:
    """A worker that was killed leaves its socket behind; ringing goes on, and clears it away."""
    store = tmp_path / "ingest.db"
    inbox = Inbox(f"sqlite:///{store}")
    with listening(inbox) as woken:
        ring_until_heard(inbox, woken)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(f"{store}.bells/0-dead")
        post(inbox, event())
        assert woken.wait(0.9)
        assert "0-dead" not in bells(store)
    assert bells(store) == []
    inbox.close()


@pytest.mark.parametrize("deep", ["", "long/" * 40])
def test_ringing_again_and_again_leaks_no_file(tmp_path: Path, deep: str) -> None:
    """However many threads ring, and however often, no file stays open, and a worker that is awake blocks nobody."""
    folder = tmp_path / deep
    inbox = Inbox(f"sqlite:///{folder}/ingest.db")
    before = open_files()
    with listening(inbox) as woken:
        ring_until_heard(inbox, woken)
        in_threads(8, lambda _: [inbox.bell.ring() for _ in range(500)])
    inbox.close()
    other = SocketBell(folder / "ingest.db")
    other.ring()
    other.close()
    assert open_files() <= before


def test_a_lease_that_ran_out_is_found_without_a_bell(inbox: Inbox) -> None:
    """The bell only saves time: what nobody rang for is found by looking."""
    post(inbox, event())
    claim(inbox, "dead")
    expire(inbox)
    assert [one.status for one in claim(inbox, "w2")] == [Status.PENDING]
