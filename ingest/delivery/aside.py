from __future__ import annotations

import time
from functools import partial

from ingest.catalog import LiveCatalog
from ingest.delivery.crew import Crew
from ingest.health.watch import Watch
from ingest.inbox import Inbox
from ingest.intake.endpoints import Intakes
from ingest.recovery.reconciler import reconciler
from ingest.settings import Settings

LOOK_AGAIN = 60.0  # seconds between two questions whether the watch is due


class Aside:
    """What one worker of all does now and then, and what asks Meta: in a thread of its own, that nothing waits for."""

    def __init__(self, settings: Settings, inbox: Inbox, live: LiveCatalog) -> None:
        self._reconciler = reconciler(settings, inbox, Intakes(live.current, inbox, settings.secrets))
        self._watch = Watch(settings, inbox, live)
        self._crew = Crew(1, "aside")
        self._next_watch = 0.0

    def do(self) -> None:
        """Begin what is due. Raises StoreError."""
        since = self._reconciler.is_due()
        if since is not None:
            self._crew.do(partial(self._reconciler.run, since))
        if time.monotonic() >= self._next_watch:
            self._next_watch = time.monotonic() + LOOK_AGAIN
            if self._watch.is_due():
                self._crew.do(self._watch.run)
