from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ingest.delivery.retry import PAUSES
from ingest.inbox import Inbox
from ingest.inbox.tables import attempts, events
from ingest.models import Attempt, Outcome, Reason, Status, Verdict, utcnow
from tests.inbox.helpers import claim, event, leave, post, rows, set_all, set_one, settle


def only(inbox: Inbox, **values: Any) -> str:
    """The id of the one delivery of an inbox, in a state."""
    post(inbox, event())
    set_all(inbox, **values)
    return str(rows(inbox)[0].id)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.HELD, Reason.AMBIGUOUS),
        (Status.HELD, Reason.SUSPECTED_SPAM),
        (Status.FAILED, Reason.RETRIES_EXHAUSTED),
        (Status.SKIPPED, Reason.DISCARDED),
        (Status.WAITING, Reason.RETRY),
    ],
)
def test_a_replayed_delivery_is_tried_at_once(inbox: Inbox, status: Status, reason: Reason) -> None:
    """Whatever had stopped it, a person may have it tried anew."""
    in_an_hour = utcnow() + timedelta(hours=1)
    one = only(inbox, status=status, reason=reason, due_at=in_an_hour if status is Status.WAITING else None)
    assert inbox.replay([one]) == 1
    assert [delivery.id for delivery in claim(inbox)] == [one]


@pytest.mark.parametrize("status", [Status.SENT, Status.SENDING, Status.PENDING])
def test_what_was_sent_or_is_on_its_way_is_not_replayed(inbox: Inbox, status: Status) -> None:
    """No second message by mistake; one that was sent needs to be asked for by name (`--again`)."""
    one = only(inbox, status=status, due_at=None)
    assert inbox.replay([one, "unknown"]) == 0
    assert inbox.replay([one], again=True) == (status is Status.SENT)


@pytest.mark.parametrize("reason", [Reason.TOO_OLD, Reason.DUPLICATE, Reason.CAP_REACHED])
def test_replaying_overrules_what_a_person_may_overrule(inbox: Inbox, reason: Reason) -> None:
    """Who replays a lead that was too old or a duplicate wants it sent."""
    inbox.replay([only(inbox, status=Status.SKIPPED, reason=reason, due_at=None)])
    assert [one.waived for one in claim(inbox)] == [{reason}]


def test_each_replay_overrules_one_reason_more(inbox: Inbox) -> None:
    """A lead that meets two limits goes out at the second replay."""
    one = only(inbox, status=Status.SKIPPED, reason=Reason.DUPLICATE, due_at=None)
    inbox.replay([one])
    set_all(inbox, status=Status.SKIPPED, reason=Reason.CAP_REACHED, due_at=None, owner=None)
    inbox.replay([one])
    assert [delivery.waived for delivery in claim(inbox)] == [{"duplicate", "cap_reached"}]


@pytest.mark.parametrize("reason", [Reason.OPTED_OUT, Reason.NO_CONSENT])
def test_replaying_overrules_nobodys_will(inbox: Inbox, reason: Reason) -> None:
    """Nobody is messaged who said no."""
    inbox.replay([only(inbox, status=Status.SKIPPED, reason=reason, due_at=None)])
    assert [one.waived for one in claim(inbox)] == [frozenset()]


def test_a_replay_has_all_its_retries_again(inbox: Inbox) -> None:
    """A delivery that had failed for a day has another day; its attempts go on counting."""
    one = only(inbox, status=Status.FAILED, reason=Reason.RETRIES_EXHAUSTED, attempts=len(PAUSES) + 1, due_at=None)
    inbox.replay([one])
    [again] = claim(inbox)
    assert (again.attempts, again.round) == (len(PAUSES) + 1, len(PAUSES) + 1)


def test_a_discarded_delivery_never_leaves(inbox: Inbox) -> None:
    """Also where a worker has claimed it already."""
    post(inbox, event(), event())
    first, second = claim(inbox)
    assert inbox.discard([first.id]) == 1
    assert not leave(inbox, first)
    assert leave(inbox, second)
    assert inbox.discard([second.id]) == 0
    assert {(row.status, row.reason) for row in rows(inbox)} == {("skipped", "discarded"), ("sending", None)}


def test_what_was_sent_cannot_be_discarded(inbox: Inbox) -> None:
    """It has happened."""
    assert inbox.discard([only(inbox, status=Status.SENT, due_at=None)]) == 0


