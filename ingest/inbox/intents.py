"""Which requests may leave: decided in the transaction that writes `sending`, so that no two processes decide alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ingest.inbox import brakes, paces
from ingest.inbox.campaigns import Brakes, Key
from ingest.inbox.limits import Counts, Limit
from ingest.inbox.moves import Changes, State, given_back
from ingest.inbox.paces import PATIENT_FAILURES, UNBOUND, Pace
from ingest.inbox.prepared import Query, moment
from ingest.models import Reason, Status, utcnow


@dataclass(frozen=True, slots=True)
class Intent:
    """A translated delivery that its worker wants to send, and what the mapping's policy asks of it."""

    id: str
    before: Status
    owner: str
    number: int  # of the attempt
    key: Key
    kept: dict[str, Any]  # what the store keeps of the translation
    event_id: str
    event: dict[str, Any] = field(default_factory=dict)
    person: str = ""  # a keyed hash of the number
    on_timeout: str = "hold"
    too_old: str | None = None  # why it is, where it is
    limits: tuple[Limit, ...] = ()
    quiet_until: datetime | None = None
    pace: Pace = UNBOUND
    probe: bool = False
    unsure: bool = False  # a turn with it was lost: nobody knows whether it was committed; its request has not left


@dataclass(frozen=True, slots=True)
class Grant:
    """What became of an intent: it may go; or it has another state, or another owner; or it asks again at a time."""

    go: bool
    values: dict[str, Any] = field(default_factory=dict)  # of its new state, where it has one
    again_at: datetime | None = None  # it stays with its worker till then
    trial: bool = False  # it tries whether its paused campaign works again


LOST = Grant(go=False)
SAID = {
    Reason.OPTED_OUT: "The person asked for no messages",
    Reason.DUPLICATE: "The same message was sent within the time that policy.duplicate names",
    Reason.CAP_REACHED: "The person has had as many messages as policy.cap allows",
}


def grant(connection: Connection, changes: Changes, states: dict[str, State], wanted: Sequence[Intent]) -> list[Grant]:
    """Decide on intents, in order; what they come to is noted among the changes.

    The order of policies is that of design.md: opt-out, max_age, duplicate, cap, quiet hours; then campaign and pace.
    """
    return _Desk(connection, changes, states, wanted).decide(wanted)


class _Desk:
    """What deciding needs to know, asked of the store once for all intents."""

    def __init__(
        self, connection: Connection, changes: Changes, states: dict[str, State], wanted: Sequence[Intent]
    ) -> None:
        self._connection = connection
        self._changes = changes
        self._states = states
        self._now = utcnow()
        known = _KNOWN.rows(connection, sorted({one.person for one in wanted if one.person}))
        self._paused = {row.name for row in known if row.kind == "paused account"}
        self._opted_out = {row.name for row in known if row.kind == "opted out"}
        paused = {
            Key(row.name, row.campaign, row.version): (moment(row.until), row.message)
            for row in known
            if row.kind == "paused campaign"
        }
        self._counts = Counts(connection, (limit for one in wanted for limit in one.limits), self._now)
        self._brakes = Brakes(connection, self._now, paused)
        slowed = {row.name for row in known if row.kind == "slow account"}
        self._allowed = paces.allow(connection, {one.key.account: one.pace for one in wanted}, slowed, self._now)

    def decide(self, wanted: Sequence[Intent]) -> list[Grant]:
        """Each intent's grant."""
        grants = [self._decide(one) for one in wanted]
        self._counts.write()
        paces.keep(self._connection, self._allowed)
        unused = sorted({one.key.account for one, got in zip(wanted, grants, strict=True) if _wasted(one, got)})
        brakes.probe_again(self._connection, unused)
        return grants

    def _decide(self, one: Intent) -> Grant:
        state = self._states.get(one.id)
        if state is None or state.owner != one.owner:
            return LOST
        written = one.unsure and state.status == Status.SENDING and state.attempts == one.number
        if not written and state.status != one.before:
            return LOST
        if written:
            return self._go(one, state)
        if one.key.account in self._paused and not one.probe:
            lane = {"account": one.key.account, "lane": one.key.account}
            return self._move(one, state, {**lane, **given_back(self._now)})
        values = self._refused(one)
        if values is not None:
            return self._move(one, state, {**one.kept, "owner": None, **values})
        allowance = self._allowed.get(one.key.account)
        again_at = allowance.take(self._now) if allowance else None
        return Grant(go=False, again_at=again_at) if again_at else self._go(one, state)

    def _refused(self, one: Intent) -> dict[str, Any] | None:
        """The state of an intent that goes no further, or None."""
        if one.person in self._opted_out:
            return _skipped(Reason.OPTED_OUT)
        if one.too_old is not None:
            return {"status": Status.HELD, "reason": Reason.TOO_OLD, "error": one.too_old, "due_at": None}
        reached = self._counts.reached(one.id, one.limits)
        if reached is not None:
            return _skipped(reached)
        if one.quiet_until is not None:
            values = {"status": Status.WAITING, "reason": Reason.QUIET_HOURS, "error": None}
            return {**values, "due_at": one.quiet_until}
        stopped = self._brakes.stops(one.key)
        if stopped is not None:  # without a request: once the campaign works it goes out by itself
            held = {"status": Status.HELD, "reason": Reason.CAMPAIGN_REJECTED, "due_at": None}
            return {**held, "error": stopped}
        return None

    def _move(self, one: Intent, state: State, values: dict[str, Any]) -> Grant:
        self._changes.move(state, one.id, values)
        if one.event:
            self._changes.events.append((one.event_id, one.event))
        return Grant(go=False, values=values)

    def _go(self, one: Intent, state: State) -> Grant:
        self._counts.claim(one.id, one.limits)
        values = {
            **one.kept,
            "status": Status.SENDING,
            "reason": None,
            "error": None,
            "attempts": one.number,
            "on_timeout": one.on_timeout,
        }
        self._changes.move(state, one.id, values)
        if one.event:
            self._changes.events.append((one.event_id, one.event))
        return Grant(go=True, trial=self._brakes.tries(one.key))


def _wasted(one: Intent, got: Grant) -> bool:
    """Whether a paused account's probe came to nothing, so that another lead has to try."""
    return one.probe and not got.go and got.again_at is None


def _skipped(reason: Reason) -> dict[str, Any]:
    return {"status": Status.SKIPPED, "reason": reason, "error": SAID[reason], "due_at": None}


_KNOWN = Query(  # one question, because each is a round trip
    "SELECT 'paused account' AS kind, name, '' AS campaign, '' AS version, NULL AS until, NULL AS message"  # noqa: S608 - a number of ours
    " FROM accounts WHERE reason IS NOT NULL"
    " UNION ALL SELECT 'paused campaign', account, campaign, version, until, message"
    " FROM campaigns WHERE until IS NOT NULL"
    f" UNION ALL SELECT 'slow account', account, '', '', NULL, NULL FROM paces WHERE failures >= {PATIENT_FAILURES}"
    " UNION ALL SELECT 'opted out', person, '', '', NULL, NULL FROM optouts WHERE person {among}"
)
