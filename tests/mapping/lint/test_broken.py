"""What people get wrong in mappings, and what `ingest check` tells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mapping.lint.fragments import files_of, findings, marked

FOLDER = Path(__file__).parent / "broken"
ONE = re.compile(r"^=== (.+)\n(\w+): *(.*)\n--- wrong\n((?:.*\n)*?)--- right\n((?:(?!=== ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Broken:
    """A mistake as it stands in broken/*.txt.

    The fault is in the line that begins with `>>`; `hint` is a part of what is told beside the code.
    """

    name: str
    code: str
    hint: str
    wrong: str
    right: str


CASES = [
    Broken(*found.groups())
    for path in sorted(FOLDER.glob("*.txt"))
    for found in ONE.finditer(path.read_text(encoding="utf-8").replace("\n\n=== ", "\n=== "))
]


def test_the_mistakes_are_read() -> None:
    """None is left out, and none stands twice."""
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")]
    names = re.findall(r"^=== (.+)$", "\n".join(texts), re.MULTILINE)
    assert len(CASES) == len(names) == len(set(names)) > 200


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["Unix", "Windows"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_at_its_line_with_what_mends_it_and_nothing_else(
    case: Broken, ends: str, tmp_path: Path
) -> None:
    """One mistake is one finding."""
    files, place = marked(files_of(case.wrong))
    (found,) = findings(tmp_path, {name: text.replace("\n", ends) for name, text in files.items()})
    told = (Path(found.place.file).relative_to(tmp_path).as_posix(), found.place.line)
    assert (found.code, told) == (case.code, place)
    assert case.hint in f"{found.message} {found.hint}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_the_hint_says_mends_it(case: Broken, tmp_path: Path) -> None:
    """Done as it was told, nothing is left to be told."""
    assert [str(one) for one in findings(tmp_path, files_of(case.right))] == []
