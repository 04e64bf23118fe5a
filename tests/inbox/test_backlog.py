from __future__ import annotations

from datetime import timedelta

from ingest.inbox import Inbox
from ingest.models import Reason, Status, utcnow
from tests.inbox.helpers import event, post, rows, set_all, set_one


def test_only_what_waits_to_be_sent_counts_and_only_of_one_account(inbox: Inbox) -> None:
    """What is held, sent or another account's is no backlog."""
    post(inbox, *(event() for _ in range(3)), *(event(account="acme") for _ in range(5)))
    assert inbox.waits_more_than("default", 2)
    assert not inbox.waits_more_than("default", 3)
    assert inbox.waits_more_than("acme", 4)
    assert not inbox.waits_more_than("nobody", 0)
    first, *_ = (row.id for row in rows(inbox) if row.account == "default")
    set_one(inbox, first, status=Status.HELD, reason=Reason.NO_ROUTE, due_at=None)
    assert not inbox.waits_more_than("default", 2)


def test_what_waits_for_a_time_counts_too(inbox: Inbox) -> None:
    """Retries and quiet hours are still to be sent."""
    post(inbox, event())
    set_all(inbox, status=Status.WAITING, reason=Reason.QUIET_HOURS, due_at=utcnow() + timedelta(hours=8))
    assert inbox.waits_more_than("default", 0)
