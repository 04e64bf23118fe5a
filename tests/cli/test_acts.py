"""The commands with which people act on leads, driven on a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.cli import cli
from ingest.inbox import Inbox
from ingest.inbox.tables import events
from ingest.models import Reason, Status, utcnow
from tests.inbox.helpers import event, post, rows, set_all, set_one
from tests.stores import new_sqlite

MAPPING = """
channel: form
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
  source: Website
"""


@pytest.fixture(autouse=True)
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """The store that the commands find, in a folder with one mapping."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "INGEST_MAPPINGS", "INGEST_RETENTION_DAYS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "website.yaml").write_text(MAPPING)
    inbox = Inbox(new_sqlite(Path("data", "ingest.db")))
    yield inbox
    inbox.close()


def ingest(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=given)


def held(inbox: Inbox, count: int, reason: Reason = Reason.MISSING_VALUE) -> list[str]:
    """Leads that are held; their ids."""
    ids = post(inbox, *(event() for _ in range(count)))
    for row in rows(inbox):
        if row.event_id in ids:
            set_one(inbox, row.id, status=Status.HELD, reason=reason, due_at=None, campaign="welcome")
    return ids


def statuses(inbox: Inbox) -> list[str]:
    return sorted(row.status for row in rows(inbox))


def test_one_lead_is_replayed_by_its_id_or_the_beginning_of_it(inbox: Inbox) -> None:
    """LEAD is what `leads` shows, or the sender's id."""
    first, second = held(inbox, 2)
    assert ingest("replay", first).exit_code == 0
    assert statuses(inbox) == ["held", "pending"]
    external = next(row.external_id for row in rows(inbox, events) if row.id == second)
    assert "1 delivery replayed" in ingest("replay", external).output
    assert statuses(inbox) == ["pending", "pending"]


def test_all_that_match_are_replayed(inbox: Inbox) -> None:
    """Filters narrow, and all of them must hold."""
    held(inbox, 3)
    held(inbox, 2, Reason.CAMPAIGN_REJECTED)
    assert ingest("replay", "--reason", "campaign_rejected", "--campaign", "welcome", "--since", "1h").exit_code == 0
    assert statuses(inbox) == ["held"] * 3 + ["pending"] * 2


def test_a_replay_of_many_leaves_what_a_person_must_look_at(inbox: Inbox) -> None:
    """Ambiguous leads are not sent a second time by a sweep; the command says how many it left and how to name them."""
    held(inbox, 1)
    held(inbox, 1, Reason.AMBIGUOUS)
    done = ingest("replay", "--endpoint", "website")
    assert "1 left out" in done.stderr
    assert statuses(inbox) == ["held", "pending"]
    assert ingest("replay", "--reason", "ambiguous").exit_code == 0
    assert statuses(inbox) == ["pending", "pending"]


def test_what_was_sent_is_replayed_only_when_asked_for(inbox: Inbox) -> None:
    """Without `--again` nobody gets a second message."""
    [lead] = post(inbox, event())
    set_all(inbox, status=Status.SENT, due_at=None)
    done = ingest("replay", lead)
    assert "--again" in done.stderr
    assert statuses(inbox) == ["sent"]
    assert ingest("replay", lead, "--again").exit_code == 0
    assert statuses(inbox) == ["pending"]


@pytest.mark.parametrize("command", ["replay", "discard"])
def test_many_are_acted_on_only_after_a_question(inbox: Inbox, command: str) -> None:
    """More than 20 are asked about; `--dry-run` only counts, `--yes` does not ask."""
    held(inbox, 21)
    filters = ("--reason", "missing_value")
    assert "21 deliveries would be" in ingest(command, *filters, "--dry-run").output
    assert ingest(command, *filters, given="n\n").exit_code == 1
    assert statuses(inbox) == ["held"] * 21
    assert ingest(command, *filters, given="y\n").exit_code == 0
    assert "held" not in statuses(inbox)


def test_what_was_done_is_told_as_json(inbox: Inbox) -> None:
    """For programs."""
    held(inbox, 2)
    done = ingest("discard", "--reason", "missing_value", "--json")
    assert json.loads(done.stdout) == {"matched": 2, "discarded": 2, "dry_run": False}
    assert {row.reason for row in rows(inbox)} == {"discarded"}


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("leads", "--endpoint", "websit"), "website"),
        (("leads", "--status", "hold"), "held"),
        (("leads", "--reason", "nosuch"), "no_route"),
        (("leads", "--channel", "forms"), "form"),
        (("leads", "--campaign", "welcom"), "welcome"),
        (("leads", "--enpoint", "website"), "--endpoint"),
        (("replay", "--endpoint", "websit"), "website"),
        (("discard", "--account", "defalt"), "default"),
        (("pause", "defaul"), "default"),
        (("resume", "defaul"), "default"),
        (("replay",), "--reason"),
        (("leads", "--since", "yesterday"), "2d"),
        (("forget", "12"), "+91"),
        (("retention",), "INGEST_RETENTION_DAYS"),
    ],
)
def test_what_is_unknown_is_an_error_that_names_the_nearest(
    inbox: Inbox, arguments: tuple[str, ...], near: str
) -> None:
    """Exit 2, and the words that were meant."""
    held(inbox, 1)
    told = ingest(*arguments)
    assert told.exit_code == 2
    assert near in told.output


