from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from ingest.inbox import Inbox, claims
from ingest.inbox.claims import LEASE, Want
from ingest.inbox.tables import attempts
from ingest.models import MENDABLE, Reason, Status, Verdict, utcnow
from tests.inbox.helpers import (
    claim,
    event,
    expire,
    in_processes,
    in_threads,
    leave,
    park,
    past,
    post,
    rows,
    set_all,
    settle,
)


def test_a_claimed_delivery_comes_with_its_event(inbox: Inbox) -> None:
    """A worker gets all that it needs to translate a lead."""
    sent = event("7", body=b'{"a": 1}', channel="zapier", endpoint="acme/zap", account="acme")
    post(inbox, sent)
    [got] = claim(inbox)
    assert (got.event.id, got.event.body, got.event.channel) == (sent.id, b'{"a": 1}', "zapier")
    assert (got.event.endpoint, got.event.external_id, got.account) == ("acme/zap", "7", "acme")
    assert (got.status, got.position, got.attempts, got.probe) == (Status.PENDING, 0, 0, False)


def test_what_one_worker_has_no_other_gets(inbox: Inbox) -> None:
    """A delivery is leased to one worker at a time."""
    post(inbox, event(), event())
    assert len(claim(inbox, "w1")) == 2
    assert claim(inbox, "w2") == []


def test_workers_that_claim_at_once_share_what_is_due(inbox: Inbox, store: str) -> None:
    """No delivery goes to two workers, in one process or in many."""
    post(inbox, *(event() for _ in range(200)))
    shares = in_threads(4, lambda number: [one.id for one in claim(inbox, f"t{number}", 10)])
    shares += in_processes(4, _claim, store)
    got = [one for share in shares if isinstance(share, list) for one in share]
    assert len(got) == len(set(got)) == 200


def test_a_lease_ends_and_the_delivery_comes_back(inbox: Inbox) -> None:
    """What a dead worker had claimed goes to another within the lease, as if it had not been touched."""
    post(inbox, event())
    claim(inbox, "dead")
    assert rows(inbox)[0].due_at <= utcnow() + LEASE
    expire(inbox)
    inbox.sweep()
    [again] = claim(inbox, "w2")
    assert again.status is Status.PENDING
    assert not leave(inbox, again, "dead")
    assert leave(inbox, again, "w2")


def test_renewing_keeps_what_a_slow_worker_has(inbox: Inbox) -> None:
    """A worker that lives keeps its deliveries, claimed or under way, and gets back none that it knows nothing of."""
    post(inbox, event(), event(), event())
    slow, known, unknown = claim(inbox)
    leave(inbox, slow)
    expire(inbox)
    inbox.renew("w1", [slow.id, known.id])
    inbox.renew("w2", [unknown.id])
    assert inbox.sweep() == 0
    assert [one.id for one in claim(inbox, "w2")] == [unknown.id]
    assert settle(inbox, slow)


def test_each_account_gets_its_share(inbox: Inbox) -> None:
    """A backlog of one account does not hold up another's single lead."""
    post(inbox, *(event() for _ in range(100)), event(account="acme"), event(account="zeta"))
    got = claim(inbox, room=5)
    assert [sum(one.account == name for one in got) for name in ("default", "acme", "zeta")] == [5, 1, 1]


def test_the_oldest_goes_first(inbox: Inbox) -> None:
    """Leads of an account leave in the order in which they came."""
    moments = [utcnow() - timedelta(seconds=seconds) for seconds in (10, 50, 30)]
    ids = post(inbox, *(event(received_at=moment) for moment in moments))
    got = [claim(inbox, room=1), claim(inbox, room=8)]
    assert [one.event.id for some in got for one in some] == [ids[1], ids[2], ids[0]]


def test_an_account_without_room_is_passed_over(inbox: Inbox) -> None:
    """A worker that is full for one account still gets the others'."""
    post(inbox, event(account="full"), event(account="free"))
    got = inbox.claim(Want("w1", lambda account: 0 if account == "full" else 8))
    assert [one.account for one in got] == ["free"]


def test_what_is_not_due_stays(inbox: Inbox) -> None:
    """A retry waits for its time."""
    post(inbox, event())
    set_all(inbox, status=Status.WAITING, due_at=utcnow() + timedelta(seconds=60))
    assert claim(inbox) == []
    set_all(inbox, due_at=past())
    assert [one.status for one in claim(inbox)] == [Status.WAITING]


@pytest.mark.parametrize("end", ["free", "sweep"])
@pytest.mark.parametrize(
    ("on_timeout", "status", "reason"),
    [("hold", Status.HELD, Reason.AMBIGUOUS), ("retry", Status.WAITING, Reason.RETRY)],
)
def test_what_a_dead_worker_was_sending_is_ambiguous(
    inbox: Inbox, end: str, on_timeout: str, status: Status, reason: Reason
) -> None:
    """A request that may have left is held, or retried where the mapping says so; with an attempt that tells it."""
    post(inbox, event())
    [delivery] = claim(inbox)
    leave(inbox, delivery, on_timeout=on_timeout)
    if end == "sweep":
        expire(inbox)
    assert (inbox.free("w1") if end == "free" else inbox.sweep()) == 1
    [row] = rows(inbox)
    assert (row.status, row.reason, row.owner) == (status, reason, None)
    assert "died" in row.error
    assert [(one.number, one.verdict) for one in rows(inbox, attempts)] == [(1, Verdict.AMBIGUOUS)]
    assert inbox.free("w1") == inbox.sweep() == 0


