"""`make bench`: measures the program beside its baselines, prints a table, and writes bench/results.md."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import drain, idle, intake
from bench.table import write

ROUNDS = 5


def main() -> None:
    """Measure everything."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="ingest-bench-") as name:
        folder = Path(name)
        rows = [*intake.measure(folder, told.rounds), *drain.measure(folder, told.rounds), idle.measure()]
    print(write(rows, Path(__file__).parent / "results.md", told.rounds))


if __name__ == "__main__":
    main()