def test_an_unknown_lead_is_an_error_that_names_the_nearest(inbox: Inbox) -> None:
    """A letter that is wrong in an id is soon found."""
    [lead] = held(inbox, 1)
    for command in ("explain", "replay", "discard"):
        told = ingest(command, f"{lead[:-1]}~")
        assert told.exit_code == 2
        assert lead in told.output


def test_an_account_is_paused_and_resumed(inbox: Inbox) -> None:
    """Its leads wait, with the person's words, until it is resumed."""
    [lead] = post(inbox, event())
    assert ingest("pause", "default", "--note", "new template").exit_code == 0
    told = inbox.outcome_of(lead)[0]
    assert (told["status"], told["reason"], told["error"]) == ("waiting", "account_paused", "new template")
    assert "account default: account_paused: new template" in ingest("pause").output
    assert "sends again" in ingest("resume", "default").output
    assert "Nothing is paused" in ingest("pause").output
    assert json.loads(ingest("pause", "--json").output) == []


def test_a_person_opts_out_and_in() -> None:
    """However the number is written; it is shown masked."""
    assert ingest("optout", "98765 43210", "--check").exit_code == 0
    done = ingest("optout", "+91-98765-43210")
    assert "9876543210" not in done.output
    assert ingest("optout", "098765 43210", "--check").exit_code == 1
    assert "had opted out before" in ingest("optout", "9876543210").output
    assert ingest("optout", "9876543210", "--remove").exit_code == 0
    assert ingest("optout", "9876543210", "--check").exit_code == 0


BODIES: list[dict[str, Any]] = [
    {"phone": "98765 43210"},
    {"phone": "+91 (0) 98765-43210"},
    {"phone": "p:+919876543210"},
    {"a": [{"b": "call ٠٩٨٧٦٥٤٣٢١٠ please"}]},
    {"phone": "९८७६५ ४३२१०"},
    {"phone": 919876543210},
    {"phone": "0091 98765 43210"},
    {"note": "me: 9876543210, my wife: 9876543211"},
]


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_a_forgotten_person_is_erased_in_whatever_spelling(inbox: Inbox, body: dict[str, Any]) -> None:
    """Every lead in which the number stands is erased, and no other."""
    mine, other = post(inbox, event(body=json.dumps(body).encode()), event(body=b'{"phone": "198765432101"}'))
    assert "1 lead " in ingest("forget", "+919876543210", "--dry-run").output
    assert "1 lead " in ingest("forget", "98765 43210").output
    assert {row.id: bool(row.erased_at) for row in rows(inbox, events)} == {mine: True, other: False}
    assert "0 leads" in ingest("forget", "+919876543210").output


def test_retention_tells_what_it_keeps(inbox: Inbox) -> None:
    """Old leads that are held are told of, and anonymised only where told."""
    old = utcnow() - timedelta(days=100)
    post(inbox, *(event(received_at=old) for _ in range(3)), event())
    set_all(inbox, status=Status.SENT, due_at=None)
    waits = rows(inbox)[0]
    set_one(inbox, waits.id, status=Status.HELD, reason=Reason.NO_ROUTE)
    assert "2 leads would be" in ingest("retention", "--days", "90", "--dry-run").output
    done = ingest("retention", "--days", "90")
    assert "2 leads anonymised" in done.output
    assert "kept: 1 lead." in done.stderr
    assert "1 lead anonymised" in ingest("retention", "--days", "90", "--held").output
    assert sum(1 for row in rows(inbox, events) if row.erased_at) == 3


def test_leads_are_found_by_a_number_however_it_is_written(inbox: Inbox) -> None:
    """`--phone` takes what people copy."""
    [lead] = post(inbox, event())

    def know(connection: Any, items: Any) -> list[None]:
        connection.execute(events.update().values(phone="+919876543210"))
        return [None for _ in items]

    inbox.write(know, None)
    for spelling in ("+919876543210", "098765 43210", "9876543210"):
        assert [one["id"] for one in json.loads(ingest("leads", "--json", "--phone", spelling).stdout)] == [lead]


def test_a_lead_that_nobody_has_translated_yet_is_found_by_its_number_and_shown_with_it(inbox: Inbox) -> None:
    """Suspected spam, or what a paused account keeps: people see whose it is."""
    body = json.dumps({"name": "Asha", "phone": "98765-43210"}).encode()
    lead, _ = post(inbox, event(body=body, hold=Reason.SUSPECTED_SPAM), event(body=b'{"phone": "9876543211"}'))
    [found] = json.loads(ingest("leads", "--json", "--phone", "+919876543210").stdout)
    assert (found["id"], found["name"], found["phone"]) == (lead, "Asha", "98765-43210")
    assert "raw" not in found
    assert "Asha" in ingest("leads").output


def test_a_replay_that_finds_nothing_says_where_the_lead_stands(inbox: Inbox) -> None:
    """A lead behind a paused account is neither sent nor on its way."""
    [lead] = post(inbox, event())
    ingest("pause", "default")
    assert "its account is no longer paused" in ingest("replay", lead).stderr
    assert "`ingest resume default`" in ingest("explain", lead).output


def test_an_erased_lead_is_recognised_and_not_replayed(inbox: Inbox) -> None:
    """There is nothing left that could be sent."""
    [lead] = post(inbox, event(body=b'{"phone": "9876543210"}'))
    ingest("forget", "9876543210")
    assert "0 deliveries replayed" in ingest("replay", lead).output
    assert "data was erased at" in ingest("explain", lead).output
