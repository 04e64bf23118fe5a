"""Nothing lost, nothing doubled: the program under load, its processes and its database killed at random.

    python -m bench.crash --store sqlite --leads 10000 --kills 50
    python -m bench.crash --store postgresql --on-timeout retry

`ingest run` (two web processes, one worker) and three more workers get leads from senders that try again until they
are acknowledged, as vendors do, while the sandbox fails a share of AiSensy's requests. The last line tells what became:

    accepted  leads that were acknowledged
    sent      of them, those that AiSensy took, by our own ledger
    held      of them, those that wait for a person
    lost      of them, those in no ledger, those that it calls sent and AiSensy never took, those that never ended
    doubled   people that AiSensy took more than one message for
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from bench.postgres import Postgres
from ingest.cli.run import free_port
from ingest.errors import StoreError
from ingest.inbox import Inbox, reads
from ingest.inbox.reads import Filter
from ingest.sandbox import Sandbox

MAPPING = """
channel: zapier
auth: {{token: ZAPIER_TOKEN}}
request:
  campaignName: welcome
  destination: "{{{{ lead.phone | phone }}}}"
  userName: "{{{{ lead.name }}}}"
policy: {{on_timeout: {on_timeout}}}
"""
FAULTS: tuple[tuple[float, dict[str, Any]], ...] = (  # shares of the whole, and what is done
    (0.30, {"status": 500}),
    (0.20, {"status": 429, "headers": {"Retry-After": "1"}}),
    (0.10, {"reset": "before"}),
    (0.10, {"reset": "after"}),
    (0.10, {"hang": 3.0}),
    (0.20, {"delay": 0.7}),
)
SENDERS = 16
EXTRA_WORKERS = 3
IN_FLIGHT = 8
PATIENCE = 420.0  # seconds for the last lead to come to an end


@dataclass
class Tally:
    """What happened."""

    accepted: dict[str, str] = field(default_factory=dict)  # phone -> lead
    kills: Counter[str] = field(default_factory=Counter)


class House:
    """The processes, restarted by whoever kills them; the parent restarts its own."""

    def __init__(self, folder: Path, store: str, box: Sandbox) -> None:
        self.port = free_port()
        self.store = store
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("INGEST_", "AISENSY_"))},
            "DATABASE_URL": store,
            "AISENSY_URL": box.aisensy_url,
            "AISENSY_API_KEY": "sandbox-default",
            "AISENSY_TIMEOUT": "2",
            "ZAPIER_TOKEN": "token",
            "INGEST_PORT": str(self.port),
            "INGEST_MAPPINGS": str(folder / "mappings"),
            "WEB_CONCURRENCY": "2",
        }
        self._log = (folder / "log").open("ab")
        self.parent = self._start("run")
        self.workers = [self._start("worker") for _ in range(EXTRA_WORKERS)]

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "ingest", command],
            cwd=self._folder,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self, what: str) -> bool:
        """Kill one at random; False where there is none to kill."""
        if what == "parent":
            self.parent.kill()
            self.parent.wait()
            self.parent = self._start("run")
            return True
        if what == "worker" and random.random() < EXTRA_WORKERS / (EXTRA_WORKERS + 1):
            number = random.randrange(EXTRA_WORKERS)
            self.workers[number].kill()
            self.workers[number].wait()
            self.workers[number] = self._start("worker")
            return True
        with suppress(psutil.Error):
            family = psutil.Process(self.parent.pid).children(recursive=True)
            mine = [one for one in family if f"ingest {what}" in " ".join(one.cmdline())]
            if mine:
                random.choice(mine).kill()
                return True
        return False

    def stop(self) -> None:
        """End all politely."""
        for process in (self.parent, *self.workers):
            process.send_signal(signal.SIGTERM)
        for process in (self.parent, *self.workers):
            process.wait(30)


def send(house: House, numbers: list[int], pause: float, tally: Tally) -> None:
    """Post leads one after the other, each until it is acknowledged."""
    session = requests.Session()
    for number in numbers:
        phone = f"+9198{number:08}"
        while True:
            with suppress(requests.RequestException, ValueError, KeyError):
                answer = session.post(
                    f"http://127.0.0.1:{house.port}/in/zap",
                    json={"name": f"Lead {number}", "phone": phone},
                    headers={"Authorization": "Bearer token", "Idempotency-Key": f"key-{number}"},
                    timeout=10,
                )
                if answer.status_code == 200:
                    tally.accepted[phone] = answer.json()["leads"][0]["id"]
                    break
            time.sleep(0.1)
        time.sleep(random.random() * 2 * pause)


def main() -> int:
    """Run it, print what became of all, and exit 1 where anything was lost or doubled beyond what may be."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--leads", type=int, default=10_000)
    asked.add_argument("--kills", type=int, default=50)
    asked.add_argument("--faults", type=float, default=0.1, help="the share of AiSensy's requests that fail")
    asked.add_argument("--on-timeout", choices=("hold", "retry"), default="hold")
    asked.add_argument("--every", type=float, default=2.0, help="seconds between kills, on average")
    asked.add_argument("--seed", type=int, default=None)
    told = asked.parse_args()
    random.seed(told.seed)
    with tempfile.TemporaryDirectory(prefix="ingest-crash-") as name, Sandbox(keep=10 * told.leads) as box:
        folder = Path(name)
        (folder / "mappings").mkdir()
        (folder / "mappings" / "zap.yaml").write_text(MAPPING.format(on_timeout=told.on_timeout))
        for share, fault in FAULTS:
            box.fail(share=share * told.faults, **fault)
        postgres = Postgres() if told.store == "postgresql" else None
        house = House(folder, postgres.url if postgres else f"sqlite:///{folder}/data/ingest.db", box)
        try:
            return run(told, house, box, postgres)
        finally:
            house.stop()
            if postgres:
                postgres.stop()


