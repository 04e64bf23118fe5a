"""`make bench`: measures the program beside its baselines, prints a table, and writes bench/results.md.

python -m bench --only memory measures one thing, prints its rows, and leaves the file as it is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import drain, growth, idle, intake, memory, translation
from bench.table import Row, table, write

ROUNDS = 5
MEASURES: dict[str, Callable[[Path, argparse.Namespace], Iterable[Row]]] = {
    "intake": lambda folder, told: intake.measure(folder, told.rounds),
    "translation": lambda folder, told: translation.measure(folder, told.rounds),
    "drain": lambda folder, told: drain.measure(folder, told.rounds),
    "idle": lambda _, __: [idle.measure()],
    "growth": lambda folder, told: growth.measure(folder, told.rounds, told.leads),
    "memory": lambda folder, told: memory.measure(folder, min(told.leads, memory.LEADS)),
}


def main() -> None:
    """Measure everything, or one thing."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--only", choices=MEASURES, help="measure one thing, and write no file")
    asked.add_argument("--leads", type=int, default=growth.MOST, help="the most that a store is filled with")
    told = asked.parse_args()
    rows: list[Row] = []
    for name in [told.only] if told.only else MEASURES:
        with tempfile.TemporaryDirectory(prefix="ingest-bench-") as folder:
            rows += MEASURES[name](Path(folder), told)
    print(table(rows) if told.only else write(rows, Path(__file__).parent / "results.md", told.rounds))


if __name__ == "__main__":
    main()
