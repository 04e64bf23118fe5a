from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from ingest.errors import StoreError
from ingest.inbox import Inbox
from ingest.inbox.fanout import Fan
from ingest.inbox.moves import Move
from ingest.inbox.tables import deliveries, events, identities, intakes
from ingest.inbox.turns import Turn
from ingest.models import Reason, Status, utcnow
from tests.inbox.helpers import claim, event, in_processes, in_threads, leave, move, post, rows, settle

HASH = timedelta(minutes=10)


def test_a_new_lead_is_stored_with_its_body_and_a_delivery_that_is_due(inbox: Inbox) -> None:
    """What came is kept byte for byte, and is to be sent at once."""
    body = '{"ä": "🙂\\u0000", "n": 1e400}'.encode()
    [lead] = post(inbox, event("1", body=body, account="acme"))
    [stored], [delivery] = rows(inbox, events), rows(inbox)
    assert (stored.id, stored.body, stored.external_id) == (lead, body, "1")
    assert (delivery.event_id, delivery.status, delivery.account) == (lead, Status.PENDING, "acme")
    assert delivery.due_at <= utcnow()


def test_a_lead_that_comes_twice_answers_the_first_ones_id(inbox: Inbox) -> None:
    """The same identity is stored once; the repetition is told, with the first lead's id."""
    [first] = inbox.accept([event("1")])
    [second] = inbox.accept([event("1", endpoint="renamed")])
    assert (first.duplicate, second.duplicate, second.id) == (False, True, first.id)
    assert len(rows(inbox, events)) == len(rows(inbox)) == 1


def test_the_same_id_from_another_source_is_another_lead(inbox: Inbox) -> None:
    """Ids are unique within their source only."""
    assert not any(one.duplicate for one in inbox.accept([event("1", "zapier:a"), event("1", "form:a")]))


def test_repetitions_within_one_post_are_found(inbox: Inbox) -> None:
    """A lead that stands twice in one array is stored once, and answered in order."""
    answers = inbox.accept([event("1"), event("2"), event("1"), event("1")])
    assert [one.duplicate for one in answers] == [False, False, True, True]
    assert answers[2].id == answers[3].id == answers[0].id


def test_a_hash_is_forgotten_when_it_expires(inbox: Inbox) -> None:
    """The same body after `duplicate_events` is a new lead; and repeats of that one are its duplicates."""
    [old] = post(inbox, event("hash", expires_in=HASH, received_at=utcnow() - 2 * HASH))
    [new] = inbox.accept([event("hash", expires_in=HASH)])
    [again] = inbox.accept([event("hash", expires_in=HASH)])
    assert (new.duplicate, again.duplicate) == (False, True)
    assert again.id == new.id != old


def test_a_vendors_id_never_expires_and_a_hash_is_no_external_id(inbox: Inbox) -> None:
    """A lead sent years ago is not sent again; and people never see our hashes."""
    long_ago = utcnow() - timedelta(days=3000)
    post(inbox, event("vendor", received_at=long_ago), event("hash", expires_in=HASH))
    assert inbox.accept([event("vendor")])[0].duplicate
    assert {row.external_id for row in rows(inbox, events)} == {"vendor", None}


def test_identities_survive_when_leads_are_erased(inbox: Inbox) -> None:
    """An erased lead that comes again (a back-fill) is still a duplicate."""
    [lead] = post(inbox, event("1"))
    inbox.write(_erase, None)
    assert [(one.id, one.duplicate) for one in inbox.accept([event("1")])] == [(lead, True)]
    assert rows(inbox, events) == []


def test_a_rotated_secret_keeps_the_identity(inbox: Inbox) -> None:
    """While a secret is rotated a lead is known under the old and the new one, and later under the new one alone."""
    [lead] = post(inbox, event("1", "facebook:old"))
    for sources in (["facebook:new", "facebook:old"], ["facebook:new"]):
        assert [(one.id, one.duplicate) for one in inbox.accept([event("1", *sources)])] == [(lead, True)]


def test_a_rotated_secret_keeps_the_identity_within_one_post(inbox: Inbox) -> None:
    """The same, when the lead stands several times in the post that first comes with the new secret."""
    [lead] = post(inbox, event("1", "facebook:old"))
    answers = inbox.accept([event("1", "facebook:new", "facebook:old") for _ in range(3)])
    assert [(one.id, one.duplicate) for one in answers] == [(lead, True)] * 3
    assert len(rows(inbox, events)) == 1
    assert {row.lead_id for row in rows(inbox, identities)} == {lead}


def test_one_lead_from_many_threads_is_stored_once(inbox: Inbox) -> None:
    """Retries that overlap are one lead, and everybody is told the same id."""
    results = in_threads(16, lambda _: inbox.accept([event("1"), event("2")]))
    assert len({tuple(one.id for one in result) for result in results if isinstance(result, list)}) == 1
    assert sum(not one.duplicate for result in results if isinstance(result, list) for one in result) == 2


