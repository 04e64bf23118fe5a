from __future__ import annotations

from ingest import log
from ingest.inbox import Inbox
from ingest.inbox.releases import RELEASES
from ingest.mapping.records import Catalog

_logger = log.get()


class Mended:
    """Tries held deliveries again with versions of their mapping that they have not tried."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._seen: dict[str, str] = {}  # endpoint -> version
        self._done: Catalog | None = None  # of which all mappings are seen

    def look_again(self) -> None:
        """Ask of every mapping anew: another worker, with the old version still, may have held leads meanwhile."""
        self._seen, self._done = {}, None

    def release(self, catalog: Catalog) -> None:
        """Release what is held and has not tried its mapping as it is now. Raises StoreError."""
        if catalog is self._done:
            return
        new = {name: one.version for name, one in catalog.mappings.items() if self._seen.get(name) != one.version}
        held = self._inbox.held_endpoints() if new else []
        more = {one for one in held if one in new and self._release(one, new[one]) >= RELEASES}
        self._seen = {name: one.version for name, one in catalog.mappings.items() if name not in more}
        self._done = None if more else catalog

    def _release(self, endpoint: str, version: str) -> int:
        released = self._inbox.release_mended(endpoint, version)
        if released:
            _logger.info("held_tried_again", endpoint=endpoint, version=version, count=released)
        return released
