"""docs/findings.md: every code has an example that has just this finding, and one that has none."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ingest import settings
from ingest.cli.check import findings_of
from ingest.cli.findings import in_order
from ingest.cli.mappings import catalog_of
from ingest.settings import SECRET_NAMES
from tests.mapping.lint.fragments import files_of

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
SECTION = re.compile(r"^### `(\w+)`$\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(yaml|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(PAGE.read_text(encoding="utf-8")))
OTHERS = re.compile(
    r"live_.*|media_(?!missing).*|accounts_not_written"
)  # told by --live, out of what AiSensy and others answer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with all the usual secrets set."""
    monkeypatch.setenv("INGEST_MAPPINGS", "mappings")
    for name in (*SECRET_NAMES, "ZAPIER_TOKEN"):
        monkeypatch.setenv(name, f"set-for-{name.lower()}")
    return tmp_path


def told(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The codes that check tells of an example's files, after its commands."""
    fences = FENCE.findall(example)
    assert fences
    fragment = "".join(text for language, text in fences if language != "console") or "channel: form\n"
    (folder / "mappings").mkdir(parents=True)
    monkeypatch.chdir(folder)
    for name, text in files_of(fragment).items():
        (folder / ("" if name == ".env" else "mappings") / name).write_text(text, encoding="utf-8")
    for command in re.findall(
        r"^\$ (.*)$", "\n".join(text for kind, text in fences if kind == "console"), re.MULTILINE
    ):
        variable = re.fullmatch(r"export (\w+)=(\S+)", command)
        if variable:
            monkeypatch.setenv(*variable.groups())
        else:
            subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True)
    own = settings.load()
    return {one.code for one in in_order(findings_of(catalog_of(own), own)[0])}


@pytest.mark.parametrize("code", [code for code in SECTIONS if not OTHERS.fullmatch(code)])
def test_the_wrong_example_has_this_finding_and_the_right_one_none(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page shows is what the program tells."""
    _, wrong, right = re.split(r"^(?:Wrong|Right):$", SECTIONS[code], flags=re.MULTILINE)
    assert told(wrong, folder / "wrong", monkeypatch) == ({code, "unknown_key"} if code == "more_findings" else {code})
    assert told(right, folder / "right", monkeypatch) == set()
