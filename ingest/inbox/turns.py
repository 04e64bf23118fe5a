"""A worker's turn: what came of requests, what goes no further, and what may leave now, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from ingest.inbox import brakes, campaigns, fanout, intents, limits, moves, paces
from ingest.inbox.brakes import Pause
from ingest.inbox.campaigns import Key, Said
from ingest.inbox.fanout import Fan
from ingest.inbox.intents import Grant, Intent
from ingest.inbox.moves import Changes, Move, State, attempt_row
from ingest.models import Attempt, Reason, Status, Verdict, utcnow

FAILURES = frozenset({Verdict.TRANSIENT, Verdict.AMBIGUOUS})
"""What tells nothing of the account, but that it had better be asked more slowly."""

COUNTED = frozenset({Verdict.SENT, Verdict.AMBIGUOUS})
"""What policies go on counting: the person has, or may have, the message."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a request: the delivery's next state, and what follows for its account and campaign."""

    id: str
    owner: str
    values: dict[str, Any]  # of its next state
    attempt: Attempt
    key: Key
    probe: bool = False  # it tried whether its paused account works again
    trial: bool = False  # it tried whether its paused campaign works again


@dataclass(frozen=True, slots=True)
class Turn:
    """All that a worker writes at once. Doing it again is harmless."""

    answers: Sequence[Settled] = ()
    moves: Sequence[Move] = ()
    further: Sequence[Fan] = ()  # more deliveries of leads that give several
    intents: Sequence[Intent] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """Of a turn's parts, in order: whether each happened, and which requests may leave."""

    answers: list[bool] = field(default_factory=list)
    moves: list[bool] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)


def take(connection: Connection, turns: Sequence[Turn]) -> list[Taken]:
    """Write turns."""
    fans = [one for turn in turns for one in turn.further]
    ids = {one.id for turn in turns for part in (turn.answers, turn.moves, turn.intents) for one in part}
    states = moves.lock(connection, ids | {one.delivery.id for one in fans} if fans else ids)
    changes = Changes()
    if fans:
        fanout.spread(connection, changes, states, fans)
    answers = [[_settle(changes, states, one) for one in turn.answers] for turn in turns]
    told = zip((one for turn in turns for one in turn.answers), (did for some in answers for did in some), strict=True)
    _follow(connection, [one for one, did in told if did])
    moved = [[moves.apply(changes, states, one) for one in turn.moves] for turn in turns]
    brakes.probe_again(connection, sorted({one.probe_of for turn in turns for one in turn.moves if one.probe_of}))
    wanted = [intent for turn in turns for intent in turn.intents]
    grants = iter(intents.grant(connection, changes, states, wanted) if wanted else [])
    changes.write(connection)
    return [
        Taken(settled, happened, [next(grants) for _ in turn.intents])
        for turn, settled, happened in zip(turns, answers, moved, strict=True)
    ]


def _settle(changes: Changes, states: dict[str, State], one: Settled) -> bool:
    """Note an answer. A late one, to an attempt that had been taken for ambiguous, still tells what became of it."""
    state = states.get(one.id)
    if state is None:
        return False
    attempt, values = _without_words(one) if state.erased else (one.attempt, one.values)
    changes.attempts.append(attempt_row(one.id, attempt))  # also where it changes nothing any more
    verdict = one.attempt.outcome.verdict
    ours = state.status == Status.SENDING and state.owner == one.owner
    held = (state.status, state.reason) == (Status.HELD, Reason.AMBIGUOUS) and verdict is not Verdict.AMBIGUOUS
    retried = (state.status, state.reason) == (Status.WAITING, Reason.RETRY) and verdict is Verdict.SENT
    if state.attempts != attempt.number or not (ours or ((held or retried) and state.owner is None)):
        return False
    changes.move(state, one.id, values)
    return True


def _without_words(one: Settled) -> tuple[Attempt, dict[str, Any]]:
    """An answer that came when its person had been forgotten: what it came to, and nothing that AiSensy wrote."""
    outcome = replace(one.attempt.outcome, message="", answer="", message_id=None)
    return replace(one.attempt, outcome=outcome), {**one.values, "error": None}


def _follow(connection: Connection, answers: Sequence[Settled]) -> None:
    """What answers mean for others: their account, their campaign, what policies count."""
    if not answers:
        return
    outcomes = [(one, one.attempt.outcome) for one in answers]
    for one, outcome in outcomes:
        if outcome.verdict is Verdict.ACCOUNT:
            pause = Pause(one.key.account, Reason.ACCOUNT_PAUSED, outcome.message, by_probe=one.probe)
            brakes.pause(connection, [pause])
        elif one.probe and outcome.verdict in FAILURES:
            brakes.probe_told_nothing(connection, one.key.account)
        elif one.probe:
            brakes.probe_passed(connection, one.key.account)
    said = [Said(one.key, outcome.verdict, outcome.message, one.trial) for one, outcome in outcomes]
    campaigns.count_answers(connection, said, utcnow())
    paces.count_failures(connection, [(one.key.account, outcome.verdict in FAILURES) for one, outcome in outcomes])
    limits.release(connection, [one.id for one, outcome in outcomes if outcome.verdict not in COUNTED])
