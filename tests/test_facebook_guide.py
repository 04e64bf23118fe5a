"""What docs/facebook.md and docs/delivery.md say of Meta and of the sandbox that plays it is so."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from ingest.models import Reason
from ingest.sandbox import State, create_app, orders
from tests.e2e.program import Program
from tests.test_guide import DOCS, follow, steps

PAGE = DOCS / "facebook.md"
CONTROL = "http://127.0.0.1:8001"


def test_the_commands_for_the_sandbox_print_what_the_page_says(tmp_path: Path) -> None:
    """Who tries it without Meta, command by command, sees what stands there, and the leads come."""
    commands = [step for step in steps(PAGE) if step.command.startswith(f"curl -s {CONTROL}")]
    assert commands
    with Program(tmp_path, "--sandbox", INGEST_MAPPINGS=str(DOCS.parent / "mappings")) as program:
        told = [step.command.replace(CONTROL, program.box) for step in commands]
        for step, command in zip(commands, told, strict=True):
            follow(PAGE, type(step)(step.line, command=command, text=step.text), tmp_path, program.url)
        assert [body["userName"] for body in program.received(len(commands))] == ["Asha Rao"] * len(commands)


def test_every_code_and_reason_in_the_table_is_one() -> None:
    """Only what a sender is really told, or a delivery can have, is named in the column that tells how it shows."""
    refusals = set(re.findall(r"^\| \d+ \| `(\w+)` \|", (DOCS / "channels.md").read_text(), re.MULTILINE))
    rows = [
        line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ") and line.count("|") == 4
    ]
    told = {code for row in rows for code in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", row[1])}
    assert len(told) > 7
    assert told - refusals - {reason.value for reason in Reason} == set()


def test_every_call_of_the_control_api_is_documented() -> None:
    """What the sandbox can be told stands in delivery.md, and nothing else does."""
    documented = re.findall(r"`(GET|POST|DELETE) (/control/[^`]*)`", (DOCS / "delivery.md").read_text())
    routes = {
        (method, rule.rule)
        for rule in create_app(State()).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/control/")
    }
    assert {(method, urlsplit(path).path) for method, path in documented} == routes


def test_every_key_of_an_order_is_documented() -> None:
    """All that leads can be told with stands in delivery.md."""
    named = set(re.findall(r"`([^`\n]+)`", (DOCS / "delivery.md").read_text()))
    assert orders.Order().fields.keys() - named == set()
