"""`ingest check`: its three formats, its exit codes, and what must never be printed."""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cli import cli
from ingest.cli.findings import FORMATS, MOST, as_text
from ingest.errors import Finding, Place
from ingest.mapping.document.complaint import lines_of
from ingest.settings import SECRET_NAMES
from tests.mapping.lint.fragments import findings

MAPPINGS = Path(__file__).parents[2] / "mappings"
GOOD_ONES = Path(__file__).parents[1] / "mapping" / "lint" / "good"
TOKENS = [
    "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEyMyJ9.c2lnbmF0dXJl-x_y",
    "EAAGm0PX4ZCpsBAKZCZBxyz1234567890",
    "s3cr3t-of-the-environment",
]
GOOD = (MAPPINGS / "zapier.yaml").read_text(encoding="utf-8")
PIECES = """{{ }} {% ' " [ ] { } | &a *a !!b ~ lead. auth: token: <<:""".split()
PIECES += [": ", " #", "- ", "\n", "\t", "\x1b[31m", "\u2028", "\x85", "\ufeff", "é", "\U0001f389", "%YAML 9\n---\n"]
LINES = ["  kee{}: a", "  tags{}: ['{{{{ lead.a | fone }}}}']", "  source: {}", "\tx: {}", "  a: b: {}"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that commands take their mappings from, without any secret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INGEST_MAPPINGS", "mappings")
    for name in (*SECRET_NAMES, "ZAPIER_TOKEN", "A_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mappings").mkdir()
    return tmp_path / "mappings"


def check(*arguments: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(cli, ["check", *arguments])


def mapping(**changes: str) -> str:
    """A mapping that only has notices without a key, changed."""
    text = (
        "channel: form\nrequest:\n  campaignName: a\n  destination: '{{ lead.phone | phone }}'\n"
        "  userName: b\n  source: c\n"
    )
    for old, new in changes.items():
        text = text.replace(f"{old}:", f"{new}:")
    return text


def test_it_exits_with_0_where_there_are_notices_only(folder: Path) -> None:
    """That a key is not set yet is no fault."""
    (folder / "site.yaml").write_text(mapping())
    told = check()
    assert (told.exit_code, told.stderr) == (0, "1 notice\n")
    assert "key_not_set" in told.stdout
    assert (check("--sandbox").exit_code, check("--sandbox").stdout) == (0, "")


def test_it_exits_with_1_where_there_is_a_finding_and_shows_its_line(folder: Path) -> None:
    """The place, the code, what is wrong, the line, a mark under the column, and what mends it."""
    (folder / "site.yaml").write_text(mapping(source="sorce"))
    told = check("--sandbox")
    assert told.exit_code == 1
    assert told.stdout == (
        "mappings/site.yaml:6:3: unknown_key There is no key `sorce` here.\n"
        "    6 |   sorce: c\n"
        "      |   ^ did you mean `source`?\n"
    )
    assert told.stderr == "1 finding\n"


def test_it_exits_with_2_where_it_is_used_wrongly(folder: Path) -> None:
    """A name that nothing has is told with the nearest one."""
    (folder / "site.yaml").write_text(mapping())
    told = check("sit")
    assert told.exit_code == 2
    assert "Did you mean site?" in told.stderr
    assert check("--format", "xml").exit_code == 2


def test_names_narrow_it_to_files_and_endpoints(folder: Path) -> None:
    """An endpoint with what it extends, or any one file; also one that stands elsewhere."""
    (folder / "a.yaml").write_text(mapping(source="sorce"))
    (folder / "b.yaml").write_text("extends: _base.yaml\nchannel: form\n")
    (folder / "_base.yaml").write_text(mapping(userName="username").replace("channel: form\n", ""))
    (folder / "_accounts.yaml").write_text("acounts: {}\n")
    (folder.parent / "draft.yaml").write_text(mapping(campaignName="campaingName"))

    def files(*names: str) -> set[str]:
        found = json.loads(check("--sandbox", "--json", *names).stdout)
        return {one["file"] for one in found}

    assert files("a") == {"mappings/a.yaml"}
    assert files("b") == {"mappings/_base.yaml"}
    assert files("b", "mappings/a.yaml") == {"mappings/_base.yaml", "mappings/a.yaml"}
    assert files("mappings/_accounts.yaml") == {"mappings/_accounts.yaml"}
    assert files("draft.yaml") == {"draft.yaml"}
    assert files() == {"mappings/a.yaml", "mappings/_base.yaml", "mappings/_accounts.yaml"}


def test_json_is_one_array(folder: Path) -> None:
    """For programs: every part of a finding by its name."""
    (folder / "site.yaml").write_text(mapping(source="sorce"))
    assert json.loads(check("--sandbox", "--json").stdout) == [
        {
            "file": "mappings/site.yaml",
            "line": 6,
            "column": 3,
            "code": "unknown_key",
            "severity": "error",
            "message": "There is no key `sorce` here.",
            "hint": "did you mean `source`?",
        }
    ]


def test_github_shows_findings_beside_the_change() -> None:
    """Workflow commands, one a line, escaped as GitHub asks."""
    finding = Finding(Place("a,b:c%.yaml", 2, 3), "bad_value", "100%\r\nof\tit", "a: b, c", "warning")
    assert FORMATS["github"]([finding], []) == (
        "::warning file=a%2Cb%3Ac%25.yaml,line=2,col=3,title=bad_value::100%25··of→it a: b, c\n"
    )


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_file_says_can_not_steer_a_terminal_or_a_workflow(form: str, folder: Path) -> None:
    """Control characters and line ends out of a file are shown as signs."""
    (folder / "site.yaml").write_text(mapping() + '  "a\\e[31m\\r\\n::error::x": b\n')
    told = check("--sandbox", "--format", form)
    assert told.exit_code == 1
    assert "\x1b" not in told.stdout
    assert not re.search(r"^::error::x", told.stdout, re.MULTILINE)


def test_a_mark_stands_under_its_column_in_long_lines_and_behind_secrets(tmp_path: Path) -> None:
    """A line is cut around the mark, and a secret that is hidden moves it along."""
    path = tmp_path / "a.yaml"
    for line in (f"{'x' * 300}!{'y' * 300}", f"{TOKENS[0]} {TOKENS[1]} !", f"! {TOKENS[0]}"):
        path.write_text(line)
        told = as_text([Finding(Place(str(path), 1, line.index("!") + 1), "bad_value", "m")])
        (_, shown, mark) = click.unstyle(told).splitlines()
        assert shown[mark.index("^")] == "!"


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_is_told_within_it_and_without_secrets(form: str, data: st.DataObject) -> None:
    """No text makes it fail; each finding lies in the file; tokens, and secrets of the environment, are never shown."""
    text = data.draw(st.one_of(st.text(max_size=60), st.just(GOOD), st.just(GOOD.replace("\n", "\r\n"))))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(st.one_of(st.sampled_from([*PIECES, *TOKENS]), st.text(max_size=5)))
        text = text[:at] + piece + text[at + data.draw(st.integers(0, 8)) :]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as environment:
        environment.setenv("INGEST_OPTOUT_TOKEN", TOKENS[2])
        found = findings(Path(name), {"site.yaml": text}, sandbox=data.draw(st.booleans()))
        lines = lines_of(text.encode("utf-8", "surrogatepass").decode("utf-8-sig", "replace"))
        for one in found:
            assert 1 <= one.place.line <= len(lines), (one, text)
            assert 1 <= one.place.column <= len(lines[one.place.line - 1]) + 1, (one, text)
        told = FORMATS[form](found, [TOKENS[2]])
    for token in TOKENS:
        assert token not in told, text
    assert "\x1b[31m" not in re.sub(r"\x1b\[(?:0|\d\d)m(?:\x1b\[1m)?", "", told)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_value_in_the_place_of_another_makes_it_fail(data: st.DataObject) -> None:
    """Any part of a mapping that uses everything may be of any other kind."""
    documents = {path.relative_to(GOOD_ONES): yaml.safe_load(path.read_text()) for path in GOOD_ONES.rglob("*.yaml")}
    name = data.draw(st.sampled_from(sorted(documents)))
    node = documents[name]
    for _ in range(data.draw(st.integers(0, 5))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        below = [key for key in keys if isinstance(node[key], dict | list) and node[key]]
        if not below:
            break
        node = node[data.draw(st.sampled_from(below))]
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    kinds: list[Any] = [None, True, 0, -1.5, "", "x", "-x", "a, b", [], ["x"], [{}], [[]], {}, {"x": "y"}, {"": None}]
    node[data.draw(st.sampled_from(keys))] = data.draw(st.sampled_from(kinds))
    with tempfile.TemporaryDirectory() as folder:
        found = findings(
            Path(folder), {str(path): yaml.safe_dump(each, allow_unicode=True) for path, each in documents.items()}
        )
        for form in FORMATS.values():
            form(found, [])


@pytest.mark.parametrize("line", LINES)
def test_a_file_full_of_faults_is_told_in_part_and_in_time(line: str, tmp_path: Path) -> None:
    """Ten thousand faults: the first two hundred, how many more there are, and no long wait."""
    text = mapping() + "".join(f"{line.format(number)}\n" for number in range(10_000))
    began = time.monotonic()
    found = findings(tmp_path, {"site.yaml": text})
    assert time.monotonic() - began < 20
    assert 50 <= len(found) <= MOST + 1
    more = [one.message for one in found if one.code == "more_findings"]
    assert len(more) == (len(found) > MOST)


def test_the_key_of_auth_is_told_where_it_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that nobody has set is told at the variable's name, each of a list at its own."""
    (folder / "z.yaml").write_text(
        mapping().replace("form\n", "zapier\nauth:\n  token:\n    - A_TOKEN\n    - ZAPIER_TOKEN\n")
    )
    monkeypatch.setenv("AISENSY_API_KEY", "k" * 20)
    monkeypatch.setenv("A_TOKEN", "t" * 20)
    assert check().stdout.startswith("mappings/z.yaml:5:7: secret_not_set auth.token: ZAPIER_TOKEN is not set.\n")
