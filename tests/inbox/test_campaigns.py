from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from ingest.inbox import Inbox
from ingest.inbox.campaigns import REFUSALS, Key
from ingest.inbox.tables import campaigns
from ingest.models import Delivery, Reason, Status, Verdict
from tests.inbox.helpers import claim, event, grant, past, post, rows, settle

NEXT = Key("default", "welcome", "v2")


@pytest.fixture
def backlog(inbox: Inbox) -> list[Delivery]:
    """Ten claimed leads of one campaign."""
    post(inbox, *(event() for _ in range(10)))
    return claim(inbox)


def refuse(inbox: Inbox, delivery: Delivery) -> bool:
    """Send a delivery that AiSensy refuses for its campaign; False where it was not even sent."""
    got = grant(inbox, delivery)
    if got.go:
        back = {"status": Status.HELD, "reason": Reason.CAMPAIGN_REJECTED, "owner": None, "due_at": None, "tried": "v1"}
        settle(inbox, delivery, Verdict.CAMPAIGN, trial=got.trial, values=back)
    return got.go


def held(inbox: Inbox) -> list[tuple[str, str]]:
    return [(row.status, row.reason) for row in rows(inbox) if row.status == Status.HELD]


def pause_ends(inbox: Inbox) -> None:
    """Let every campaign's pause be over."""

    def end(connection: Any, asked: Any) -> list[None]:
        connection.execute(update(campaigns).values(until=past()))
        return [None] * len(asked)

    inbox.write(end, None)


def test_a_campaign_that_never_worked_is_asked_once(inbox: Inbox, backlog: list[Delivery]) -> None:
    """A wrong name in a mapping costs one request: all other leads are held without one, and say why."""
    assert [refuse(inbox, one) for one in backlog[:4]] == [True, False, False, False]
    assert held(inbox) == [(Status.HELD, Reason.CAMPAIGN_REJECTED)] * 4
    assert "refused this campaign before: said" in next(
        row.error for row in rows(inbox) if row.attempts == 0 and row.error
    )


def test_a_campaign_that_works_is_paused_after_three_refusals_in_a_row(inbox: Inbox, backlog: list[Delivery]) -> None:
    """One lead's bad media holds that lead alone; three in a row are the campaign's fault."""
    grant(inbox, backlog[0])
    settle(inbox, backlog[0])
    assert [refuse(inbox, one) for one in backlog[1 : REFUSALS + 2]] == [True] * REFUSALS + [False]


def test_a_message_that_is_sent_in_between_starts_the_count_anew(inbox: Inbox, backlog: list[Delivery]) -> None:
    """Refusals count only where nothing worked between them."""
    for one in (backlog[0], backlog[3]):
        grant(inbox, one)
    settle(inbox, backlog[0])
    assert refuse(inbox, backlog[1])
    assert refuse(inbox, backlog[2])
    settle(inbox, backlog[3])
    assert [refuse(inbox, one) for one in backlog[4:6]] == [True, True]
    assert grant(inbox, backlog[6]).go


def test_a_campaigns_pause_is_its_own(inbox: Inbox, backlog: list[Delivery]) -> None:
    """Another campaign, another account and another version of the mapping go on."""
    refuse(inbox, backlog[0])
    others = [Key("default", "offer", "v1"), Key("acme", "welcome", "v1"), NEXT]
    assert all(grant(inbox, one, key=key).go for one, key in zip(backlog[1:], others, strict=False))


def test_after_its_pause_one_lead_tries_the_campaign(inbox: Inbox, backlog: list[Delivery]) -> None:
    """While it is under way the others are held; refused again, the pause is longer; sent, the campaign is open."""
    refuse(inbox, backlog[0])
    [first] = [row.until for row in rows(inbox, campaigns)]
    pause_ends(inbox)
    trial = grant(inbox, backlog[1])
    assert (trial.go, trial.trial) == (True, True)
    assert not grant(inbox, backlog[2]).go
    settle(inbox, backlog[1], Verdict.CAMPAIGN, trial=True)
    [second] = [row.until for row in rows(inbox, campaigns)]
    assert second - first > timedelta(seconds=25)
    pause_ends(inbox)
    trial = grant(inbox, backlog[3])
    settle(inbox, backlog[3], trial=trial.trial)
    assert grant(inbox, backlog[4]).go


def test_what_a_pause_held_goes_out_once_the_campaign_works(inbox: Inbox, backlog: list[Delivery]) -> None:
    """Held leads that were not tried are released when the campaign works again; one of them tries it."""
    for one in backlog[:5]:
        refuse(inbox, one)
    assert inbox.release_mended("website", "v1") == 0
    pause_ends(inbox)
    assert inbox.release_mended("website", "v1") == 1
    [tried] = claim(inbox)
    trial = grant(inbox, tried)
    assert trial.trial
    settle(inbox, tried, trial=True)
    assert inbox.release_mended("website", "v1") == 3
    assert held(inbox) == [(Status.HELD, Reason.CAMPAIGN_REJECTED)]


def test_a_new_version_of_the_mapping_tries_all_that_are_held(inbox: Inbox, backlog: list[Delivery]) -> None:
    """Once for each version: also those that AiSensy had refused."""
    for one in backlog[:5]:
        refuse(inbox, one)
    assert inbox.release_mended("website", "v2") == 5
    assert all(grant(inbox, one, key=NEXT).go for one in claim(inbox))


def test_a_person_who_replays_a_lead_has_its_campaign_tried(inbox: Inbox, backlog: list[Delivery]) -> None:
    """The campaign was set live in AiSensy: replaying one lead asks there, pause or not."""
    refuse(inbox, backlog[0])
    refuse(inbox, backlog[1])
    assert inbox.replay([backlog[0].id]) == 1
    [again] = [one for one in claim(inbox) if one.id == backlog[0].id]
    assert grant(inbox, again).go


def test_resuming_the_account_opens_its_campaigns(inbox: Inbox, backlog: list[Delivery]) -> None:
    """`ingest resume` means everything of that account."""
    refuse(inbox, backlog[0])
    inbox.resume("default")
    assert grant(inbox, backlog[1]).go
