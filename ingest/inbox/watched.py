"""What is not as it should be: kept from one look to the next, and over restarts, so that each is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from sqlalchemy import Column, Connection, PrimaryKeyConstraint, Table, Text, delete, select

from ingest.inbox.tables import Moment, metadata
from ingest.inbox.writes import insert
from ingest.models import utcnow

watched = Table(
    "watched",
    metadata,
    Column("area", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # warning | fault
    Column("message", Text, nullable=False),
    Column("mend", Text, nullable=False),
    Column("since", Moment, nullable=False),  # when it was first found
    PrimaryKeyConstraint("area", "subject", "code"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Watched:
    """Something that is not as it should be, and what mends it."""

    area: str
    subject: str
    code: str
    verdict: str  # warning | fault
    message: str
    mend: str
    since: datetime = field(default_factory=utcnow)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same as one that was found before."""
        return self.area, self.subject, self.code


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and the subjects that nobody could be asked about: of those all stays as it was."""

    found: Sequence[Watched]
    unasked: frozenset[tuple[str, str]] = frozenset()  # area and subject


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told now: what is new or has changed, and what is found no more."""

    new: list[Watched]
    ended: list[Watched]


def settle(connection: Connection, looks: Sequence[Look]) -> list[Told]:
    """Keep what each look found, in place of what was found before."""
    return [_settle(connection, look) for look in looks]


def standing(connection: Connection) -> list[Watched]:
    """All that was found last, the oldest first."""
    rows = connection.execute(select(watched).order_by(watched.c.since, watched.c.area, watched.c.subject)).all()
    return [Watched(**row._mapping) for row in rows]


def _settle(connection: Connection, look: Look) -> Told:
    before = {one.key: one for one in standing(connection)}
    found = {one.key: one for one in look.found}
    ended = [one for key, one in before.items() if key not in found and key[:2] not in look.unasked]
    new = [one for key, one in found.items() if key not in before or _differs(one, before[key])]
    for one in ended:
        mine = (watched.c.area == one.area, watched.c.subject == one.subject, watched.c.code == one.code)
        connection.execute(delete(watched).where(*mine))
    for one in new:
        since = before[one.key].since if one.key in before else one.since
        values = asdict(replace(one, since=since))
        upsert = insert(connection, watched).values(values)
        connection.execute(upsert.on_conflict_do_update(index_elements=["area", "subject", "code"], set_=values))
    return Told(new, ended)


def _differs(one: Watched, other: Watched) -> bool:
    return (one.verdict, one.message) != (other.verdict, other.message)
