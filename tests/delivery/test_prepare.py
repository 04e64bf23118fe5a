from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.catalog import LiveCatalog
from ingest.delivery.policy import quiet_until
from ingest.delivery.prepare import Prepared, prepare
from ingest.models import Delivery, Event, Identity, Status, utcnow

FORM = """
channel: form
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
  source: "{{ lead.source }}"
"""
FACEBOOK = FORM.replace("form", "facebook", 1).replace("lead.phone", "lead.phone_number")


def prepared(folder: Path, mapping: str, channel: str = "form", tried: str = "", **fields: Any) -> Prepared:
    """What becomes of a lead with these fields."""
    (folder / "website.yaml").write_text(mapping)
    body = {"phone": "98765 43210", "phone_number": "98765 43210", "name": "Asha Rao"} | fields
    event = Event("e1", "website", channel, utcnow(), Identity((), "x1"), json.dumps(body).encode())
    return prepare(
        Delivery("d1", event, Status.PENDING, "default", tried=tried), LiveCatalog(folder, "IN").current(), "w1"
    )


def test_a_good_lead_is_ready_with_all_that_the_store_shall_keep(tmp_path: Path) -> None:
    """The request as it will leave, and beside it campaign, route, name and phone for lists and searches."""
    ready = prepared(tmp_path, FORM, tried="older").ready
    assert ready is not None
    assert ready.request == {"campaignName": "welcome", "destination": "+919876543210", "userName": "Asha Rao"}
    assert json.loads(ready.kept["request"]) == ready.request
    assert (ready.kept["campaign"], ready.kept["account"], ready.on_timeout) == ("welcome", "default", "hold")
    assert ready.event == {"name": "Asha Rao", "phone": "+919876543210"}
    assert (len(ready.kept["version"]), "tried" in ready.kept) == (12, False)


@pytest.mark.parametrize(
    ("mapping", "fields", "status", "reason"),
    [
        (FORM, {"phone": "123"}, "held", "phone_invalid"),
        (FORM, {"phone": "9876543210 / 9123456789"}, "held", "phone_ambiguous"),
        (FORM, {"name": ""}, "held", "missing_value"),
        (FORM + "routes: [{when: lead.city == 'Pune'}]\n", {}, "held", "no_route"),
        (FORM + "policy: {consent: lead.optin | yes}\n", {}, "skipped", "no_consent"),
        ("channel: form\nrequest: {campaignName: a}\n", {}, "held", "mapping_broken"),
        ("channel: form\n  bad yaml: [", {}, "held", "mapping_broken"),
    ],
)
def test_a_lead_that_cannot_leave_says_why(
    *, tmp_path: Path, mapping: str, fields: dict[str, Any], status: str, reason: str
) -> None:
    """Each with its status and reason, not to be taken up again by itself, and without its people in the message."""
    move = prepared(tmp_path, mapping, **fields).move
    assert move is not None
    values = move.values
    assert (values["status"], values["reason"], values["due_at"], values["owner"]) == (status, reason, None, None)
    assert "98765" not in values["error"]
    assert "Asha" not in values["error"]
    assert len(values["version"]) == 12
    assert ("tried" in values) is (status == "held" and reason != "mapping_broken")
    assert (move.before, move.owner, move.event_id) == (Status.PENDING, "w1", "e1")


def test_a_lead_without_mapping_waits_for_its_file(tmp_path: Path) -> None:
    """A file that was removed or renamed: its leads are held, and say what to do."""
    event = Event("e1", "gone", "form", utcnow(), Identity((), "x1"), b"{}")
    move = prepare(Delivery("d1", event, Status.PENDING, "default"), LiveCatalog(tmp_path, "IN").current(), "w1").move
    assert move is not None
    assert move.values["reason"] == "mapping_broken"
    assert "no mapping for gone" in move.values["error"]


def test_metas_test_lead_is_shown_and_never_sent(tmp_path: Path) -> None:
    """Skipped, whatever else is wrong with it."""
    (tmp_path / "website.yaml").write_text(FACEBOOK)
    lead = {
        "id": "1",
        "created_time": "2026-11-23T10:00:00+0000",
        "field_data": [{"name": "full_name", "values": ["<test lead: dummy data for full_name>"]}],
    }
    event = Event("e1", "website", "facebook", utcnow(), Identity((), "1"), b'{"leadgen_id": "1"}')
    delivery = Delivery("d1", event, Status.PENDING, "default", lead=json.dumps(lead).encode())
    move = prepare(delivery, LiveCatalog(tmp_path, "IN").current(), "w1").move
    assert move is not None
    assert (move.values["status"], move.values["reason"]) == ("skipped", "test_lead")
    assert move.event["lead"] == delivery.lead


def test_in_quiet_hours_a_lead_waits_for_their_end(tmp_path: Path) -> None:
    """Waiting, with the time, and shown with its campaign."""
    now = utcnow()
    start, end = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 2))
    ready = prepared(tmp_path, f'{FORM}policy: {{quiet_hours: {{from: "{start}", to: "{end}", zone: UTC}}}}\n').ready
    assert ready is not None
    until = quiet_until(ready.quiet_hours, now)
    assert until is not None
    assert timedelta(hours=1, minutes=58) < until - now <= timedelta(hours=2)
