from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import green

BEGIN = """
from gevent import monkey
monkey.patch_all()
import sys, threading, time
from ingest.inbox import Inbox
from tests.inbox.helpers import event
inbox = Inbox(f"sqlite:///{sys.argv[1]}")
inbox.accept([event()])
"""
SHARED = """
commits = []
commit = inbox._door._commit
inbox._door._commit = lambda batch: (commits.append(len(batch)), commit(batch))
events = [event() for _ in range(40)]
threads = [threading.Thread(target=inbox.accept, args=([one],)) for one in events]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(commits), len(commits))
"""
WAITING = """
print("open", flush=True)
sys.stdin.readline()
done = threading.Event()
threading.Thread(target=lambda: (inbox.accept([event()]), done.set())).start()
for _ in range(10):
    time.sleep(0.01)
print("stored" if done.is_set() else "others go on", flush=True)
done.wait()
print("stored")
"""


def script(text: str) -> list[str]:
    return [sys.executable, "-c", BEGIN + text]


def test_greenlets_that_come_together_share_one_commit(tmp_path: Path) -> None:
    """One wait for the disk serves many connections of a process; it would be one each, were nobody waited for."""
    told = subprocess.run([*script(SHARED), str(tmp_path / "x.db")], capture_output=True, text=True, check=True).stdout
    stored, commits = map(int, told.split())
    assert stored == 40
    assert commits < 10


def test_a_process_that_waits_for_the_store_goes_on_serving(tmp_path: Path) -> None:
    """While another process has the store's lock, nobody waits but those who want to write."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*script(WAITING), str(tmp_path / "x.db")], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "open\n"
        with (tmp_path / "x.db.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "others go on\n"
        assert process.stdout.read() == "stored\n"


def test_real_threads_need_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's threads are the system's: nothing is gathered, and what waits is simply called."""
    monkeypatch.delitem(sys.modules, "gevent.monkey", raising=False)
    called: list[int] = []
    green.gather()
    green.aside(called.append, 1)
    assert called == [1]
    assert not green.is_green()
