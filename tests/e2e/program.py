from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.inbox.helpers import wait_until

ADDRESS = re.compile(r"(http://[\w.:]+)/")


class Program:
    """`ingest run` in a folder of its own, driven from outside as its users do."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("INGEST_", "AISENSY_"))},
            "INGEST_PORT": str(free_port()),
            "INGEST_MAPPINGS": str(folder / "mappings"),
            "WEB_CONCURRENCY": "1",
            **environment,
        }
        self.arguments = arguments
        self.log = ""
        self.said: list[str] = []

    def __enter__(self) -> Program:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.said = []
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ingest", "run", *self.arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        self.url = wait_until(lambda: self._address("ingest is ready"), "the address of the program")
        if "--sandbox" in self.arguments:
            self.box = wait_until(lambda: self._address("SANDBOX"), "the address of the sandbox")

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with suppress(ValueError):  # closed while we read
            for line in process.stdout:
                self.said.append(line)

    def _address(self, word: str) -> str | None:
        line = next((line for line in self.said if word in line), "")
        found = ADDRESS.search(line)
        return found[1] if found else None

    def stop(self) -> None:
        """Stop it politely."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        if self.process.stdout:
            self.process.stdout.close()

    def kill(self) -> None:
        """Kill the parent alone."""
        self.process.kill()
        self.process.wait(20)
        if self.process.stdout:
            self.process.stdout.close()

    def children(self) -> list[psutil.Process]:
        """Its processes, without itself."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, command: str) -> psutil.Process:
        """The child that runs that command."""
        return next(child for child in self.children() if f"ingest {command}" in " ".join(child.cmdline()))

    def post(self, endpoint: str, **how: Any) -> requests.Response:
        """Post to an endpoint, without following redirects."""
        return requests.post(f"{self.url}/in/{endpoint}", timeout=20, allow_redirects=False, **how)

    def command(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run another command beside it."""
        return subprocess.run(
            [sys.executable, "-m", "ingest", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def leads(self, *arguments: str) -> list[dict[str, Any]]:
        """What `ingest leads --json` prints."""
        done = self.command("leads", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def received(self, count: int = 1) -> list[dict[str, Any]]:
        """The AiSensy bodies that the sandbox has got, once there are so many."""

        def enough() -> list[dict[str, Any]]:
            got = requests.get(f"{self.box}/control/requests", timeout=10).json()["requests"]
            return [one["body"] for one in got] if len(got) >= count else []

        bodies: list[dict[str, Any]] = wait_until(enough, f"{count} requests at the sandbox")
        return bodies

    def mapping(self, name: str, text: str) -> None:
        """Write a mapping's file."""
        path = self.folder / "mappings" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def free_port() -> int:
    """A port that is free now, as the next one is, which is the sandbox's.

    Below those from which the system serves outgoing connections: of these, one might be taken before we listen.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        if _is_free(port, port + 1):
            return port


def _is_free(*ports: int) -> bool:
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
