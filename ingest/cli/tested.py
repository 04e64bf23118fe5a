from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.cli.printing import counted
from ingest.errors import Finding, Place
from ingest.mapping.records import Mapping
from ingest.mapping.suite.coverage import Coverage
from ingest.mapping.suite.differences import Fault
from ingest.mapping.suite.suite import Result
from ingest.mapping.suite.watching import Branch


@dataclass(frozen=True)
class Tested:
    """A mapping, what its tests came to, and what they cover; nothing where it has findings."""

    mapping: Mapping
    results: Sequence[Result] = ()
    coverage: Coverage | None = None

    @property
    def failed(self) -> list[Result]:
        """The tests that did not pass."""
        return [result for result in self.results if not result.passed]

    @property
    def missing(self) -> list[Branch]:
        """What is not covered; where there is no test, only that."""
        if self.coverage is None:
            return []
        return self.coverage.missing if self.results else [Branch(Place(self.mapping.file), "the mapping has no tests")]

    @property
    def percent(self) -> str:
        """What is covered, never more than is."""
        return f"{math.floor(self.coverage.percent if self.coverage else 0)}"


def faults_of(mapping: Mapping) -> list[Finding]:
    """What is wrong with a mapping, or with tests of it that so can't be run."""
    return [*mapping.findings, *(mapping.draft.faulty_tests if mapping.draft else ())]


def table(tested: Iterable[Tested]) -> Iterator[str]:
    """A line for each mapping: `website  3 tests  routes 2/2  branches 14/17  84 %`."""
    rows = [_row(one, one.coverage) for one in tested if one.coverage]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(one: Tested, coverage: Coverage) -> list[str]:
    return [
        one.mapping.endpoint,
        counted(len(one.results), "test", "tests"),
        f"routes {_share(coverage.routes)}",
        f"branches {_share(coverage.branches)}",
        f"{one.percent:>3} %",
    ]


def _share(branches: Sequence[Branch]) -> str:
    return f"{_taken(branches)}/{len(branches)}"


def _taken(branches: Sequence[Branch]) -> int:
    return sum(branch.taken for branch in branches)


def view(tested: Iterable[Tested], findings: Iterable[Finding]) -> dict[str, Any]:
    """All of it for JSON."""
    every = list(tested)
    failed = sum(len(one.failed) for one in every)
    return {
        "passed": sum(len(one.results) for one in every) - failed,
        "failed": failed,
        "findings": [
            {**_at(one.place), "code": one.code, "message": one.message, "hint": one.hint} for one in findings
        ],
        "mappings": [
            {
                "endpoint": one.mapping.endpoint,
                "file": one.mapping.file,
                "tests": [_result(result) for result in one.results],
                "coverage": _coverage(one, one.coverage) if one.coverage else None,
            }
            for one in every
        ],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        **_at(result.place),
        "passed": result.passed,
        "seconds": round(result.seconds, 6),
        "faults": [_fault(fault) for fault in result.faults],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {**_at(fault.place), "message": fault.message, "diff": list(fault.lines)}


def _coverage(one: Tested, coverage: Coverage) -> dict[str, Any]:
    return {
        "routes": {"taken": _taken(coverage.routes), "total": len(coverage.routes)},
        "branches": {"taken": _taken(coverage.branches), "total": len(coverage.branches)},
        "percent": math.floor(coverage.percent * 10) / 10,
        "not_covered": [{**_at(missing.place), "message": missing.message} for missing in one.missing],
    }


def _at(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}