def run(told: argparse.Namespace, house: House, box: Sandbox, postgres: Postgres | None) -> int:
    """Load and kill, wait for the end, and count."""
    tally = Tally()
    pause = told.kills * told.every * SENDERS / told.leads
    shares = [list(range(start, told.leads, SENDERS)) for start in range(SENDERS)]
    senders = [threading.Thread(target=send, args=(house, share, pause, tally)) for share in shares]
    for sender in senders:
        sender.start()
    kinds = ["worker", "web", "parent", "worker", "web", *(["database"] if postgres else [])]
    while tally.kills.total() < told.kills or any(sender.is_alive() for sender in senders):
        time.sleep(told.every * (0.5 + random.random()))
        if tally.kills.total() >= told.kills:
            continue
        what = random.choice(kinds)
        if what == "database" and postgres:
            postgres.kill()
            time.sleep(random.random())
            postgres.start()
            tally.kills[what] += 1
        elif house.kill(what):
            tally.kills[what] += 1
        show(f"killed {dict(tally.kills)}, accepted {len(tally.accepted)}")
    return count(told, house.store, box, tally)


def count(told: argparse.Namespace, store: str, box: Sandbox, tally: Tally) -> int:
    """Wait until no lead is under way any more, and tell what became of all."""
    end = time.monotonic() + PATIENCE
    inbox = Inbox(store)
    while True:
        with suppress(StoreError), inbox.reading() as connection:
            known = {lead["id"]: lead["deliveries"][0] for lead in reads.list_leads(connection, Filter())}
            open_ = [one for one in known.values() if one["status"] in {"pending", "waiting", "sending"}]
            if not open_ or time.monotonic() > end:
                break
            show(f"{len(open_)} of {len(known)} are under way")
        time.sleep(2)
    inbox.close()
    took = Counter(str(one["body"]["destination"]) for one in box.taken())
    unclear = sum(1 for one in box.requests() if one["fault"] and ("reset" in one["fault"] or "hang" in one["fault"]))
    status = {phone: known.get(lead, {"status": "gone", "reason": None}) for phone, lead in tally.accepted.items()}
    states = Counter(one["status"] for one in status.values())
    reasons = Counter(str(one["reason"]) for one in status.values() if one["status"] != "sent")
    lost = sum(
        one["status"] in {"gone", "pending", "waiting", "sending"} or (one["status"] == "sent" and not took[phone])
        for phone, one in status.items()
    )
    doubled = sum(times > 1 for times in took.values())
    deaths = tally.kills["worker"] + tally.kills["parent"] * 2
    allowed = unclear + IN_FLIGHT * deaths
    show("")
    print(f"store={told.store} on_timeout={told.on_timeout} kills={dict(tally.kills)} reasons={dict(reasons)}")
    print(f"ambiguous at the sandbox={unclear} worker deaths={deaths}: held, or doubled with retry, may be {allowed}")
    print(
        f"accepted={len(tally.accepted)} sent={states['sent']} held={states['held']} lost={lost} doubled={doubled}",
        flush=True,
    )
    many = doubled > (allowed if told.on_timeout == "retry" else 0)
    return int(bool(lost) or many or states["held"] > allowed or len(tally.accepted) < told.leads)


def show(text: str) -> None:
    """Tell how it goes on, where somebody looks."""
    if sys.stderr.isatty():
        print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
