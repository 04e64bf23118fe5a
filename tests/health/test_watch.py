from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.catalog import LiveCatalog
from ingest.delivery.worker import Worker
from ingest.health import versions, watch
from ingest.health.watch import Watch
from ingest.models import Via
from ingest.sandbox import Sandbox
from tests.health.clinic import FACEBOOK, PAGE, Clinic
from tests.inbox.helpers import in_threads, wait_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REGULAR = [3 * DAY + number * 6 * HOUR for number in range(10)]
"""Leads that came every six hours, the last three days ago."""


@pytest.fixture
def clinic(store: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    """The same, on both stores in turn."""
    with Sandbox() as box:
        clinic = Clinic(store, tmp_path, box, monkeypatch)
        clinic.leads(HOUR)
        yield clinic
        clinic.inbox.close()


def look(clinic: Clinic) -> list[tuple[str, str, str]]:
    """What one look logs: event, code, subject."""
    own = clinic.own
    with capture_logs() as logs:
        Watch(own, clinic.inbox, LiveCatalog(own.mappings, "IN")).run()
    return [(one["event"], one["code"], one["subject"]) for one in logs if one["event"].startswith("watch_")]


def test_what_is_well_is_not_told(clinic: Clinic) -> None:
    """Nobody reads a log that says every hour that nothing is wrong."""
    assert look(clinic) == []
    assert clinic.inbox.open_findings() == []


def test_the_doctor_reads_both_stores(clinic: Clinic) -> None:
    """What it asks of the store is understood by both."""
    clinic.leads(*REGULAR, form_id="77")
    assert list(clinic.found()) == ["form_silent"]


def test_a_finding_is_told_once_and_again_when_it_is_well(clinic: Clinic) -> None:
    """Also over a restart: what was told is in the store."""
    clinic.box.unsubscribe(PAGE)
    subject = f"page {PAGE}"
    assert look(clinic) == [("watch_fault", "page_unsubscribed", subject)]
    assert look(clinic) == []
    (open_,) = clinic.inbox.open_findings()
    assert (open_.area, open_.verdict, open_.subject) == ("facebook", "fault", subject)
    assert "ingest facebook connect" in open_.mend
    clinic.box.state.leads.subscribe(PAGE, {"id": "1", "subscribed_fields": ["leadgen"]})
    assert look(clinic) == [("watch_recovered", "page_unsubscribed", subject)]
    assert clinic.inbox.open_findings() == []


def test_a_token_is_told_of_seven_days_before_it_expires_and_again_when_it_has(clinic: Clinic) -> None:
    """Each is told once; that days go by is no news."""
    name = "FACEBOOK_ACCESS_TOKEN"
    clinic.box.token("user-token", expires_at=int(time.time()) + 6 * 86_400)
    assert look(clinic) == [("watch_warning", "token_expires", name)]
    assert look(clinic) == []
    clinic.box.token("user-token", expires_at=int(time.time()) - 1)
    assert look(clinic) == [("watch_fault", "token_invalid", name), ("watch_recovered", "token_expires", name)]


def test_where_meta_does_not_answer_all_stays_as_it_was(clinic: Clinic) -> None:
    """That nobody could be asked is neither a finding nor a recovery."""
    clinic.box.unsubscribe(PAGE)
    look(clinic)
    clinic.box.fail(where="graph", status=500, body={"error": {"code": 2, "message": "down"}})
    assert look(clinic) == []
    assert [one.code for one in clinic.inbox.open_findings()] == ["page_unsubscribed"]
    clinic.box.clear()
    assert look(clinic) == []


def test_a_form_that_used_to_bring_leads_and_is_silent_is_told(clinic: Clinic) -> None:
    """Leads came every six hours, and none for three days; the next one ends it."""
    clinic.leads(*REGULAR, form_id="77")
    assert look(clinic) == [("watch_warning", "form_silent", "form 77")]
    assert look(clinic) == []
    clinic.leads(timedelta(minutes=1), form_id="77")
    assert look(clinic) == [("watch_recovered", "form_silent", "form 77")]


@pytest.mark.parametrize(
    ("ages", "why"),
    [
        (REGULAR[:4], "four leads are no rhythm"),
        ([20 * HOUR + number * HOUR for number in range(10)], "less than a day is a night"),
        ([3 * DAY, 5 * DAY, 7 * DAY, 9 * DAY, 11 * DAY], "three days are usual here"),
        ([3 * DAY, *(40 * DAY + number * HOUR for number in range(10))], "what is older than 30 days does not count"),
    ],
)
def test_a_form_whose_pause_is_usual_is_not_told(clinic: Clinic, ages: list[timedelta], why: str) -> None:
    """Silent is what is longer than three times the longest pause, and than a day, after five leads or more."""
    clinic.leads(*ages, form_id="77")
    assert look(clinic) == [], why


def test_leads_that_a_person_took_in_are_no_rhythm(clinic: Clinic) -> None:
    """A back-fill of a form that was never connected is no promise of more."""
    clinic.leads(*REGULAR, form_id="77", via=Via.BACKFILL)
    assert look(clinic) == []


def test_a_form_that_was_archived_may_be_silent(clinic: Clinic) -> None:
    """Who is done with a form says so at Meta."""
    clinic.leads(*REGULAR, form_id="77")
    archived = {"id": "77", "status": "ARCHIVED"}
    clinic.box.fail(where="graph", lead="77", status=200, body=archived)
    assert look(clinic) == []


def test_a_token_that_nobody_needs_is_not_missed(clinic: Clinic) -> None:
    """Without a page and a lead, a facebook mapping is one that nobody has set up yet."""
    clinic.monkeypatch.delenv("FACEBOOK_ACCESS_TOKEN")
    assert look(clinic) == [("watch_fault", "token_unset", "FACEBOOK_ACCESS_TOKEN")]
    clinic.write("other", FACEBOOK.replace("facebook", "form"))
    (clinic.folder / "mappings" / "fb.yaml").unlink()
    assert look(clinic) == [], "what is gone has not recovered"
    assert clinic.inbox.open_findings() == []


def test_one_worker_of_many_looks(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, Meta is asked once an hour."""
    monkeypatch.setattr(watch, "FIRST", timedelta(0))
    own = clinic.own
    live = LiveCatalog(own.mappings, "IN")
    assert sorted(in_threads(8, lambda _: Watch(own, clinic.inbox, live).is_due())) == [False] * 7 + [True]  # type: ignore[type-var]


def test_the_worker_watches(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that runs looks by itself, and hangs on nothing that it asks."""
    monkeypatch.setattr(watch, "FIRST", timedelta(0))
    clinic.box.unsubscribe(PAGE)
    worker = Worker(clinic.own, clinic.inbox, "w1")
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        (found,) = wait_until(clinic.inbox.open_findings, "the finding")
    finally:
        worker.stop()
        thread.join()
    assert found.code == "page_unsubscribed"


@pytest.mark.parametrize(
    ("url", "day", "code"),
    [
        ("https://graph.facebook.com/v21.0", date(2026, 10, 22), "version"),
        ("https://graph.facebook.com/v21.0", date(2026, 10, 23), "version_ends"),
        ("https://graph.facebook.com/v21.0/", date(2027, 1, 20), "version_ends"),
        ("https://graph.facebook.com/v21.0", date(2027, 1, 21), "version_ended"),
        ("https://graph.facebook.com/v9.0", date(2026, 11, 1), "version_ended"),
        ("https://graph.facebook.com/v26.0", date(2030, 1, 1), "version"),
        ("https://graph.facebook.com/v31.0", date(2026, 11, 1), "version"),
        ("https://graph.facebook.com", date(2026, 11, 1), "version_unnamed"),
    ],
)
def test_a_version_is_told_of_ninety_days_before_it_ends(url: str, day: date, code: str) -> None:
    """And is a fault from the day of its end; one that we do not know yet is newer, and well."""
    assert versions.version(url, day).code == code
