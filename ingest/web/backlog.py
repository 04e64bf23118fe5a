from __future__ import annotations

import threading
import time

from ingest import log
from ingest.errors import Refusal, StoreError
from ingest.inbox import Inbox
from ingest.web.intakes import Endpoint

KEPT = 5.0  # seconds that what was counted is good for
COME_BACK = 60  # seconds, as told to senders

_NEVER = -KEPT


class Backlog:
    """Refuses leads of accounts for which too many wait already; but only those whose senders come again.

    Who finds the count too old counts anew; whoever comes meanwhile goes by what was known, and waits for nobody.
    """

    def __init__(self, inbox: Inbox, limit: int) -> None:
        """At most `limit` deliveries of an account wait; 0 is as many as may come."""
        self._inbox = inbox
        self._limit = limit
        self._known: dict[str, tuple[float, bool]] = {}  # account -> when it was counted, and whether it was too much
        self._lock = threading.Lock()

    def check(self, endpoint: Endpoint) -> None:
        """Raise Refusal 429 where the endpoint's account has too much to send, and its senders are patient."""
        if self._limit and endpoint.channel.patient and self._is_over(endpoint.account):
            raise Refusal(
                429,
                "too_much_waiting",
                f"More than {self._limit:,} messages wait to be sent already.",
                "Send it again later; nothing of it was kept. INGEST_MAX_WAITING sets the limit.",
                retry_after=COME_BACK,
            )

    def _is_over(self, account: str) -> bool:
        counted_at, over = self._known.get(account, (_NEVER, False))
        if time.monotonic() - counted_at < KEPT or not self._lock.acquire(blocking=False):
            return over
        try:
            over = self._count(account)
            self._known[account] = time.monotonic(), over
        finally:
            self._lock.release()
        return over

    def _count(self, account: str) -> bool:
        try:
            return self._inbox.waits_more_than(account, self._limit)
        except StoreError as error:  # whether the lead can be stored is for the store to say
            log.get().warning("backlog_not_counted", account=account, error=str(error))
            return False