def test_erasing_takes_people_out_and_leaves_counts_and_identities(inbox: Inbox) -> None:
    """Body, lead, name, phone, request and answers are gone; status and attempts stay; it is a duplicate still."""
    body = b'{"name": "Asha Rao", "phone": "98765 43210"}'
    lead, open_ = post(inbox, event("asha@example.com", "zapier:T", body=body), event("7", body=body))
    sent, waits = claim(inbox)
    leave(inbox, sent, request='{"userName": "Asha Rao"}')
    settle(inbox, sent)
    assert inbox.erase([lead, open_], vendors=()) == 2
    told = "".join(str(dict(row._mapping)) for table in (events, attempts) for row in rows(inbox, table))
    told += "".join(str(dict(row._mapping)) for row in rows(inbox))
    for personal in ("Asha", "98765", "asha@example.com"):
        assert personal not in told
    assert {(row.status, row.reason) for row in rows(inbox)} == {("sent", None), ("skipped", "discarded")}
    assert len(rows(inbox, attempts)) == 1
    assert not leave(inbox, waits)
    assert inbox.accept([event("asha@example.com", "zapier:T")])[0].id == lead
    assert inbox.erase([lead], vendors=()) == 0


def test_an_answer_to_somebody_who_was_forgotten_meanwhile_is_kept_without_words(inbox: Inbox) -> None:
    """The request was under way: what it came to is recorded, what AiSensy wrote of the person is not."""
    [lead] = post(inbox, event())
    [one] = claim(inbox)
    leave(inbox, one)
    inbox.erase([lead], vendors=())
    said = Outcome(Verdict.NUMBER, "Invalid Number +919876543210 of Asha", 400, "Asha")
    settle(inbox, one, Verdict.NUMBER, attempt=Attempt(1, utcnow(), 5, said))
    assert [(row.status, row.error) for row in rows(inbox)] == [("failed", None)]
    assert [(row.verdict, row.message, row.answer) for row in rows(inbox, attempts)] == [("number", "", "")]


def test_a_vendors_number_of_a_lead_stays(inbox: Inbox) -> None:
    """`ingest explain` still finds an erased Facebook lead by Meta's id."""
    [lead] = post(inbox, event("123", "facebook:S", channel="facebook"))
    inbox.erase([lead], vendors=("facebook",))
    assert [row.external_id for row in rows(inbox, events)] == ["123"]


def test_retention_spares_what_is_not_at_its_end(inbox: Inbox) -> None:
    """Old leads that were sent are anonymised; one that is held still can be sent."""
    old = utcnow() - timedelta(days=40)
    sent, held, new = post(inbox, event(received_at=old), event(received_at=old), event())
    by_lead = {row.event_id: row.id for row in rows(inbox)}
    set_all(inbox, status=Status.SENT)
    set_one(inbox, by_lead[held], status=Status.HELD)
    month = utcnow() - timedelta(days=30)
    assert [inbox.anonymise(month, ()), inbox.anonymise(month, ())] == [[sent], []]
    assert {row.id for row in rows(inbox, events) if row.erased_at} == {sent}
    assert inbox.anonymise(month, (), held=True) == [held]
    assert {row.id for row in rows(inbox, events) if not row.erased_at} == {new}


def test_what_has_expired_is_deleted_bit_by_bit(inbox: Inbox) -> None:
    """Hashes of bodies and what policies counted do not grow for ever; vendors' ids stay."""
    long_ago = utcnow() - timedelta(days=2)
    post(inbox, event("a", expires_in=timedelta(hours=1), received_at=long_ago), event("b"))
    assert [inbox.purge(), inbox.purge()] == [1, 0]
    assert inbox.accept([event("b")])[0].duplicate


def test_a_replayed_delivery_of_an_ambiguous_attempt_is_a_new_attempt(inbox: Inbox) -> None:
    """The story shows both."""
    post(inbox, event())
    [one] = claim(inbox)
    leave(inbox, one)
    settle(inbox, one, Verdict.AMBIGUOUS)
    inbox.replay([one.id])
    [again] = claim(inbox)
    leave(inbox, again)
    settle(inbox, again)
    assert [(row.number, row.verdict) for row in rows(inbox, attempts)] == [(1, "ambiguous"), (2, "sent")]
