from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

from ingest import log
from ingest.catalog import LiveCatalog
from ingest.channels import VENDORS
from ingest.delivery.crew import Crew
from ingest.health.watch import Watch
from ingest.inbox import Inbox
from ingest.intake.endpoints import Intakes
from ingest.models import utcnow
from ingest.recovery.reconciler import reconciler
from ingest.settings import Settings

PURGE_EVERY = 600.0  # seconds, once there is nothing left to do
WATCH_EVERY = 60.0  # seconds between two questions whether the watch is due
JUMP = 2.0  # seconds by which a clock may be put back without notice

_logger = log.get()


class Chores:
    """What workers do now and then, each of them, so that one is enough: ends, clocks, retention, asking Meta."""

    def __init__(self, settings: Settings, inbox: Inbox, live: LiveCatalog) -> None:
        self._inbox = inbox
        self._keep = timedelta(days=settings.retention_days) if settings.retention_days else None
        self._ahead = float("inf")  # of the clock, to the monotonic one: the first look counts as a jump
        self._next_purge = 0.0
        self._reconciler = reconciler(settings, inbox, Intakes(live.current, inbox, settings.secrets))
        self._watch = Watch(settings, inbox, live)
        self._next_watch = 0.0
        self._aside = Crew(2, "aside")  # Meta may take its time, and neither waits for the other
        self._erased_to = ""

    def do(self) -> None:
        """Do what is due, in small pieces. Raises StoreError."""
        self._watch_clock()
        self._ask_meta()
        ended = self._inbox.sweep()
        if ended:
            _logger.warning("sending_ended", count=ended, hint="Workers died while they sent; see reason ambiguous")
        if time.monotonic() >= self._next_purge:
            done = self._inbox.purge()
            if self._keep:
                erased = self._inbox.anonymise(utcnow() - self._keep, VENDORS, self._erased_to)
                self._erased_to = erased[-1] if erased else ""  # what waited meanwhile is looked at next time
                done += len(erased)
            self._next_purge = 0.0 if done else time.monotonic() + PURGE_EVERY

    def _ask_meta(self) -> None:
        since = self._reconciler.is_due()
        if since is not None:
            self._aside.do(partial(self._reconciler.run, since))
        if time.monotonic() >= self._next_watch:
            self._next_watch = time.monotonic() + WATCH_EVERY
            if self._watch.is_due():
                self._aside.do(self._watch.run)

    def _watch_clock(self) -> None:
        ahead = time.time() - time.monotonic()
        if ahead < self._ahead - JUMP:
            count = self._inbox.set_right()
            if count:
                hint = "Leads that waited for a time in the future wait no longer than they should"
                _logger.warning("clock_was_put_back", count=count, hint=hint)
        self._ahead = ahead
