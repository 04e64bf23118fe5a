"""Mappings that change while the program runs: what is broken holds leads, says so everywhere, and is mended alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

MAPPING = """
channel: form
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
  source: Website
"""
BROKEN = MAPPING.replace("lead.name }}", "lead.name | nonsense }}")
NO_INTAKE = MAPPING.replace("channel: form", "channel: from")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, "--sandbox")
    program.mapping("website", MAPPING)
    program.mapping("other", MAPPING.replace("welcome", "other"))
    with program:
        yield program


def post(program: Program, number: int, endpoint: str = "website") -> None:
    """A lead, which is taken."""
    answer = program.post(endpoint, data={"name": f"Asha {number}", "phone": f"98765{number:05}"})
    assert answer.status_code == 200, answer.text


def broken(program: Program) -> dict[str, Any]:
    """What `/readyz` lists, by endpoint."""
    answer = requests.get(f"{program.url}/readyz", timeout=10)
    assert answer.status_code == 200
    told = answer.json()["mappings"]
    assert told["broken"] == [one["endpoint"] for one in told["findings"]]
    return {one["endpoint"]: one for one in told["findings"]}


def logged(program: Program, event: str) -> list[dict[str, Any]]:
    """The lines of the log that tell this."""
    lines = (program.folder / "log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return [one for one in told if one["event"] == event]


def test_a_mapping_that_breaks_holds_its_leads_until_it_is_mended(program: Program) -> None:
    """Nobody restarts anything: it is told in the log and by /readyz, others go on, and the held leads go out."""
    post(program, 1)
    program.received(1)
    program.mapping("website", BROKEN)
    told = wait_until(lambda: broken(program), "the broken mapping")["website"]
    assert (told["code"], told["place"].endswith("website.yaml:6:14")) == ("unknown_filter", True)
    wait_until(lambda: len(logged(program, "mapping_broken")) == 2, "one line of each process")
    post(program, 2)
    post(program, 3, "other")
    program.received(2)
    [held] = wait_until(lambda: program.leads("--sandbox", "--reason", "mapping_broken"), "the held lead")
    assert "website.yaml:6:14" in held["deliveries"][0]["error"]
    lines = [(one["endpoint"], one["code"], one["count"]) for one in logged(program, "mapping_broken")]
    assert lines == [("website", "unknown_filter", 1)] * 2
    program.mapping("website", MAPPING)
    assert len(program.received(3)) == 3
    wait_until(lambda: not broken(program), "the mended mapping")
    assert wait_until(lambda: len(logged(program, "mapping_mended")) == 2, "one line of each process")
    assert len(logged(program, "mapping_broken")) == 2
    told = json.loads(program.command("explain", held["id"], "--sandbox", "--json").stdout)
    assert told["deliveries"][0]["version"] == told["mapping"]


def test_an_intake_that_is_broken_at_a_restart_takes_leads_as_when_it_was_good(program: Program) -> None:
    """From the store: what senders post is not lost because a file has a slip. What never was good answers 503."""
    post(program, 1)
    program.received(1)
    program.stop()
    program.mapping("website", NO_INTAKE)
    program.mapping("never", NO_INTAKE)
    program.start()
    post(program, 2)
    assert program.post("never", data={"phone": "1"}).status_code == 503
    assert set(broken(program)) == {"never", "website"}
    assert len(program.received(1)) == 1  # of this start: its translation is none the worse


def test_a_file_that_comes_is_an_endpoint_and_one_that_goes_is_none(program: Program) -> None:
    """At once, and its leads go out."""
    assert program.post("new", data={"phone": "9876500001"}).status_code == 404
    program.mapping("new", MAPPING)
    wait_until(
        lambda: program.post("new", data={"phone": "9876500001", "name": "A"}).status_code == 200, "the endpoint"
    )
    program.received(1)
    (program.folder / "mappings" / "new.yaml").unlink()
    wait_until(lambda: program.post("new", data={"phone": "9876500001"}).status_code == 404, "its end")
    wait_until(lambda: len(logged(program, "mapping_gone")) == 2, "one line of each process")


def test_a_folder_that_is_away_costs_no_lead(program: Program) -> None:
    """Leads are taken and sent as before, and it is said."""
    away = program.folder / "away"
    (program.folder / "mappings").rename(away)
    wait_until(lambda: broken(program), "the missing folder")
    post(program, 1)
    program.received(1)
    away.rename(program.folder / "mappings")
    wait_until(lambda: not broken(program), "its return")
