from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

from ingest import log
from ingest.channels import VENDORS
from ingest.delivery.crew import Crew
from ingest.inbox import Inbox
from ingest.models import utcnow
from ingest.recovery.reconciler import Reconciler

PURGE_EVERY = 600.0  # seconds, once there is nothing left to do
JUMP = 2.0  # seconds by which a clock may be put back without notice

_logger = log.get()


class Chores:
    """What workers do now and then, each of them, so that one is enough: ends, clocks, retention, reconciliation."""

    def __init__(self, inbox: Inbox, retention_days: int | None, reconciler: Reconciler) -> None:
        self._inbox = inbox
        self._keep = timedelta(days=retention_days) if retention_days else None
        self._ahead = float("inf")  # of the clock, to the monotonic one: the first look counts as a jump
        self._next_purge = 0.0
        self._reconciler = reconciler
        self._aside = Crew(1, "reconciliation")  # Meta may take its time
        self._erased_to = ""

    def do(self) -> None:
        """Do what is due, in small pieces. Raises StoreError."""
        self._watch_clock()
        since = self._reconciler.is_due()
        if since is not None:
            self._aside.do(partial(self._reconciler.run, since))
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

    def _watch_clock(self) -> None:
        ahead = time.time() - time.monotonic()
        if ahead < self._ahead - JUMP:
            count = self._inbox.set_right()
            if count:
                hint = "Leads that waited for a time in the future wait no longer than they should"
                _logger.warning("clock_was_put_back", count=count, hint=hint)
        self._ahead = ahead
