"""What the measures are told in."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.load import CONNECTIONS, tool


@dataclass(frozen=True)
class Row:
    """One measure: medians of the rounds, and each round's ratio to its own baseline."""

    name: str
    baseline: str
    ours: str
    ratios: list[float]
    remark: str = ""

    def __str__(self) -> str:
        ratio = "–"
        if self.ratios:
            ratio = f"{statistics.median(self.ratios):.2f} ({min(self.ratios):.2f}–{max(self.ratios):.2f})"
        return f"| {self.name} | {self.baseline} | {self.ours} | {ratio} | {self.remark} |"


def machine() -> Iterable[str]:
    """What it was measured on, and with."""
    yield f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; Python {platform.python_version()}"
    packages = ("flask", "gunicorn", "sqlalchemy", "requests", "psycopg")
    yield ", ".join([*(f"{name} {version(name)}" for name in packages), f"SQLite {sqlite3.sqlite_version}"])
    yield f"load: {tool()}, {CONNECTIONS} connections, on the same machine"


def table(rows: Iterable[Row]) -> str:
    """The table."""
    return "\n".join(["| measure | baseline | ours | ratio (spread) | |", "|---|---|---|---|---|", *map(str, rows)])


def write(rows: Iterable[Row], path: Path, rounds: int) -> str:
    """The table with all that belongs to it, also in a file."""
    text = "\n".join(
        [
            "# Measurements",
            "",
            "Made by `make bench`: medians of "
            f"{rounds} rounds in which baseline and program alternate, so that a machine that drifts bends neither.",
            "Every measured run waits for the disk before it acknowledges.",
            "",
            *(f"- {line}" for line in machine()),
            "",
            table(rows),
            "",
        ]
    )
    path.write_text(text)
    return text
