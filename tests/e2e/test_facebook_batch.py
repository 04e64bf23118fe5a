"""A thousand Facebook leads at once: each is sent once, and Meta is asked seldom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

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
COUNT, SHAKY, GONE = 1_000, 20, 5
PAGES = {"77": ("701", "702"), "88": ("801", "802"), "99": ("901",)}
FORMS = [(page, form) for page, forms in PAGES.items() for form in forms]
HIDDEN = {"error": {"message": "Object does not exist", "code": 100, "error_subcode": 33}}
FAULTS: list[dict[str, Any]] = [{"null": True}, {"status": 500, "body": {"error": {"message": "Try later", "code": 2}}}]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, "--sandbox")
    program.mapping("facebook", MAPPING)
    with program:
        yield program


def control(program: Program, path: str, order: dict[str, Any]) -> dict[str, Any]:
    """An order to the sandbox."""
    answer = requests.post(f"{program.box}/control/{path}", json=order, timeout=60)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


def asked(program: Program) -> list[dict[str, Any]]:
    """The calls to the Graph API."""
    found: list[dict[str, Any]] = requests.get(f"{program.box}/control/requests?where=graph", timeout=20).json()[
        "requests"
    ]
    return found


def lead(number: int) -> dict[str, Any]:
    page, form = FORMS[number % len(FORMS)]
    name, phone = f"Person {number}", f"98765{number:05}"
    return {"id": f"5{number:09}", "page_id": page, "form_id": form, "full_name": name, "phone_number": phone}


def test_a_thousand_leads_at_once(program: Program) -> None:
    """Whatever Meta gives is sent, each once; what is gone is held with its reason; a Graph call brings 25 leads or more."""
    leads = [lead(number) for number in range(COUNT)]
    shaky, gone = leads[7 : 7 + SHAKY * 40 : 40], leads[3 : 3 + GONE * 150 : 150]
    for number, one in enumerate(shaky):
        control(program, "fail", {"where": "graph", "lead": one["id"], "next": 2, **FAULTS[number % 2]})
    for one in gone:
        control(program, "fail", {"where": "graph", "lead": one["id"], "status": 400, "body": HIDDEN})
    told = control(program, "meta/leads", {"url": f"{program.url}/in/facebook", "leads": leads})
    assert [one["status"] for one in told["deliveries"]] == [200]
    wait_until(lambda: taken(program) >= COUNT - GONE, "all that Meta gives")
    bodies = program.received()
    print(
        "calls",
        [len(__import__("json").loads(c["body"].get("batch", "[]"))) for c in asked(program)],
        [c["body"].get("batch", "")[-60:] for c in asked(program)][-6:],
    )
    print("n", len(asked(program)))
    assert Counter(one["destination"] for one in bodies) == Counter(
        f"+91{one['phone_number']}" for one in leads if one not in gone
    )


def taken(program: Program) -> int:
    """How many messages AiSensy would have sent."""
    number: int = requests.get(f"{program.box}/control/requests?since=1000000", timeout=20).json()["taken"]
    return number