def test_freeing_gives_back_at_once_what_was_only_claimed(inbox: Inbox) -> None:
    """A dead or stopped worker's claims go to the next one without waiting, another worker's stay."""
    post(inbox, event(), event())
    [mine], [others] = claim(inbox, "w1", 1), claim(inbox, "w2", 1)
    assert inbox.free("w1") == 0
    assert [one.id for one in claim(inbox, "w3")] == [mine.id] != [others.id]


def test_a_late_answer_adds_to_its_ambiguous_attempt(inbox: Inbox) -> None:
    """What was taken for lost and was sent after all is recorded beside the ambiguous attempt."""
    post(inbox, event())
    [delivery] = claim(inbox)
    leave(inbox, delivery)
    expire(inbox)
    inbox.sweep()
    assert settle(inbox, delivery)
    assert [row.status for row in rows(inbox)] == [Status.SENT]
    assert {one.verdict for one in rows(inbox, attempts)} == {Verdict.AMBIGUOUS, Verdict.SENT}


def test_a_mended_mapping_releases_its_held_once_per_version(inbox: Inbox) -> None:
    """A new version of a mapping tries its held leads again, each version once, and only what it may cure."""
    post(inbox, *(event() for _ in MENDABLE), event(), event(endpoint="other"))
    reasons = [*sorted(MENDABLE), Reason.AMBIGUOUS]
    for delivery in claim(inbox):
        reason = Reason.NO_ROUTE if delivery.event.endpoint == "other" else reasons.pop()
        park(inbox, delivery, reason, tried="v1")
    set_all(inbox, version="v1")
    assert inbox.release_mended("website", "v1") == 0
    assert inbox.release_mended("website", "v2") == len(MENDABLE)
    for delivery in claim(inbox):
        park(inbox, delivery, Reason.NO_ROUTE, tried="v1 v2")
    assert [inbox.release_mended("website", version) for version in ("v1", "v2")] == [0, 0]
    assert inbox.release_mended("website", "v3") == len(MENDABLE)
    assert {row.reason for row in rows(inbox) if row.status == Status.HELD} == {Reason.AMBIGUOUS, Reason.NO_ROUTE}


def test_what_a_broken_mapping_held_goes_out_with_any_other_version(inbox: Inbox) -> None:
    """Also with the version before it, when the file is put back as it was."""
    post(inbox, event())
    [one] = claim(inbox)
    park(inbox, one, Reason.MAPPING_BROKEN, version="v2", tried="v1")
    assert inbox.release_mended("website", "v2") == 0
    assert inbox.release_mended("website", "v1") == 1


def test_a_backlog_that_waits_for_later_costs_a_claim_nothing(tmp_path: Path) -> None:
    """Lanes are found by hops: one look for each, however much waits in it for a later time."""
    inbox = Inbox(f"sqlite:///{tmp_path}/ingest.db")
    post(inbox, *(event() for _ in range(300)), event(account="acme"))
    set_all(inbox, due_at=utcnow() + timedelta(hours=1))
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    def work(connection: Any, items: Any) -> list[Any]:
        raw = connection.connection.driver_connection
        raw.set_progress_handler(count, 100)  # once for each 100 steps of SQLite's machine
        found = claims.claim(connection, [Want("w1", lambda _: 8)])
        raw.set_progress_handler(None, 0)
        return [found for _ in items]

    assert inbox.write(work, None) == [[]]
    inbox.close()
    assert steps[0] < 10


def test_processes_may_sweep_at_once(inbox: Inbox, store: str) -> None:
    """Each lost request is counted and noted once, however many workers look."""
    post(inbox, *(event() for _ in range(30)))
    for delivery in claim(inbox):
        leave(inbox, delivery)
    expire(inbox)
    assert sum(in_processes(3, _sweep, store)) == 30
    assert len(rows(inbox, attempts)) == 30


def _claim(queue: Any, barrier: Any, store: str) -> None:
    inbox = Inbox(store)
    barrier.wait()
    queue.put([one.id for _ in range(4) for one in claim(inbox, str(id(queue)), 10)])
    inbox.close()


def _sweep(queue: Any, barrier: Any, store: str) -> None:
    inbox = Inbox(store)
    barrier.wait()
    queue.put(inbox.sweep())
    inbox.close()


@pytest.mark.parametrize("order", ["min(deliveries.lane)", "ORDER BY deliveries.due_at"])
def test_a_claim_reads_no_more_than_it_takes(tmp_path: Path, order: str) -> None:
    """However many leads wait, a claim finds accounts, and an account's leads, by the index of what is due."""
    inbox = Inbox(f"sqlite:///{tmp_path}/ingest.db")
    asked: list[tuple[str, Any]] = []
    listen(inbox._engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    post(inbox, event())
    claim(inbox)
    sql, given = next(one for one in asked if order in one[0])
    with inbox._engine.connect() as connection:
        plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given))
    inbox.close()
    assert "INDEX deliveries_due" in plan
    assert "SCAN deliveries" not in plan
