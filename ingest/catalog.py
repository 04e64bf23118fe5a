from __future__ import annotations

import threading
import time
from pathlib import Path

from ingest.channels import KINDS
from ingest.mapping import loader
from ingest.mapping.records import Catalog

LOOK_AGAIN = 1.0  # seconds
JUST_NOW = 0.05  # the same, where somebody waits for a file that has just come


class LiveCatalog:
    """The mappings as they stand in their folder: a change of a file is seen within a second, by every process."""

    def __init__(self, folder: Path, country: str) -> None:
        self._folder = folder
        self._country = country
        self._lock = threading.Lock()
        self._looked_at = -LOOK_AGAIN
        self._stamps: object = None
        self._catalog = Catalog({}, {}, [])

    def current(self, age: float = LOOK_AGAIN) -> Catalog:
        """The catalogue, at most `age` seconds old. The same object as before as long as no file changes."""
        if time.monotonic() - self._looked_at >= age and self._lock.acquire(blocking=self._stamps is None):
            try:
                stamps = self._stamp()
                if stamps != self._stamps:
                    self._catalog = loader.load(self._folder, KINDS, self._country)
                    self._stamps = stamps
                self._looked_at = time.monotonic()
            finally:
                self._lock.release()
        return self._catalog

    def knowing(self, endpoint: str) -> Catalog:
        """The catalogue; looked for anew where it does not know an endpoint that another process may have just seen."""
        catalog = self.current()
        return catalog if endpoint in catalog.mappings else self.current(JUST_NOW)

    def _stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        found = []
        for path in sorted(self._folder.rglob("*")):
            try:
                stat = path.stat()
            except OSError:  # gone between listing and looking
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)
