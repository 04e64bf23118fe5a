from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ingest import log

SANDBOX = "sandbox"
PARENT = "INGEST_PARENT"
PR_SET_PDEATHSIG = 1
GRACE = 10.0  # seconds that children have to end

_logger = log.get()


def die_with_parent(deadly: signal.Signals, *, of_run: bool = True) -> None:
    """Ask the kernel to end this process when its parent dies, however that happens (Linux).

    `of_run` tells that the parent, where there is one, is `ingest run`; a process started by hand has none of ours.
    """
    run = os.environ.get(PARENT)
    if sys.platform == "linux" and (run or not of_run):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(deadly))
    if run and of_run and os.getppid() != int(run):  # it died before we had asked
        sys.exit(1)


@dataclass
class Child:
    """A process of ours: what it is called, its command, and what to do when it has died."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    died: Callable[[], object] = lambda: None
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    start_at: float = 0.0

    def start(self) -> None:
        """Start it."""
        environment = {**self.environment, PARENT: str(os.getpid())}
        self.process = subprocess.Popen([sys.executable, "-m", "ingest", *self.command], env=environment)  # noqa: S603 - our own program

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None


class Family:
    """Starts children, starts dead ones again, and ends all of them when told to."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self._ending = False

    def run(self, ready: Callable[[], None]) -> int:
        """Keep the children alive until SIGTERM or SIGINT. Calls `ready` once, after all were started."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.stop)
        try:
            for child in self.children:
                child.start()
            ready()
            while not self._ending:
                self._revive()
                time.sleep(0.1)
        finally:
            self.end()
        return 0

    def end(self) -> None:
        """End every child: politely first, by force after ten seconds; the sandbox last, which the others talk to."""
        for last in (False, True):
            children = [child for child in self.children if (child.name == SANDBOX) is last]
            for child in children:
                if child.alive() and child.process:
                    child.process.terminate()
            deadline = time.monotonic() + GRACE
            for child in children:
                _end(child, deadline)

    @property
    def ending(self) -> bool:
        """Whether we were told to end."""
        return self._ending

    def stop(self, *_: object) -> None:
        """Let `run` return."""
        self._ending = True

    def _revive(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.alive():
                continue
            if child.process is not None:
                _logger.error("child_died", child=child.name, code=child.process.returncode, hint="Started again")
                child.process = None
                child.died()
                child.deaths = [at for at in child.deaths if at > now - 60] + [now]
                child.start_at = now + min(0.1 * 2 ** (len(child.deaths) - 1), 5.0)
            if now >= child.start_at and not self._ending:
                child.start()


def _end(child: Child, deadline: float) -> None:
    if child.process is None:
        return
    with suppress(subprocess.TimeoutExpired):
        child.process.wait(max(0.0, deadline - time.monotonic()))
    if child.alive():
        child.process.kill()
        child.process.wait()
