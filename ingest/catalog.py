from __future__ import annotations

import threading
import time
from pathlib import Path

from ingest.channels import KINDS
from ingest.errors import is_broken
from ingest.mapping import loader, reloads
from ingest.mapping.accounts import read_accounts
from ingest.mapping.files import Stamp, Stamps, changed, stamp, walk
from ingest.mapping.records import Catalog, Mapping

LOOK_AGAIN = 0.75  # seconds: with the time to settle, a change counts within one
JUST_NOW = 0.05  # the same, where somebody waits for a file that has just come
SETTLED = 0.2  # seconds for which nobody writes into a file that is taken
MENDED = 1.0  # seconds that a mapping has, once it breaks, to become whole


class LiveCatalog:
    """The mappings as they stand in their folder: a change of a file is seen within a second, by every process.

    A file is taken when nobody has written into it for a moment; until then, and while its folder can't be listed, what
    was read before stays. Only what has changed is read anew.
    """

    def __init__(self, folder: Path, country: str) -> None:
        self._folder = folder
        self._country = country
        self._lock = threading.Lock()
        self._looked_at = -LOOK_AGAIN
        self._stamps: Stamps | None = None
        self._catalog = Catalog({}, {}, [])

    def current(self, age: float = LOOK_AGAIN) -> Catalog:
        """The catalogue, at most `age` seconds old. The same object as before as long as no file changes."""
        if time.monotonic() - self._looked_at >= age and self._lock.acquire(blocking=self._stamps is None):
            try:
                self._look()
                self._looked_at = time.monotonic()
            finally:
                self._lock.release()
        return self._catalog

    def knowing(self, endpoint: str) -> Catalog:
        """The catalogue; looked for anew where it does not know an endpoint that another process may have just seen."""
        catalog = self.current()
        return catalog if endpoint in catalog.mappings else self.current(JUST_NOW)

    def _look(self) -> None:
        before = self._stamps
        found = walk(self._folder, before)
        if before is None:
            self._take({}, found)
            reloads.tell(None, self._catalog)
        elif found != before:
            old, settled = self._catalog, _settled(self._folder, before, found)
            if settled != before:
                self._take(before, settled)
                reloads.tell(old, self._catalog)

    def _take(self, before: Stamps, found: Stamps) -> None:
        """Make the catalogue of these files; what may be half written still is looked at again."""
        old, stamps = self._catalog, dict(found)
        known = {one.file: one for one in old.mappings.values()}

        def read(path: Path) -> Mapping:
            mapping = known.get(str(path))
            if mapping and not any(before.get(one) != found.get(one) for one in mapping.sources):
                return mapping
            fresh = loader.load_file(path, KINDS, self._folder, self._country)
            if mapping is None or not _waits(mapping, fresh, found):
                return fresh
            for one in {*mapping.sources, *fresh.sources}:
                stamps[one] = before.get(one)
            return mapping

        accounts, findings = old.accounts, old.accounts_findings
        path = self._folder / loader.ACCOUNTS
        if before.get(str(path)) != found.get(str(path)):
            said, findings = read_accounts(path)
            accounts = accounts if is_broken(findings) else said
        self._catalog = loader.gather(self._folder, found, read, (dict(accounts), findings))
        self._stamps = stamps


def _settled(folder: Path, before: Stamps, found: Stamps) -> Stamps:
    """The files without the changes of those that are being written now."""
    if not any(_is_young(found.get(path), SETTLED) for path in changed(before, found)):
        return found
    time.sleep(SETTLED)
    again = walk(folder, before)
    moving = changed(found, again)
    kept = {path: before[path] for path in moving if path in before}
    return {path: one for path, one in again.items() if path not in moving} | kept


def _waits(old: Mapping, new: Mapping, found: Stamps) -> bool:
    """Whether a mapping stays as it was for a moment: its files change while they are read, or it has just broken.

    Then it may be half written, or one of the files that belong together.
    """
    moved = any(one in found and stamp(one) != found[one] for one in new.sources)
    breaks = new.is_broken and not old.is_broken
    return moved or (breaks and any(_is_young(found.get(one), MENDED) for one in new.sources if one in found))


def _is_young(known: Stamp | None, age: float) -> bool:
    """Whether a file changed less than so many seconds ago; one that is gone may be about to come back."""
    return known is None or time.time() - max(known[0], known[1]) / 1e9 < age
