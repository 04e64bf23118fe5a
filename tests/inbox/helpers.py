from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Table, select, update

from ingest.delivery import retry
from ingest.ids import new_id
from ingest.inbox import Inbox
from ingest.inbox.campaigns import Key
from ingest.inbox.claims import Want
from ingest.inbox.intents import Grant, Intent
from ingest.inbox.moves import Move
from ingest.inbox.tables import deliveries
from ingest.inbox.turns import Settled, Turn
from ingest.models import Attempt, Delivery, Event, Identity, Outcome, Reason, Status, Verdict, utcnow

T = TypeVar("T")
PATIENCE = 30.0
FRESH = multiprocessing.get_context("forkserver")
"""Processes that inherit nothing from ours, as those of users; what they all import is loaded once."""
FRESH.set_forkserver_preload([__name__])


def event(external_id: str | None = None, *sources: str, expires_in: timedelta | None = None, **values: Any) -> Event:
    """An event as a channel hands it over; every part may be given."""
    now = values.get("received_at") or utcnow()
    external_id = external_id or new_id()
    known: dict[str, Any] = {
        "id": new_id(now),
        "endpoint": "website",
        "channel": "form",
        "received_at": now,
        "body": b'{"phone": "98765 43210"}',
        "external_id": None if expires_in else external_id,
        "identity": Identity(sources or ("form:website",), external_id, now + expires_in if expires_in else None),
    }
    return Event(**(known | values))


def post(inbox: Inbox, *events: Event) -> list[str]:
    """Store events; their ids."""
    return [one.id for one in inbox.accept(events)]


def claim(inbox: Inbox, owner: str = "w1", room: int = 64) -> list[Delivery]:
    """What a worker gets that has room for so many deliveries of each account."""
    return inbox.claim(Want(owner, lambda _: room))


def leave(inbox: Inbox, delivery: Delivery, owner: str = "w1", on_timeout: str = "hold", **kept: Any) -> bool:
    """Write the intent to send a claimed delivery, with what the store keeps of it."""
    known = {"version": "v1", "campaign": "welcome"}
    return grant(inbox, delivery, owner, on_timeout=on_timeout, kept=known | kept).go


def grant(inbox: Inbox, delivery: Delivery, owner: str = "w1", **values: Any) -> Grant:
    """What becomes of the intent to send a claimed delivery."""
    known: dict[str, Any] = {
        "id": delivery.id,
        "before": delivery.status,
        "owner": owner,
        "number": delivery.attempts + 1,
        "key": Key(delivery.account, "welcome", "v1"),
        "kept": {"version": "v1", "campaign": "welcome"},
        "event_id": delivery.event.id,
        "probe": delivery.probe,
    }
    return inbox.turn(Turn(intents=[Intent(**(known | values))])).grants[0]


def settle(inbox: Inbox, delivery: Delivery, verdict: Verdict = Verdict.SENT, owner: str = "w1", **values: Any) -> bool:
    """Write the answer of a request that left."""
    outcome = Outcome(verdict, "said" if verdict is not Verdict.SENT else "", message_id="m1")
    step = retry.after(outcome, delivery.attempts + 1, utcnow())
    known: dict[str, Any] = {
        "id": delivery.id,
        "owner": owner,
        "values": {"status": step.status, "reason": step.reason, "owner": None, "due_at": step.due_at},
        "attempt": Attempt(delivery.attempts + 1, utcnow(), 12, outcome),
        "key": Key(delivery.account, "welcome", "v1"),
        "probe": delivery.probe,
    }
    return inbox.turn(Turn(answers=[Settled(**(known | values))])).answers[0]


def move(inbox: Inbox, one: Move) -> bool:
    """Write a move; tells whether it happened."""
    return inbox.turn(Turn(moves=[one])).moves[0]


def park(inbox: Inbox, delivery: Delivery, reason: Reason, owner: str = "w1", **values: Any) -> bool:
    """Hold a claimed delivery."""
    values = {"status": Status.HELD, "reason": reason, "owner": None, "due_at": None} | values
    return move(inbox, Move(delivery.id, delivery.status, values, owner=owner))


def rows(inbox: Inbox, table: Table = deliveries) -> list[Any]:
    """Every row of a table, in the order of its first column."""
    with inbox.reading() as connection:
        return list(connection.execute(select(table).order_by(table.c[0])))


def set_all(inbox: Inbox, **values: Any) -> None:
    """Change every delivery, past all guards: time that has gone by, for example."""
    inbox.write(_set, values)


def set_one(inbox: Inbox, delivery: str, **values: Any) -> None:
    """Change one delivery, past all guards."""

    def change(connection: Any, items: Iterable[None]) -> list[None]:
        return [
            connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(**values)) and None
            for _ in items
        ]

    inbox.write(change, None)


def _set(connection: Any, items: Iterable[dict[str, Any]]) -> list[None]:
    return [connection.execute(update(deliveries).values(**values)) and None for values in items]


def expire(inbox: Inbox) -> None:
    """Let every lease be over."""
    set_all(inbox, due_at=past())


def past() -> datetime:
    """A minute ago."""
    return utcnow() - timedelta(minutes=1)


def open_files() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def wait_until(condition: Callable[[], T], what: str) -> T:
    """The condition's first true value; fails, naming what was waited for, when it never comes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.01)
    raise AssertionError(f"{what} did not come within {PATIENCE:.0f} s")


def in_threads(count: int, work: Callable[[int], T]) -> list[T | Exception]:
    """What work(0), work(1), … gave or raised, all begun at the same moment."""
    start = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_processes(count: int, work: Callable[..., None], *args: Any) -> list[Any]:
    """What each process put into its queue by work(queue, barrier, *args); each puts one thing."""
    queue, barrier = FRESH.Queue(), FRESH.Barrier(count)
    processes = [FRESH.Process(target=work, args=(queue, barrier, *args)) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        return [queue.get(timeout=PATIENCE) for _ in processes]
    finally:
        for process in processes:
            process.join(PATIENCE)
        queue.close()
