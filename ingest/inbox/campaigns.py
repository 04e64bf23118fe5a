"""The brakes of campaigns: what AiSensy refuses of one version of a mapping is not asked again lead by lead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, literal_column, null, or_, select, true, tuple_, update

from ingest.inbox.brakes import PROBE, growing, is_over
from ingest.inbox.prepared import Prepared
from ingest.inbox.tables import campaigns
from ingest.inbox.writes import CHUNK, insert
from ingest.log import mask_text
from ingest.models import Verdict

REFUSALS = 3
"""Refusals in a row that pause a campaign which had worked; one is enough where none was ever sent."""


class Key(NamedTuple):
    """What is paused: a campaign of an account, as one version of a mapping asks for it."""

    account: str
    campaign: str
    version: str


class Brakes:
    """The brakes of campaigns within one transaction: of those that are paused, till when and why."""

    def __init__(self, connection: Connection, now: datetime, paused: dict[Key, tuple[datetime, str]]) -> None:
        self._connection = connection
        self._now = now
        self._paused = paused

    def stops(self, key: Key) -> str | None:
        """Why requests of that campaign may not leave, or None."""
        until, message = self._paused.get(key, (self._now, ""))
        return None if is_over(until, self._now) else f"AiSensy refused this campaign before: {message}"

    def tries(self, key: Key) -> bool:
        """Whether the request that leaves now tries whether its campaign's pause may end; no other does meanwhile."""
        if key not in self._paused:
            return False
        until = self._now + PROBE
        self._connection.execute(update(campaigns).where(*_is(key)).values(until=until))
        self._paused[key] = until, self._paused[key][1]
        return True


@dataclass(frozen=True, slots=True)
class Said:
    """What AiSensy said to a request of a campaign; `trial` where it tried whether its pause may end."""

    key: Key
    verdict: Verdict
    message: str
    trial: bool = False


def count_answers(connection: Connection, answers: Sequence[Said], now: datetime) -> None:
    """Count what AiSensy said of campaigns: one request that is sent opens its campaign, refusals pause it."""
    by_key: dict[Key, list[Said]] = defaultdict(list)
    for one in answers:
        if one.key.campaign and one.verdict in {Verdict.SENT, Verdict.CAMPAIGN}:
            by_key[one.key].append(one)
    refused = {key for key, said in by_key.items() if any(one.verdict is Verdict.CAMPAIGN for one in said)}
    worked = sorted(set(by_key) - refused)
    if worked:
        _WORKED.run(connection, worked)
    rows = known(connection, refused) if refused else {}
    for key in sorted(refused):
        after = _counted(rows.get(key), by_key[key], now)
        upsert = insert(connection, campaigns).values(**key._asdict(), **after)
        connection.execute(upsert.on_conflict_do_update(index_elements=list(Key._fields), set_=after))


def open_again(connection: Connection, account: str, names: Iterable[str] | None = None) -> None:
    """Let a person try an account's campaigns again, all or some."""
    mine = campaigns.c.account == account
    if names is not None:
        mine &= campaigns.c.campaign.in_(list(names))
    connection.execute(update(campaigns).where(mine, campaigns.c.until.is_not(None)).values(until=None, refusals=0))


def known(connection: Connection, keys: Iterable[Key]) -> dict[Key, Row[Any]]:
    """The rows of campaigns, of those that have one."""
    wanted = sorted(set(keys))
    found: dict[Key, Row[Any]] = {}
    for start in range(0, len(wanted), CHUNK):
        columns = tuple_(*(campaigns.c[name] for name in Key._fields))
        query = select(campaigns).where(columns.in_(wanted[start : start + CHUNK]))
        found |= {Key(row.account, row.campaign, row.version): row for row in connection.execute(query)}
    return found


def _counted(before: Row[Any] | None, said: list[Said], now: datetime) -> dict[str, Any]:
    new: dict[str, Any] = {"sent": False, "refusals": 0, "message": None, "until": None, "pauses": 0}
    if before is not None:
        new = {name: getattr(before, name) for name in new}
    for one in said:
        if one.verdict is Verdict.SENT:
            new = {"sent": True, "refusals": 0, "message": None, "until": None, "pauses": 0}
            continue
        new |= {"refusals": new["refusals"] + 1, "message": mask_text(one.message)}
        if one.trial or (new["until"] is None and (not new["sent"] or new["refusals"] >= REFUSALS)):
            new |= {"pauses": new["pauses"] + 1, "until": now + growing(new["pauses"])}
    return new


def _is(key: Key) -> tuple[Any, ...]:
    return tuple(campaigns.c[name] == value for name, value in key._asdict().items())


def due(connection: Connection, version: str, now: datetime) -> list[Key]:
    """The campaigns of a mapping's version whose pause is over, so that one of their leads may try."""
    query = select(campaigns).where(campaigns.c.version == version, campaigns.c.until <= now)
    return [Key(row.account, row.campaign, row.version) for row in connection.execute(query)]


def _open(connection: Connection) -> Any:
    row: dict[str, Any] = {name: bindparam(name) for name in Key._fields}
    upsert = insert(connection, campaigns).values(**row, **_OPEN)
    news = or_(campaigns.c.sent.is_(False), campaigns.c.refusals > _ZERO, campaigns.c.until.is_not(None))
    return upsert.on_conflict_do_update(index_elements=list(Key._fields), set_=_OPEN, where=news)


_ZERO: Any = literal_column("0")
_OPEN = {"sent": true(), "refusals": _ZERO, "message": null(), "until": null(), "pauses": _ZERO}
_WORKED = Prepared(_open, *Key._fields)
