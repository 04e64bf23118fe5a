"""The programs that are measured, each in a process and a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from bench.load import SECRET, TOKEN
from ingest.cli.run import free_port

SECRETS = {"FACEBOOK_APP_SECRET": SECRET, "ZAPIER_TOKEN": TOKEN, "AISENSY_API_KEY": "sandbox-default"}
REQUEST = """
request:
  campaignName: welcome_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name | default('friend') | title }}"
  source: Bench
  tags: [bench, "{{ lead.city }}"]
  templateParams: ["{{ lead.name | default('there') | first_name | title }}"]
  attributes: {city: "{{ lead.city }}"}
"""
MAPPINGS = {
    "facebook": f"channel: facebook{REQUEST.replace('lead.phone', 'lead.phone_number')}",
    "zapier": f"channel: zapier\nauth: {{token: ZAPIER_TOKEN}}{REQUEST}",
    "website": f"channel: form{REQUEST}",
}


def environment(folder: Path, port: int, **more: str) -> dict[str, str]:
    """A clean environment for the program in that folder, with the mappings of the bench."""
    mappings = folder / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    for name, text in MAPPINGS.items():
        (mappings / f"{name}.yaml").write_text(text)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INGEST_", "AISENSY_"))}
    return {
        **kept,
        **SECRETS,
        "INGEST_PORT": str(port),
        "INGEST_MAPPINGS": str(mappings),
        "DATABASE_URL": f"sqlite:///{folder}/ingest.db",
        "PYTHONPATH": str(Path(__file__).parents[1]),
        **more,
    }


@contextmanager
def process(folder: Path, env: dict[str, str], *module: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module as a process, ended at the end."""
    with (folder / "log").open("ab") as log:
        started = subprocess.Popen([sys.executable, "-m", *module], cwd=folder, env=env, stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(30)


@contextmanager
def web(folder: Path, *module: str, **more: str) -> Iterator[str]:
    """A web side, `ingest web` where no other module is named; gives its address once it answers."""
    port = free_port()
    with process(folder, environment(folder, port, **more), *(module or ("ingest", "web"))):
        address = f"http://127.0.0.1:{port}"
        wait_for(address)
        yield address


def wait_for(address: str) -> None:
    """Wait until something answers there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            requests.get(f"{address}/healthz", timeout=5)
            return
        time.sleep(0.05)
    raise TimeoutError(address)
