"""The guides are followed from top to bottom: files are written as they say, commands run, outputs compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.program import Program

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = [DOCS / "mappings.md", DOCS / "cookbook.md"]
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>[\w./-]+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
ADDRESS = "http://127.0.0.1:8000"
PLAIN = {"LC_ALL": "C.UTF-8", "COLUMNS": "120", "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Step:
    """A file that is written, or a console's command with what it prints."""

    line: int
    name: str = ""
    text: str = ""
    command: str = ""


def steps(page: Path) -> Iterator[Step]:
    """What a page tells its reader to do, in order."""
    content = page.read_text()
    for block in BLOCK.finditer(content):
        line = content.count("\n", 0, block.start()) + 2
        if block["name"]:
            yield Step(line, name=block["name"], text=block["text"])
        elif block["kind"] == "console":
            for part in re.finditer(
                r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", block["text"], re.M
            ):
                at = line + block["text"].count("\n", 0, part.start())
                yield Step(at, command=part["command"], text=part["output"])


def run(command: str, folder: Path) -> str:
    """What a command prints, errors among it."""
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "PYTHONPATH", "TZ"}}
    told = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**kept, **PLAIN, "PATH": here},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return told.stdout if told.stdout.endswith("\n") or not told.stdout else f"{told.stdout}\n"


def pattern(expected: str) -> str:
    """What an output must be: a line with `…` alone is any lines, `…` in a line any text."""
    lines = []
    for line in expected.splitlines():
        if line.strip() == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(r"[^\n]*?".join(map(re.escape, line.rstrip().split("…"))) + r"[ \t]*\n")
    return "".join(lines)


def follow(page: Path, step: Step, folder: Path, address: str) -> None:
    """Run a step's command against the program at an address. Fails where it does not print what the page has."""
    told = run(step.command.replace(ADDRESS, address), folder)
    if not re.fullmatch(pattern(step.text), told):
        where = f"{page.name}:{step.line}: $ {step.command}"
        log = folder / "log"
        said = f"--- the program's log\n{log.read_text()}" if log.exists() else ""
        pytest.fail(f"{where}\n--- as the page has it\n{step.text}--- as it is\n{told}{said}")


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_who_follows_a_guide_sees_what_it_says(page: Path, tmp_path: Path) -> None:
    """Every file, command and output of a guide is true, in the order in which a reader meets them."""
    followed = list(steps(page))
    assert any(step.command for step in followed)
    address = ADDRESS
    with ExitStack() as running:
        for step in followed:
            if step.name:
                path = tmp_path / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text)
            elif step.command.startswith("ingest run "):
                address = running.enter_context(Program(tmp_path, *step.command.split()[2:])).url
            else:
                follow(page, step, tmp_path, address)
