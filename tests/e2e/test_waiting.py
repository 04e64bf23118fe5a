"""Callers that wait for an outcome keep nobody else from posting."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from ingest.web.waiting import SEATS
from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

REQUEST = """
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
"""
CALLERS = 32
TOKEN = {"Authorization": "Bearer sandbox-zapier-token"}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, "--sandbox")
    program.mapping("zapier", f"channel: zapier\nauth: {{token: ZAPIER_TOKEN}}{REQUEST}")
    program.mapping("website", f"channel: form{REQUEST}")
    with program:
        yield program


def call(program: Program, number: int, query: str = "") -> dict[str, Any]:
    """One lead of a Zap; what its answer tells of it."""
    lead = {"name": "Asha", "phone": f"98765{number:05}"}
    answer = program.post(f"zapier{query}", json=lead, headers=TOKEN)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()["leads"][0]
    return told


def test_those_who_wait_while_aisensy_hangs_keep_nobody_else_from_posting(program: Program) -> None:
    """Beyond the seats callers are answered at once; other leads are taken; and all who wait get their answer."""
    for fault in ({"next": 1, "hang": 60}, {"delay": 60}):  # the first is never answered, the others late
        requests.post(f"{program.box}/control/fail", json=fault, timeout=10).raise_for_status()
    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(call, program, number, "?wait=10") for number in range(CALLERS)]
        wait_until(lambda: len(done(calls)) == CALLERS - SEATS, "the answers of those who found no seat")
        at_once = [one.result()["deliveries"][0]["status"] for one in done(calls)]
        for number in range(10):
            assert call(program, 1000 + number)["status"] == "accepted"
            form = {"name": "Ben", "phone": f"98764{number:05}"}
            assert program.post("website", data=form).status_code == 200
        assert len(done(calls)) == CALLERS - SEATS
        requests.delete(f"{program.box}/control/fail", timeout=10).raise_for_status()
        outcomes = [one.result()["deliveries"][0] for one in calls]
    assert set(at_once) <= {"pending", "sending"}
    told = [one for one in outcomes if one["status"] not in {"pending", "sending"}]
    assert len(told) == SEATS
    assert {(one["status"], one["reason"]) for one in told} <= {("sent", None), ("held", "ambiguous")}
    assert all(one["error"] for one in told if one["status"] == "held")
    assert len(program.received(CALLERS + 20)) == CALLERS + 20


def done(calls: list[Future[dict[str, Any]]]) -> list[Future[dict[str, Any]]]:
    """The calls that are answered."""
    return [one for one in calls if one.done()]
