from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from ingest.cli import cli

FORM = """channel: form
form:
  origins: [https://acme.example]
  fields:
    phone: {label: WhatsApp number, type: phone, required: true}
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name | default('friend') }}"
policy:
  max_age: 24h
  quiet_hours: {from: "21:00", to: "09:00", zone: Asia/Kolkata}
tests:
"""
GOOD = """  - {name: fine, lead: {phone: "9876543210"}, expect: {userName: friend}}
"""
BAD = """  - name: wrong
    lead: {phone: "9876543210", name: Asha}
    expect:
      userName: Ravi
      destination: "+919876543210"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with mappings/, as a user has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INGEST_MAPPINGS", "mappings")
    (tmp_path / "mappings").mkdir()
    return tmp_path


def said(*arguments: str, **mappings: str) -> Result:
    """What `ingest test` says of these mappings."""
    for name, text in mappings.items():
        Path("mappings", f"{name}.yaml").write_text(text, encoding="utf-8")
    return CliRunner().invoke(cli, ["test", *arguments])


def test_what_passes_is_counted_and_what_is_not_covered_is_told() -> None:
    """A line for each mapping, then what no test took; all of that is no failure."""
    told = said(site=FORM + GOOD)
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "site  1 test  routes 1/1  branches 1/2   66 %",
        "mappings/site.yaml:9:14: not_covered `lead.name` was never there before `default('friend')`",
    ]
    assert told.stderr == "1 passed, 0 failed\n"


def test_what_fails_is_told_with_line_and_difference() -> None:
    """A failure is a line that editors can jump to, then what was expected and what came; without colours in a pipe."""
    told = said(site=FORM + BAD)
    assert told.exit_code == 1
    assert told.stdout.splitlines()[:3] == [
        "mappings/site.yaml:17:17: test_failed wrong: `userName` is not as expected",
        "  - userName: Ravi",
        "  + userName: Asha",
    ]
    assert told.stderr == "0 passed, 1 failed\n"


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal what was expected is red and what came is green, unless NO_COLOR is set."""
    Path("mappings/site.yaml").write_text(FORM + BAD)
    assert "\x1b[31m- userName: Ravi\x1b[0m" in CliRunner().invoke(cli, ["test"], color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(cli, ["test"], color=True).stdout.partition("site  1")[0]


def test_only_the_mappings_that_are_named_are_tested() -> None:
    """NAMES are endpoints or files, each tested once; another name is wrong usage."""
    told = said("good", "mappings/good.yaml", good=FORM + GOOD, bad=FORM + BAD)
    assert (told.exit_code, told.stderr) == (0, "1 passed, 0 failed\n")
    assert said("nothing").exit_code == 2


def test_a_mapping_without_tests_is_told_so() -> None:
    """No tests are no failure, and one line says it."""
    told = said(site=FORM.removesuffix("tests:\n"))
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "site  0 tests  routes 0/1  branches 0/2    0 %",
        "mappings/site.yaml:1:1: not_covered the mapping has no tests",
    ]


def test_broken_mappings_and_tests_are_findings() -> None:
    """What can't be run is told with its place, and is a failure of the whole; the others are tested."""
    told = said(
        bad="channel: form\nrequest: {campaignName: '{{ }}'}\n",
        odd=f"{FORM}  - {{name: odd, lead: {{}}, expects: 1, expect: {{}}}}\n{GOOD}",
    )
    assert told.exit_code == 1
    assert "mappings/bad.yaml:2:" in told.stdout
    assert "mappings/odd.yaml:14:" in told.stdout
    assert "odd  1 test " in told.stdout
    assert "bad  " not in told.stdout
    assert told.stderr == "1 passed, 0 failed\n"


@pytest.mark.parametrize(("percent", "code"), [("66", 0), ("67", 1), ("0", 0), ("100", 1), ("101", 2), ("x", 2)])
def test_a_minimum_can_be_set(percent: str, code: int) -> None:
    """`--cover` fails where a mapping is covered less, and says which."""
    told = said("--cover", percent, site=FORM + GOOD)
    assert told.exit_code == code
    assert ("site is covered by 66 %, less than" in told.stderr) is (code == 1)


def test_json_has_results_and_coverage() -> None:
    """Programs get everything that people get."""
    told = said("--json", site=FORM + GOOD + BAD)
    assert told.exit_code == 1
    found: dict[str, Any] = json.loads(told.stdout)
    assert (found["passed"], found["failed"], found["findings"]) == (1, 1, [])
    (mapping,) = found["mappings"]
    assert mapping["coverage"] == {
        "routes": {"taken": 1, "total": 1},
        "branches": {"taken": 2, "total": 2},
        "percent": 100.0,
        "not_covered": [],
    }
    fine, wrong = mapping["tests"]
    assert (fine["passed"], fine["faults"]) == (True, [])
    assert wrong["faults"] == [
        {
            "file": "mappings/site.yaml",
            "line": 18,
            "column": 17,
            "message": "`userName` is not as expected",
            "diff": ["- userName: Ravi", "+ userName: Asha"],
        }
    ]


def test_junit_is_xml_whatever_the_texts_hold() -> None:
    """CI reads a suite for each mapping, with the place, the difference and the time of each test."""
    odd = """  - name: "a \\u0001 < & \\ufffe \\n b"
    lead: {phone: "9876543210", name: "]]>"}
    expect: {userName: "\\u0007"}
"""
    told = said("--junit", "out/junit.xml", site=FORM + GOOD + odd, bad="channel: form\n")
    assert told.exit_code == 1
    root = ET.parse("out/junit.xml").getroot()  # noqa: S314 - our own
    assert {key: root.get(key) for key in ("tests", "failures")} == {
        "tests": str(2 + len(root.findall(".//error"))),
        "failures": "1",
    }
    assert root.find("testsuite[@name='bad']/testcase/error") is not None
    fine, wrong = root.findall("testsuite[@name='site']/testcase")
    assert (fine.get("name"), fine.get("file"), fine.get("line")) == ("fine", "mappings/site.yaml", "14")
    assert float(fine.get("time", "")) > 0
    assert "a \ufffd < &" in wrong.get("name", "")
    failure = wrong.find("failure")
    assert failure is not None
    assert failure.get("message") == "`userName` is not as expected"
    assert "mappings/site.yaml:17:24: " in (failure.text or "")
    assert "- userName: '\\x07'" in (failure.text or "")


def test_a_junit_file_that_cant_be_written_is_told() -> None:
    """It is an error with its reason, not a crash."""
    Path("file").write_text("")
    told = said("--junit", "file/junit.xml", site=FORM + GOOD)
    assert told.exit_code == 1
    assert "file/junit.xml can't be written" in told.stderr
