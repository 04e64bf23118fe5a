"""What lets deliveries go on that wait: a mended mapping, a campaign that works again, a clock that was put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select, update

from ingest.inbox import campaigns as campaign_brakes
from ingest.inbox.claims import LEASE
from ingest.inbox.tables import CLAIMABLE, HELD, campaigns, deliveries
from ingest.models import Reason, Status, utcnow

REJECTED = Reason.CAMPAIGN_REJECTED
RELEASES = 500
"""How many held deliveries one transaction releases at the most."""

RELEASED = {"status": Status.PENDING, "reason": None, "error": None}


def release_mended(connection: Connection, versions: Sequence[tuple[str, str, tuple[Reason, ...]]]) -> list[int]:
    """Try some held deliveries of an endpoint again with a version of its mapping that was not found wanting for them.

    What a broken mapping held is tried with any other version. Those of a campaign that is paused for the version stay,
    but for one where the pause is over.
    """
    return [_release(connection, *one) + _try_campaigns(connection, one[0], one[1]) for one in versions]


def held_endpoints(connection: Connection) -> Iterator[str]:
    """The endpoints that have held deliveries, by hops over the index."""
    last = ""
    while True:
        query = select(func.min(deliveries.c.endpoint)).where(HELD, deliveries.c.endpoint > last)
        found = connection.execute(query).scalar()
        if found is None:
            return
        last = found
        yield found


def _release(connection: Connection, endpoint: str, version: str, reasons: tuple[Reason, ...]) -> int:
    paused = exists().where(
        campaigns.c.account == deliveries.c.account,
        campaigns.c.campaign == deliveries.c.campaign,
        campaigns.c.version == version,
        campaigns.c.until.is_not(None),
    )
    broken = deliveries.c.reason == Reason.MAPPING_BROKEN
    other_version = or_(deliveries.c.version.is_(None), deliveries.c.version != version)
    wanted = or_(
        and_(broken, other_version),
        and_(
            deliveries.c.reason.in_([one for one in reasons if one is not Reason.MAPPING_BROKEN]),
            _untried(connection, version),
            or_(deliveries.c.reason != REJECTED, ~paused),
        ),
    )
    some = select(deliveries.c.id).where(HELD, deliveries.c.endpoint == endpoint, wanted).limit(RELEASES)
    free = update(deliveries).where(deliveries.c.id.in_(some.scalar_subquery()), deliveries.c.status == Status.HELD)
    return connection.execute(free.values(**RELEASED, due_at=utcnow(), updated_at=utcnow())).rowcount


def _try_campaigns(connection: Connection, endpoint: str, version: str) -> int:
    """Let one held delivery of each campaign whose pause is over try it."""
    tried = 0
    for key in campaign_brakes.due(connection, version, utcnow()):
        mine = (deliveries.c.account == key.account, deliveries.c.campaign == key.campaign)
        held = (HELD, deliveries.c.endpoint == endpoint, deliveries.c.reason == REJECTED, _untried(connection, version))
        one = select(deliveries.c.id).where(*held, *mine).limit(1)
        still = (deliveries.c.id.in_(one.scalar_subquery()), deliveries.c.status == Status.HELD)
        change = update(deliveries).where(*still).values(**RELEASED, due_at=utcnow(), updated_at=utcnow())
        tried += connection.execute(change).rowcount
    return tried


def _untried(connection: Connection, version: str) -> Any:
    find = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return find(deliveries.c.tried, version) == 0


def hurry(connection: Connection, asked: Sequence[None]) -> list[int]:
    """Have all leads asked for now that Meta did not give."""
    waits = and_(CLAIMABLE, deliveries.c.status == Status.WAITING, deliveries.c.reason == Reason.LEAD_UNAVAILABLE)
    free = and_(waits, deliveries.c.owner.is_(None))
    count = connection.execute(update(deliveries).where(free).values(due_at=utcnow())).rowcount
    return [count] * len(asked)


def set_right(connection: Connection, asked: Sequence[None]) -> list[int]:
    """After the clock was put back: what was written by the later clock is due as long from now as it was then."""
    now = utcnow()
    ahead = connection.execute(
        select(deliveries.c.id, deliveries.c.due_at, deliveries.c.updated_at)
        .where(CLAIMABLE, deliveries.c.updated_at > now + timedelta(seconds=1))
        .with_for_update(skip_locked=True)
    ).all()
    for row in ahead:
        due_at = now + max(row.due_at - row.updated_at, timedelta(0))
        connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(due_at=due_at, updated_at=now))
    leases = update(deliveries).where(deliveries.c.owner.is_not(None), deliveries.c.due_at > now + LEASE)
    connection.execute(leases.values(due_at=now + LEASE))
    return [len(ahead)] * len(asked)
