"""One lead, a welcome and a note to the sales person, in the running program."""

from pathlib import Path
from typing import Any

import requests

from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

MAPPING = """
extends: ../_base.yaml
channel: form
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
routes:
  - {name: welcome, continue: true}
  - name: sales
    request: {campaignName: sales_note, destination: "+919999900000", userName: Sales}
    policy: {consent: null}
"""
BASE = """
request: {source: Website}
policy: {consent: lead.optin | yes}
"""


def test_a_crash_between_the_two_is_told_of_the_one_that_was_under_way(tmp_path: Path) -> None:
    """The worker is killed while the welcome is sent: that one is ambiguous; the note was, or is, sent once."""
    program = Program(tmp_path, "--sandbox")
    program.mapping("_base", BASE)
    program.mapping("acme/website", MAPPING)
    with program:

        def stands(*wanted: str) -> dict[str, Any] | None:
            [lead] = program.leads("--sandbox")
            return lead if [one["status"] for one in lead["deliveries"]] == list(wanted) else None

        hang = {"next": 1, "delay": 60, "campaign": "welcome"}
        requests.post(f"{program.box}/control/fail", json=hang, timeout=10).raise_for_status()
        answer = program.post("acme/website", data={"name": "Asha", "phone": "98765 43210", "optin": "yes"})
        assert answer.status_code == 200, answer.text
        wait_until(lambda: stands("sending", "sent"), "the welcome under way, and the note")
        program.child("worker").kill()
        lead = wait_until(lambda: stands("held", "sent"), "the end of both") or {}
        assert [one["reason"] for one in lead["deliveries"]] == ["ambiguous", None]
        told = program.command("explain", lead["id"], "--sandbox").stdout
        assert "held (ambiguous)" in told
        assert "route welcome" in told
        assert "route sales" in told
        assert [body["campaignName"] for body in program.received(1)].count("sales_note") == 1
        assert program.command("replay", lead["id"], "--sandbox", "--yes").returncode == 0
        wait_until(lambda: stands("sent", "sent"), "the welcome, after a person said so")
        assert [body["campaignName"] for body in program.received(2)].count("sales_note") == 1
