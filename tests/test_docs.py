"""The documentation keeps up with the program: what users can type, set or be told is written down, or a test fails."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import settings
from ingest.aisensy import schema
from ingest.channels import CHANNELS, KINDS
from ingest.cli import COMMANDS
from ingest.mapping import loader
from ingest.mapping.filters.toolbox import filters
from ingest.mapping.records import Mapping
from ingest.mapping.render import translate
from ingest.mapping.suite.suite import run_tests
from ingest.models import STEPS, Lead, Meta, Reason, Status

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
FINDINGS = {"Finding", "Fault", "fault", "_fault", "found", "_unknown"}
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def named(page: str) -> set[str]:
    """Everything that a page names in backticks."""
    return set(re.findall(r"`([^`\n]+)`", (DOCS / page).read_text()))


def calls() -> Iterator[tuple[str, list[str]]]:
    """Every call in the package: the function's name, and the texts among its arguments."""
    for path in sorted((ROOT / "ingest").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = (
                getattr(node.func, "id", None) or getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
            )
            if isinstance(node, ast.Call) and name:
                parts = [part for argument in node.args for part in _branches(argument)]
                yield name, [part.value for part in parts if isinstance(part.value, str)]


def _branches(node: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.IfExp):
        yield from (*_branches(node.body), *_branches(node.orelse))


def codes(functions: set[str]) -> set[str]:
    """The codes in calls of these functions: the first text that looks like one, and its alternatives."""
    found: set[str] = set()
    for function, texts in calls():
        if function in functions:
            found |= {text for text in texts[:2] if (CODE.fullmatch(text) and "_" in text) or text == "xml"}
    return found


def settings_read() -> set[str]:
    """The variables that `settings.load` reads."""
    tree = ast.parse(Path(settings.__file__).read_text())
    load = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "load")
    return {
        node.args[0].value
        for node in ast.walk(load)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def fenced(page: Path, language: str) -> list[str]:
    """A page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def load_text(text: str, folder: Path) -> Mapping:
    path = folder / "example.yaml"
    path.write_text(text)
    return loader.load_file(path, KINDS, folder)


def read_lead(mapping: Mapping) -> Any:
    assert mapping.intake
    channel = CHANNELS[mapping.intake.channel]
    return lambda payload, _: channel.lead(payload, payload if channel.remote else None)


def test_every_command_is_documented() -> None:
    assert set(COMMANDS) - named("commands.md") == set()


def test_every_setting_is_documented() -> None:
    read = settings_read()
    assert {"AISENSY_URL", "INGEST_PORT"} <= read
    assert (read | set(settings.SECRET_NAMES) | {"WEB_CONCURRENCY"}) - named("settings.md") == set()


def test_every_channel_is_documented() -> None:
    assert set(CHANNELS) - named("channels.md") == set()
    assert set(CHANNELS) - named("reference.md") == set()


def test_every_filter_is_documented() -> None:
    assert set(filters("IN")) - named("reference.md") == set()


def test_every_finding_is_documented_and_no_other() -> None:
    told = re.findall(r"^### `(\w+)`$", (DOCS / "findings.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(codes(FINDINGS))


def test_every_refusal_is_documented_and_no_other() -> None:
    table = (DOCS / "channels.md").read_text().partition("| status | code |")[2]
    assert set(re.findall(r"^\| \d+ \| `(\w+)` \|", table, re.MULTILINE)) == codes({"Refusal", "InvalidFields"}) | {
        "invalid_fields"
    }


@pytest.mark.parametrize("kind", [Status, Reason])
def test_every_status_and_reason_is_documented(kind: type[Status | Reason]) -> None:
    assert {one.value for one in kind} - named("delivery.md") == set()


def test_the_diagram_of_states_is_the_table_of_steps() -> None:
    (drawn,) = fenced(DOCS / "delivery.md", "mermaid")
    arrows = {(before, after) for before, after in re.findall(r"^    (\w+) --> (\w+):", drawn, re.MULTILINE)}
    assert arrows == {(str(before), str(after)) for before, steps in STEPS.items() for after in steps}


def test_every_filters_example_gives_what_the_table_says(tmp_path: Path) -> None:
    rows = re.findall(
        r"^\| `\w+`.*\| `(\{\{ .* \}\})` \| `(.*)` \|$", (DOCS / "reference.md").read_text(), re.MULTILINE
    )
    assert len(rows) > 40
    said = {expression.replace("\\|", "|"): result for expression, result in rows}
    assert {expression: evaluate(expression, tmp_path) for expression in said} == said


def evaluate(expression: str, folder: Path) -> Any:
    """What an expression gives for an empty lead."""
    mapping = load_text(
        f"channel: form\nrequest: {{campaignName: a, destination: b, userName: {json.dumps(expression)}}}\n", folder
    )
    assert mapping.translation, mapping.findings
    (rendered,) = translate(mapping.translation, Lead({}, {}), Meta("form", "example"))
    return rendered.problem or (rendered.request or {})["userName"]


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "reference.md"], ids=lambda page: page.name)
def test_the_mappings_that_are_shown_have_no_findings_and_pass_their_tests(page: Path, tmp_path: Path) -> None:
    examples = [text for text in fenced(page, "yaml") if text.startswith("channel:")]
    assert examples
    for table in fenced(page, "csv"):
        (tmp_path / "products.csv").write_text(table)
    for text in examples:
        mapping = load_text(text, tmp_path)
        assert mapping.findings == []
        assert [result for result in run_tests(mapping, read_lead(mapping), schema.check) if not result.passed] == []


def test_the_accounts_that_are_shown_have_no_findings(tmp_path: Path) -> None:
    (text,) = [text for text in fenced(DOCS / "reference.md", "yaml") if text.startswith("accounts:")]
    (tmp_path / "_accounts.yaml").write_text(text)
    assert loader.load(tmp_path, KINDS).findings == []


def test_the_readme_begins_with_how_to_run_and_how_to_test() -> None:
    commands = re.findall(r"^\$ (make \w+)", "\n".join(fenced(ROOT / "README.md", "console")), re.MULTILINE)
    assert commands[:2] == ["make run", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), target
        assert not anchor or anchor in anchors(aim), target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Markdown's readers make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
