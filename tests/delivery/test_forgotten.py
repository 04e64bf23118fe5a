from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ingest.delivery.forgotten import Forgotten, emptied
from ingest.inbox import Inbox, forgotten
from ingest.models import Delivery, Event, Identity, Lead, Status, Via, utcnow

PHONE = "+919876543210"
HOUR = timedelta(hours=1)


@pytest.fixture
def known(inbox: Inbox) -> Forgotten:
    """Somebody with this phone was forgotten now."""
    inbox.write(forgotten.forget, inbox.person(PHONE))
    return Forgotten(inbox, "IN")


def left(ago: timedelta | None, via: Via = Via.WEBHOOK, text: str = "098765 43210") -> tuple[Delivery, Lead]:
    """A lead that comes now, and was left some time ago; None where nobody knows."""
    now = utcnow() + timedelta(seconds=5)
    event = Event("e1", "website", "form", now, Identity((), "x"), json.dumps({"tel": text}).encode(), via=via)
    created: dict[str, Any] = {} if ago is None else {"created_at": now - ago}
    return Delivery("d1", event, Status.PENDING, "default"), Lead({"tel": text}, {}, **created)


@pytest.mark.parametrize("via", list(Via))
def test_what_was_left_before_is_not_taken_up_however_it_comes(known: Forgotten, via: Via) -> None:
    """A webhook that is repeated for a day counts like a list at Meta or a file."""
    assert known.has(*left(HOUR, via))


def test_who_writes_again_is_a_new_lead(known: Forgotten) -> None:
    """What is left after the person was forgotten is messaged like any other."""
    for via in Via:
        assert not known.has(*left(timedelta(seconds=1), via))
    assert not known.has(*left(None))


def test_a_row_without_a_time_counts_as_left_before(known: Forgotten) -> None:
    """Nobody knows how old it is, and nobody expects it."""
    assert known.has(*left(None, Via.IMPORT))


@pytest.mark.parametrize("text", ["+91 98765-43210", "p:+919876543210", "call ९८७६५ ४३२१० please", "0091 9876543210"])
def test_the_person_is_found_in_whatever_spelling(known: Forgotten, text: str) -> None:
    """The number may stand anywhere in the lead."""
    assert known.has(*left(HOUR, text=text))


def test_others_are_taken_up(known: Forgotten) -> None:
    """Another number, or none at all."""
    for text in ("98765 43211", "+1 202 555 0123", "no number"):
        assert not known.has(*left(HOUR, Via.BACKFILL, text))


def test_to_be_forgotten_again_counts_anew(inbox: Inbox, known: Forgotten) -> None:
    """A lead between the two times is of before."""
    lead = left(timedelta(seconds=1), Via.BACKFILL)
    assert not known.has(*lead)
    with inbox.reading() as connection:
        first = forgotten.last_forgotten(connection, [inbox.person(PHONE)])
    inbox.write(forgotten.forget, inbox.person(PHONE))
    with inbox.reading() as connection:
        again = forgotten.last_forgotten(connection, [inbox.person(PHONE)])
    assert first is not None
    assert again is not None
    assert again >= first


def test_nothing_of_the_person_stays() -> None:
    """The event keeps a vendor's own id, by which the same lead is known again, and nothing else."""
    event = Event("e1", "fb", "facebook", utcnow(), Identity((), "x"), b"{}", external_id="123")
    assert {key: value for key, value in emptied(event).items() if value not in (None, b"{}")}.keys() == {
        "external_id",
        "erased_at",
    }
    other = Event("e1", "zapier", "zapier", utcnow(), Identity((), "x"), b"{}", external_id="asha@example.com")
    assert emptied(other)["external_id"] is None
