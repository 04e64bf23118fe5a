"""What people do with deliveries and accounts: replay, discard, resume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from ingest.inbox import brakes, campaigns
from ingest.inbox.moves import Changes, State, lock
from ingest.inbox.tables import deliveries
from ingest.models import WAIVABLE, Reason, Status, utcnow

DISCARDABLE = frozenset({Status.PENDING, Status.WAITING, Status.HELD, Status.FAILED})
REPLAYABLE = frozenset({Status.HELD, Status.FAILED, Status.SKIPPED, Status.WAITING})
DISCARDED = {"status": Status.SKIPPED, "reason": Reason.DISCARDED, "error": None, "due_at": None, "owner": None}


def replay(connection: Connection, batches: Sequence[tuple[Sequence[str], bool]]) -> list[int]:
    """Try deliveries anew, from their translation on; of each batch also those that were sent, where it says so.

    Tells of each batch how many are tried.
    """
    states, changes = lock(connection, (one for ids, _ in batches for one in ids)), Changes()
    counts = []
    for ids, again in batches:
        allowed = REPLAYABLE | {Status.SENT} if again else REPLAYABLE
        mine = [one for one in ids if one in states and _may_be_replayed(states[one], allowed)]
        for one in mine:
            state = states[one]
            reason = Reason(state.reason) if state.reason else None
            waived = {"waived": f"{state.waived} {reason}".strip()} if reason in WAIVABLE else {}
            changes.move(state, one, _anew(state.attempts) | waived)
        counts.append(len(mine))
        _open_campaigns(connection, mine)
    changes.write(connection)
    return counts


def discard(connection: Connection, batches: Sequence[Sequence[str]]) -> list[int]:
    """Give deliveries up that are not sent; tells of each batch how many."""
    states, changes = lock(connection, (one for ids in batches for one in ids)), Changes()
    counts = []
    for ids in batches:
        mine = [one for one in ids if one in states and states[one].status in DISCARDABLE]
        for one in mine:
            changes.move(states[one], one, DISCARDED)
        counts.append(len(mine))
    changes.write(connection)
    return counts


def resume(connection: Connection, names: Sequence[str]) -> list[bool]:
    """Take accounts' brakes off, and those of their campaigns; tells of each account whether it had one."""
    had = brakes.resume_by_hand(connection, names)
    for name in names:
        campaigns.open_again(connection, name)
    return had


def _may_be_replayed(state: State, allowed: frozenset[Status]) -> bool:
    return state.status in allowed and state.owner is None and not state.erased


def _anew(attempts: int) -> dict[str, Any]:
    return {
        "status": Status.PENDING,
        "reason": None,
        "error": None,
        "due_at": utcnow(),
        "round": attempts,
        "fetches": 0,
    }


def _open_campaigns(connection: Connection, ids: Sequence[str]) -> None:
    query = select(deliveries.c.account, deliveries.c.campaign).where(
        deliveries.c.id.in_(ids), deliveries.c.reason == Reason.CAMPAIGN_REJECTED
    )
    for account, campaign in connection.execute(query.distinct()).all():
        campaigns.open_again(connection, account, [campaign])
