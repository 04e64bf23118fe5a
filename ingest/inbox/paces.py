"""How fast an account's requests leave, for all processes: a pace that is set, and a slower one while AiSensy fails.

The generic cell rate algorithm: `next_at` is when the next request may leave, moved on by each that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, literal_column, select, update

from ingest.inbox.prepared import Prepared
from ingest.inbox.tables import deliveries, paces
from ingest.inbox.writes import insert
from ingest.models import Status

TOLERANCE = 0.04  # seconds by which a request may be early, so that a quick pace needs no turn for each
PATIENT_FAILURES = 3  # transient ones in a row, and the account is slowed down
FIRST_GAP = 0.1  # seconds between requests then, doubled by each further failure
LONGEST_GAP = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an account may send, all processes together; none is as fast as it goes."""

    rate: float | None = None  # requests a second
    in_flight: int | None = None  # requests under way


UNBOUND = Pace()


@dataclass(slots=True)
class Allowance:
    """What one transaction may let go of an account's requests."""

    gap: float  # seconds between requests; 0 is none
    next_at: float  # seconds since 1970
    room: int | None  # requests that may yet be under way
    used: int = 0

    def take(self, now: datetime) -> datetime | None:
        """Let one request go; or the time at which to ask again."""
        clock = now.timestamp()
        if self.room is not None and self.used >= self.room:
            return now + timedelta(seconds=max(self.gap, 0.05))
        if self.gap:
            if self.next_at - clock >= TOLERANCE:
                return datetime.fromtimestamp(self.next_at, UTC)
            self.next_at = max(self.next_at, clock) + self.gap
        self.used += 1
        return None


def allow(connection: Connection, wanted: dict[str, Pace], slowed: set[str], now: datetime) -> dict[str, Allowance]:
    """The allowances of accounts; those that are slowed down or paced stay locked until the transaction ends."""
    braked = sorted((slowed & wanted.keys()) | {name for name, pace in wanted.items() if pace.rate or pace.in_flight})
    if not braked:
        return {}
    fresh = [{"account": name, "next_at": 0, "failures": 0} for name in braked]
    connection.execute(insert(connection, paces).on_conflict_do_nothing(), fresh)
    query = select(paces).where(paces.c.account.in_(braked)).order_by(paces.c.account).with_for_update()
    found: dict[str, Allowance] = {}
    for row in connection.execute(query).all():
        pace = wanted[row.account]
        gap = max(1 / pace.rate if pace.rate else 0.0, _slowness(row.failures))
        room = None if pace.in_flight is None else pace.in_flight - _under_way(connection, row.account)
        # A clock that was put back must not stop an account for as long.
        next_at = min(row.next_at / 1e6, now.timestamp() + max(gap, TOLERANCE))
        found[row.account] = Allowance(gap, next_at, room)
    return found


def keep(connection: Connection, allowances: dict[str, Allowance]) -> None:
    """Write what was let go."""
    for account, one in allowances.items():
        if one.used and one.gap:
            moved = update(paces).where(paces.c.account == account).values(next_at=int(one.next_at * 1e6))
            connection.execute(moved)


def count_failures(connection: Connection, answers: Sequence[tuple[str, bool]]) -> None:
    """Count answers, account and whether it failed for a while: failures in a row slow the account down."""
    last: dict[str, int | None] = {}  # failures to be added; None: back to none, and then added
    for account, failed in answers:
        last[account] = (last.get(account) or 0) + 1 if failed else None
    calm = sorted({account for account, failed in answers if not failed})
    if calm:
        _CALM.run(connection, [(account,) for account in calm])
    for account, count in sorted(last.items()):
        if count:
            row = insert(connection, paces).values(account=account, next_at=0, failures=count)
            more = {"failures": paces.c.failures + count}
            connection.execute(row.on_conflict_do_update(index_elements=["account"], set_=more))


def _slowness(failures: int) -> float:
    if failures < PATIENT_FAILURES:
        return 0.0
    return float(min(FIRST_GAP * 2 ** min(failures - PATIENT_FAILURES, 10), LONGEST_GAP))


def _under_way(connection: Connection, account: str) -> int:
    query = select(func.count()).where(
        deliveries.c.owner.is_not(None), deliveries.c.status == Status.SENDING, deliveries.c.account == account
    )
    return int(connection.execute(query).scalar_one())


_CALM = Prepared(
    lambda _: (
        update(paces)
        .values(failures=literal_column("0"))
        .where(paces.c.account == bindparam("name"), paces.c.failures > literal_column("0"))
    ),
    "name",
)
