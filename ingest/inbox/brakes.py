"""The brakes of accounts: put on, tried by a probe, taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from ingest.inbox.bell import notify
from ingest.inbox.tables import accounts
from ingest.inbox.writes import insert
from ingest.log import mask_text
from ingest.models import Reason, utcnow

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
PROBE = timedelta(seconds=60)  # how long a paused account's one probe may be under way


@dataclass(frozen=True, slots=True)
class Pause:
    """A brake on an account: `account_paused` lets a probe through after a growing pause, `no_key` waits for the key.

    `by_probe` tells that the probe found it no better; `by_hand` that a person wants it, until a person resumes it.
    """

    account: str
    reason: Reason
    message: str
    by_probe: bool = False
    by_hand: bool = False


def growing(pauses: int) -> timedelta:
    """How long the next pause is after so many in a row."""
    return min(FIRST_PAUSE * int(2 ** min(pauses, 10)), LONGEST_PAUSE)


def is_over(until: datetime, now: datetime) -> bool:
    """Whether a pause is over. One that is longer than any was told by a clock that has been put back since."""
    return until <= now or until > now + LONGEST_PAUSE


def probes(connection: Connection, account: str, now: datetime) -> int:
    """How many leads of a paused account may leave: one when its pause is over, and none until that one is through."""
    ours = connection.execute(
        update(accounts)
        .where(accounts.c.name == account, or_(accounts.c.until <= now, accounts.c.until > now + LONGEST_PAUSE))
        .values(until=now + PROBE)
    )
    return ours.rowcount


def pause(connection: Connection, pauses: Sequence[Pause]) -> list[None]:
    """Put on an account's brake, for all processes.

    Late answers of requests under way do not lengthen a pause, and nothing but a person changes what a person wants.
    """
    now = utcnow()
    for one in pauses:
        old = connection.execute(select(accounts).where(accounts.c.name == one.account)).one_or_none()
        if old is not None and not one.by_hand and not (one.by_probe and old.until):
            continue
        count = 1 + (old.pauses if old else 0)
        waits = one.by_hand or one.reason == Reason.NO_KEY
        values = {
            "reason": one.reason,
            "message": mask_text(one.message),
            "until": None if waits else now + growing(count - 1),
            "pauses": count,
            "updated_at": now,
        }
        upsert = insert(connection, accounts).values(name=one.account, **values)
        still = None if one.by_hand else accounts.c.until.is_not(None)  # a person's pause may have come meanwhile
        connection.execute(upsert.on_conflict_do_update(index_elements=["name"], set_=values, where=still))
    return [None] * len(pauses)


def probe_again(connection: Connection, names: Sequence[str]) -> None:
    """Let another probe through at once: the last one was never sent."""
    if names:
        brake = update(accounts).where(accounts.c.name.in_(names), accounts.c.until.is_not(None))
        connection.execute(brake.values(until=utcnow()))


def probe_told_nothing(connection: Connection, name: str) -> None:
    """Let another probe through after as long a pause as before: the last one failed for a while."""
    brake = accounts.c.name == name, accounts.c.until.is_not(None)
    old = connection.execute(select(accounts).where(*brake)).one_or_none()
    if old is not None:
        until = utcnow() + growing(max(old.pauses - 1, 0))
        connection.execute(update(accounts).where(*brake, accounts.c.until == old.until).values(until=until))


def probe_passed(connection: Connection, name: str) -> None:
    """Take an account's brake off, because its probe got through; a person's pause stays."""
    connection.execute(delete(accounts).where(accounts.c.name == name, accounts.c.until.is_not(None)))
    notify(connection)


def resume_by_hand(connection: Connection, names: Sequence[str]) -> list[bool]:
    """Take an account's brake off, but one that waits for a key; tells of each whether it had one."""
    brake = delete(accounts).where(accounts.c.reason != Reason.NO_KEY)
    had = [connection.execute(brake.where(accounts.c.name == name)).rowcount == 1 for name in names]
    notify(connection)
    return had


def resume(connection: Connection, names: Sequence[str]) -> list[bool]:
    """Take an account's brake off, and those of its campaigns; tells of each whether it had one."""
    had = [connection.execute(delete(accounts).where(accounts.c.name == name)).rowcount == 1 for name in names]
    notify(connection)
    return had
