"""One account's backlog and the others: how long a lead of another account takes, and what a claim costs.

python -m bench.backlog --store postgresql --waiting 100000
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from bench.postgres import Postgres
from ingest.delivery.worker import Worker
from ingest.ids import new_id
from ingest.inbox import Inbox
from ingest.inbox.brakes import Pause
from ingest.inbox.claims import Want
from ingest.models import Event, Identity, Reason, utcnow
from ingest.sandbox import Sandbox
from ingest.settings import Secrets, Settings

MAPPING = """
channel: form
account: {account}
request:
  campaignName: welcome
  destination: "{{{{ lead.phone | phone }}}}"
  userName: Asha
"""
FEW = 100
CLAIMS = 200
LEADS = 20


def main() -> int:
    """Measure, print, and exit 1 where a limit is not kept."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--waiting", type=int, default=100_000)
    told = asked.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory(prefix="ingest-backlog-") as name:
        postgres = Postgres() if told.store == "postgresql" else None
        inbox = Inbox(postgres.url if postgres else f"sqlite:///{name}/ingest.db")
        try:
            inbox.pause(Pause("default", Reason.ACCOUNT_PAUSED, "no credits", by_hand=True))
            fill(inbox, "default", FEW)
            few = claim_time(inbox)
            fill(inbox, "default", told.waiting - FEW)
            many = claim_time(inbox)
            with running(inbox, Path(name)) as lead:
                waits = [lead() for _ in range(LEADS)]
        finally:
            inbox.close()
            if postgres:
                postgres.stop()
    ratio = many / few
    print(f"{told.store}: a claim takes {few * 1e3:.2f} ms with {FEW} waiting, {many * 1e3:.2f} ms with {told.waiting}")
    print(
        f"{told.store}: ratio {ratio:.2f}; another account's lead is sent after {max(waits) * 1e3:.0f} ms at the most"
    )
    return int(ratio > 1.5 or max(waits) > 2)


def fill(inbox: Inbox, account: str, count: int) -> None:
    """Leads of an account that wait."""
    for start in range(0, count, 1000):
        inbox.accept([event(account) for _ in range(min(1000, count - start))])


def event(account: str) -> Event:
    """A lead."""
    now = utcnow()
    identity = Identity((f"form:{account}",), new_id())
    return Event(new_id(now), account, "form", now, identity, b'{"phone": "9876543210"}', account=account)


def claim_time(inbox: Inbox) -> float:
    """The median time of a claim that finds one lead of another account, in seconds."""
    times = []
    for number in range(CLAIMS):
        inbox.accept([event("acme")])
        start = time.perf_counter()
        found = inbox.claim(Want(f"w{number}", lambda _: 64))
        times.append(time.perf_counter() - start)
        assert [one.account for one in found] == ["acme"]
        inbox.discard([one.id for one in found])
    return statistics.median(times)


@contextmanager
def running(inbox: Inbox, folder: Path) -> Iterator[Callable[[], float]]:
    """A worker with a sandbox; gives what sends one lead of another account, and tells how long it took."""
    for account in ("default", "acme"):
        (folder / f"{account}.yaml").write_text(MAPPING.format(account=account))
    with Sandbox() as box:
        box.state.keys.update({"k": "default", "k2": "acme"})
        settings = Settings(aisensy_url=box.aisensy_url, mappings=folder, secrets=Secrets(sandbox=True))
        worker = Worker(settings, inbox, "worker")
        thread = threading.Thread(target=worker.run)
        thread.start()

        def lead() -> float:
            before = len(box.taken())
            start = time.perf_counter()
            inbox.accept([event("acme")])
            box.wait(before + 1, 20)
            return time.perf_counter() - start

        try:
            yield lead
        finally:
            worker.stop()
            thread.join()


if __name__ == "__main__":
    sys.exit(main())
