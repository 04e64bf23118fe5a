"""What docs/sources.md says is done for real: its mappings load, its commands print what stands below them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.channels import CHANNELS, KINDS
from ingest.mapping import loader
from ingest.models import Reason
from tests.e2e.program import Program
from tests.test_guide import DOCS, follow, steps

PAGE = DOCS / "sources.md"
STEPS = list(steps(PAGE))
FILES = {step.name: step.text for step in STEPS if step.name}
COMMANDS = [step for step in STEPS if step.command and not step.command.startswith("ingest run ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every file of the page."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_each_channel_but_facebook_has_a_mapping_without_findings(folder: Path) -> None:
    catalog = loader.load(folder / "mappings", KINDS)
    assert {name: mapping.findings for name, mapping in catalog.mappings.items() if mapping.findings} == {}
    assert {one.intake.channel for one in catalog.mappings.values() if one.intake} == set(CHANNELS) - {"facebook"}


def test_each_command_prints_what_the_page_says(folder: Path) -> None:
    """Leads are posted to the running program as their vendors do, right ones and wrong ones."""
    with Program(folder, "--sandbox") as program:
        for step in COMMANDS:
            follow(PAGE, step, folder, program.url)
        mappings = {Path(name).stem for name in FILES if name.startswith("mappings/")}
        assert {lead["endpoint"] for lead in program.leads("--sandbox")} == mappings


def test_every_code_and_reason_in_the_tables_is_one() -> None:
    """Only what a sender is really told, or a delivery can have, is named in the columns that tell how it shows."""
    refusals = set(re.findall(r"^\| \d+ \| `(\w+)` \|", (DOCS / "channels.md").read_text(), re.MULTILINE))
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = {code for row in rows for code in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", row[1])}
    assert len(told) > 20
    assert told - refusals - {reason.value for reason in Reason} - set(CHANNELS) == set()
