"""Webhooks that never came: noticed by the worker itself, and taken in by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from ingest.models import utcnow
from ingest.sandbox.leads import graph_time
from tests.e2e.program import Program, free_port
from tests.inbox.helpers import wait_until

MAPPING = """
channel: facebook
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
  source: "{{ lead.form_name }}"
"""


def make(program: Program, numbers: range, *, told: bool = True, days_ago: int = 0, minutes_ago: int = 10) -> list[str]:
    """Leads at Meta, with webhooks or without."""
    url = program.url if told else f"http://127.0.0.1:{free_port()}"
    leads = [
        {
            "full_name": f"Lead {number}",
            "phone_number": f"98765{number:05}",
            "created_time": graph_time(utcnow() - timedelta(days=days_ago, minutes=minutes_ago)),
        }
        for number in numbers
    ]
    order = {"url": f"{url}/in/facebook", "leads": leads, "retries": 0}
    answer = requests.post(f"{program.box}/control/meta/leads", json=order, timeout=60).json()
    ids: list[str] = answer["ids"]
    return ids


def statuses(program: Program) -> dict[str, tuple[str, Any]]:
    """Each lead's status and reason, by Meta's id."""
    return {
        lead["external_id"]: (lead["deliveries"][0]["status"], lead["deliveries"][0]["reason"])
        for lead in program.leads("--sandbox")
    }


def test_half_of_all_webhooks_thrown_away_lose_no_lead_and_double_none(tmp_path: Path) -> None:
    """The worker asks Meta by itself, and a person can ask again as often as he likes."""
    program = Program(tmp_path, "--sandbox", INGEST_RECONCILE="1")
    program.mapping("facebook", MAPPING)
    with program:
        ids = make(program, range(30)) + make(program, range(30, 60), told=False)
        wait_until(lambda: set(statuses(program)) == set(ids), "all leads")
        bodies = program.received(60)
        assert sorted(body["userName"] for body in bodies) == sorted(f"Lead {number}" for number in range(60))
        again = json.loads(program.command("backfill", "facebook", "--sandbox", "--json").stdout)
        assert [(form["meta"], form["known"], form["new"]) for form in again["forms"]] == [(60, 60, 0)]
        assert len(program.received(60)) == 60


def test_a_lost_lead_of_somebody_who_is_forgotten_is_not_messaged(tmp_path: Path) -> None:
    """Of a person's two leads one webhook is lost: after `forget` no back-fill brings the person back."""
    program = Program(tmp_path, "--sandbox", INGEST_RECONCILE="0")
    program.mapping("facebook", MAPPING)
    with program:
        (told,) = make(program, range(1))
        program.received(1)
        (lost,) = make(program, range(1), told=False)
        assert program.command("forget", "--sandbox", "+919876500000").returncode == 0
        looked = json.loads(program.command("backfill", "facebook", "--sandbox", "--dry-run", "--json").stdout)
        assert looked["forms"][0]["would_be"] == {"skipped discarded": 1}
        assert "1 lead is new" in program.command("backfill", "facebook", "--sandbox").stdout
        wait_until(lambda: statuses(program).get(lost) == ("skipped", "discarded"), "the lost lead")
        (found,) = [lead for lead in program.leads("--sandbox") if lead["external_id"] == lost]
        assert (found["name"], found["phone"]) == (None, None)
        assert "98765" not in program.command("explain", "--sandbox", lost).stdout
        (again,) = make(program, range(1), minutes_ago=0)
        wait_until(lambda: statuses(program).get(again) == ("sent", None), "the lead of a new beginning")
        assert set(statuses(program)) == {told, lost, again}


def test_what_is_old_is_held_and_who_is_forgotten_stays_so(tmp_path: Path) -> None:
    """Leads of last month are taken in and not messaged, unless the person says so."""
    program = Program(tmp_path, "--sandbox", INGEST_RECONCILE="0")
    program.mapping("facebook", MAPPING)
    with program:
        (told,) = make(program, range(1))
        program.received(1)
        assert program.command("forget", "--sandbox", "+919876500000").returncode == 0
        (old,) = make(program, range(1, 2), told=False, days_ago=30)
        (recent,) = make(program, range(2, 3), told=False)
        looked = json.loads(
            program.command("backfill", "facebook", "--sandbox", "--since", "60d", "--dry-run", "--json").stdout
        )
        assert looked["forms"][0]["would_be"] == {"held too_old": 1, "sent": 1}
        assert set(statuses(program)) == {told}
        done = program.command("backfill", "facebook", "--sandbox", "--since", "60d")
        assert (done.returncode, "2 leads are new" in done.stdout) == (0, True), done.stdout
        wait_until(lambda: statuses(program).get(recent) == ("sent", None), "the recent lead")
        wait_until(lambda: statuses(program).get(old) == ("held", "too_old"), "the old lead")
        (older,) = make(program, range(3, 4), told=False, days_ago=40)
        done = program.command("backfill", "facebook", "--sandbox", "--since", "60d", "--send-old")
        assert "\n1 lead is new; " in done.stdout
        wait_until(lambda: statuses(program).get(older) == ("sent", None), "the old lead that is wanted")
        assert len(program.received(3)) == 3
