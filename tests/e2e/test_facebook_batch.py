"""A thousand Facebook leads at once: each is sent once, and Meta is asked seldom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.meta import batches, control, taken, tell
from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

MAPPING = """
channel: facebook
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
  tags: ["{{ lead.page_name }}", "{{ lead.form_name }}"]
"""
PAGES = {"77": ("701", "702"), "88": ("801", "802"), "99": ("901",)}
FORMS = [(page, form) for page, forms in PAGES.items() for form in forms]
COUNT, SHAKY, GONE = 1_000, 20, 5
PER_CALL = 25  # leads, at least
HIDDEN = {"error": {"message": "Object does not exist", "code": 100, "error_subcode": 33}}
FAULTS: list[dict[str, Any]] = [{"null": True}, {"status": 500, "body": {"error": {"message": "Try later", "code": 2}}}]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, "--sandbox")
    program.mapping("facebook", MAPPING)
    with program:
        yield program


def lead(number: int) -> dict[str, Any]:
    page, form = FORMS[number % len(FORMS)]
    name, phone = f"Person {number}", f"98765{number:05}"
    return {"id": f"5{number:09}", "page_id": page, "form_id": form, "full_name": name, "phone_number": phone}


def test_a_thousand_leads_at_once(program: Program) -> None:
    """Whatever Meta gives is sent, each once; what it hides is held with its reason; a call brings 25 leads or more."""
    leads = [lead(number) for number in range(COUNT)]
    shaky, gone = leads[7 : 7 + SHAKY * 40 : 40], leads[3 : 3 + GONE * 150 : 150]
    for number, one in enumerate(shaky):
        control(program, "fail", {"where": "graph", "lead": one["id"], "next": 2, **FAULTS[number % 2]})
    for one in gone:
        control(program, "fail", {"where": "graph", "lead": one["id"], "status": 400, "body": HIDDEN})

    assert len(tell(program, leads)["deliveries"]) == 1, "one POST"
    wait_until(lambda: taken(program) >= COUNT - GONE, "all that Meta gives")

    bodies = program.received()
    there = [one for one in leads if one not in gone]
    assert Counter(one["destination"] for one in bodies) == Counter(f"+91{one['phone_number']}" for one in there)
    pages = {f"+91{one['phone_number']}": [f"Page {one['page_id']}", f"Form {one['form_id']}"] for one in leads}
    assert all(one["tags"] == pages[one["destination"]] for one in bodies)

    held = {one["external_id"]: one["deliveries"] for one in program.leads("--sandbox", "--status", "held")}
    assert held.keys() == {one["id"] for one in gone}
    for [delivery] in held.values():
        assert (delivery["status"], delivery["reason"]) == ("held", "lead_gone")
        assert "100/33" in delivery["error"]

    calls = [paths for paths in batches(program) if "field_data" in paths[0]]
    assert len(calls) <= COUNT / PER_CALL, [len(paths) for paths in calls]