def test_one_lead_from_many_processes_is_stored_once(inbox: Inbox, store: str) -> None:
    """The same with several web processes or machines, whatever the order of the leads in their posts."""
    answers = in_processes(4, _accept, store)
    assert len({tuple(sorted(answer.items())) for answer in answers}) == 1
    assert len(rows(inbox, events)) == len(rows(inbox)) == 40


def test_a_lead_that_came_as_spam_is_stored_and_held(inbox: Inbox) -> None:
    """Suspected spam is kept for a person, and no worker gets it."""
    post(inbox, event(hold=Reason.SUSPECTED_SPAM))
    [delivery] = rows(inbox)
    assert (delivery.status, delivery.reason, delivery.due_at) == (Status.HELD, Reason.SUSPECTED_SPAM, None)
    assert claim(inbox) == []


def test_further_deliveries_are_added_once(inbox: Inbox) -> None:
    """A lead that gives three requests has three deliveries, however often it is translated."""
    one = event()
    post(inbox, one)
    [delivery] = claim(inbox)
    for _ in range(2):
        inbox.turn(Turn(further=[Fan(delivery, "w1", "a", ("b", "c"))]))
    assert sorted((row.position, row.route) for row in rows(inbox)) == [(0, "a"), (1, "b"), (2, "c")]


def test_further_deliveries_are_added_by_who_has_the_first(inbox: Inbox) -> None:
    """A worker that was too slow, and translated by an older mapping, adds nothing to what the next one made of it."""
    post(inbox, event())
    [delivery] = claim(inbox)
    inbox.free("w1")
    [again] = claim(inbox, "w2")
    inbox.turn(Turn(further=[Fan(again, "w2", "a", ("b",))]))
    inbox.turn(Turn(further=[Fan(delivery, "w1", "a", ("old",))]))
    assert sorted((row.position, row.route) for row in rows(inbox)) == [(0, "a"), (1, "b")]


def test_a_move_happens_only_from_the_state_that_it_was_decided_on(inbox: Inbox) -> None:
    """Two who decide on the same delivery: the first one's change stands, the second is told no."""
    post(inbox, event())
    [delivery] = claim(inbox)
    assert leave(inbox, delivery)
    assert not leave(inbox, delivery, "w2")
    assert not settle(inbox, delivery, owner="w2")
    assert settle(inbox, delivery)
    assert not settle(inbox, delivery)
    assert [row.status for row in rows(inbox)] == [Status.SENT]


def test_a_move_keeps_the_lead_and_who_it_is_from(inbox: Inbox) -> None:
    """Name, phone and the looked-up lead stand with the event as soon as they are known."""
    [lead] = post(inbox, event())
    [delivery] = claim(inbox)
    known = {"name": "Asha Rao", "phone": "+919876543210", "lead": b"{}"}
    move(inbox, Move(delivery.id, Status.PENDING, {"campaign": "c"}, owner="w1", event=known, event_id=lead))
    [stored] = rows(inbox, events)
    assert (stored.name, stored.phone, stored.lead) == ("Asha Rao", "+919876543210", b"{}")


def test_no_leads_are_no_write(inbox: Inbox) -> None:
    """A post without leads does not touch the disk."""
    assert inbox.accept([]) == []


def test_the_key_of_the_hashes_is_the_same_everywhere_and_for_ever(inbox: Inbox, store: str) -> None:
    """All threads, processes and later starts hash with one key, so duplicates are found across them."""
    keys = in_threads(8, lambda _: inbox.hash_key())
    other = Inbox(store)
    assert {other.hash_key(), *keys} == {inbox.hash_key()}
    assert len(inbox.hash_key()) == 32
    other.close()


def test_the_last_good_intake_of_each_endpoint_is_kept(inbox: Inbox) -> None:
    """A restart with a broken file has the last intake sections without fault."""
    assert inbox.last_good_intake("website") is None
    inbox.keep_intake("website", "v1", {"channel": "form"})
    inbox.keep_intake("website", "v2", {"channel": "form", "form": {"origins": ["https://a.example"]}})
    inbox.keep_intake("other", "v1", {"channel": "zapier"})
    assert inbox.last_good_intake("website") == {"channel": "form", "form": {"origins": ["https://a.example"]}}
    assert len(rows(inbox, intakes)) == 2


def test_ping_tells_whether_leads_can_be_stored(inbox: Inbox) -> None:
    """Readiness asks the store itself."""
    inbox.ping()
    inbox.write(_drop, None)
    with pytest.raises(StoreError):
        inbox.ping()


def _erase(connection: Any, asked: Any) -> list[None]:
    connection.execute(deliveries.delete())
    connection.execute(events.delete())
    connection.execute(update(identities).values(expires_at=None))
    return [None] * len(asked)


def _drop(connection: Any, asked: Any) -> list[None]:
    connection.exec_driver_sql("DROP TABLE keys")
    return [None] * len(asked)


def _accept(queue: Any, barrier: Any, store: str) -> None:
    inbox = Inbox(store)
    numbers = [str(number) for number in range(40)]
    if hash(inbox) % 2:
        numbers.reverse()
    barrier.wait()
    answers = inbox.accept([event(number) for number in numbers])
    queue.put(dict(zip(numbers, (one.id for one in answers), strict=True)))
    inbox.close()
