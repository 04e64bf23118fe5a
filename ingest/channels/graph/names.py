from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection

from ingest.channels.graph.client import BATCH
from ingest.channels.graph.leads import LeadSource
from ingest.errors import GraphError

KEEP = 24 * 3600.0  # seconds: names change seldom
AGAIN = 300.0  # seconds, where one could not be read


class NameBook:
    """What forms and pages are called: looked up once, many in a call, and kept for a day. Threads may share it.

    A lead never waits for a name: one that can't be had is done without.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by token: who comes second waits
        self._known: dict[str, tuple[float, str | None]] = {}

    def of(self, source: LeadSource, ids: Collection[str]) -> dict[str, str]:
        """The names of objects by their ids, as far as there are any."""
        with self._locks[source.access.token]:
            now = time.monotonic()
            unknown = [one for one in ids if self._known.get(one, (0.0, None))[0] <= now][:BATCH]
            for one, answer in source.names(unknown).items() if unknown else ():
                name = None if isinstance(answer, GraphError) else answer.get("name")
                good = isinstance(name, str) and bool(name.strip())
                self._known[one] = (now + (KEEP if good else AGAIN), name if good else None)
            found = {one: self._known[one][1] for one in ids if one in self._known}
            return {one: name for one, name in found.items() if name}
