"""How soon a lead reaches AiSensy on an idle machine: from its acknowledgement to the sandbox, a lead at a time."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import requests

from bench.table import Row
from ingest.cli.run import free_port

LEADS = 100
MAPPING = """
channel: form
request:
  campaignName: welcome_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
"""


def measure() -> Row:
    """The row of the table."""
    with tempfile.TemporaryDirectory(prefix="ingest-bench-") as folder, _running(Path(folder)) as (address, box):
        trips = sorted(_trip(box) for _ in range(LEADS))
        waits = sorted(_wait(address, box, number) for number in range(1, LEADS + 1))
    p50, p99 = (f"p50 {statistics.median(times):.1f} ms, p99 {times[-2]:.1f} ms" for times in (trips, waits))
    return Row("idle: acknowledged → AiSensy", p50, p99, [], f"{LEADS} leads, one at a time")


def _trip(box: str) -> float:
    start = time.perf_counter()
    requests.get(f"{box}/control/contacts", timeout=10).raise_for_status()
    return (time.perf_counter() - start) * 1000


@contextmanager
def _running(folder: Path) -> Iterator[tuple[str, str]]:
    """`ingest run --sandbox` in a folder of its own: the addresses of the web side and of the sandbox."""
    (folder / "mappings").mkdir()
    (folder / "mappings" / "website.yaml").write_text(MAPPING)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("INGEST_", "AISENSY_"))}
    environment |= {"INGEST_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ingest", "run", "--sandbox"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout
        told = (re.search(r"http://[\w.:\[\]]+(?=/)", line) for line in process.stdout)
        found = (match[0] for match in told if match)
        yield next(found), next(found)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait(address: str, box: str, number: int) -> float:
    """Milliseconds from the acknowledgement of a lead to its request at the sandbox; below 0 where that was first."""
    fields = {"name": "Asha Rao", "phone": f"+9198765{number:05}"}
    answer = requests.post(f"{address}/in/website", data=fields, timeout=10)
    acknowledged = time.time()
    answer.raise_for_status()
    asked: dict[str, str | int] = {"count": number, "wait": 10, "since": number - 1}
    (received,) = requests.get(f"{box}/control/requests", params=asked, timeout=20).json()["requests"]
    assert received["body"]["destination"] == fields["phone"]
    return (datetime.fromisoformat(received["at"]).timestamp() - acknowledged) * 1000
