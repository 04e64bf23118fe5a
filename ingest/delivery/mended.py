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

    def look_again(self) -> None:
        """Ask of every mapping anew: another worker, with the old version still, may have held leads meanwhile."""
        self._seen = {}

    def release(self, catalog: Catalog) -> None:
        """Release what is held and has not tried its mapping as it is now. Raises StoreError."""
        for endpoint, mapping in catalog.mappings.items():
            if self._seen.get(endpoint) == mapping.version:
                continue
            released = self._inbox.release_mended(endpoint, mapping.version)
            if released < RELEASES:  # else there are more
                self._seen[endpoint] = mapping.version
            if released:
                _logger.info("held_tried_again", endpoint=endpoint, version=mapping.version, count=released)
