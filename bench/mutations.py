"""`python -m bench.mutations`: how many slips of the pen `ingest check` and `ingest test` find in the shipped mappings.

Of every key, filter and lead field of a mapping, at every place where it stands, each letter is left out in turn. A
slip is found where check tells a finding, or one of the mapping's own tests fails.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.channels import KINDS
from ingest.cli.check import findings_of
from ingest.cli.findings import are_problems
from ingest.cli.posting import own_tests
from ingest.mapping import loader
from ingest.mapping.document.complaint import lines_of
from ingest.mapping.document.nodes import Node
from ingest.mapping.document.reading import parse
from ingest.mapping.records import Catalog
from ingest.settings import Settings

ENOUGH = 0.95
SHIPPED = Path(__file__).parents[1] / "mappings"
WORDS = {"filter": re.compile(r"\|\s*(\w+)"), "field": re.compile(r"\blead\.(\w+)")}


@dataclass(frozen=True)
class Slip:
    """A name without one of its letters."""

    kind: str  # key, filter or field
    line: int  # from 1
    name: str
    wrong: str
    text: str  # of the whole file


def main() -> None:
    """Print how many were found of each kind, and each that was not; exit 1 where too few were."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("folder", nargs="?", type=Path, default=SHIPPED, help="mappings; those that are shipped")
    folder: Path = asked.parse_args().folder
    began = time.monotonic()
    made, found = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="ingest-mutations-") as name:
        copy = Path(name) / "mappings"
        shutil.copytree(folder, copy)
        for path in sorted(copy.rglob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            catalog = loader.load(copy, KINDS)
            for slip in slips(text):
                made[slip.kind] += 1
                path.write_text(slip.text, encoding="utf-8")
                if is_found(catalog, copy, path):
                    found[slip.kind] += 1
                else:
                    print(f"{path.relative_to(copy)}:{slip.line}: {slip.kind} {slip.name} as {slip.wrong}: not found")
            path.write_text(text, encoding="utf-8")
    for kind, number in made.items():
        print(f"{kind:7} {found[kind]:5} of {number:5}  {found[kind] / number:.1%}")
    share = found.total() / made.total()
    print(f"all     {found.total():5} of {made.total():5}  {share:.1%} in {time.monotonic() - began:.0f} s")
    sys.exit(share < ENOUGH)


def slips(text: str) -> Iterator[Slip]:
    """Every slip of a file, in its order; comments stay as they are."""
    node = parse(text, "").node
    assert node is not None
    lines = lines_of(text)
    for (line, column), (kind, name) in sorted(spots(node)):
        before, rest = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
        if rest[0] in {"'", '"'}:
            before, rest = before + rest[0], rest[1:]
        assert rest.startswith(name), (line, column, name)
        for index in range(len(name)):
            wrong = name[:index] + name[index + 1 :]
            if wrong not in {name, ""} and (index == 0 or name[index] != name[index - 1]):
                whole = before + wrong + rest[len(name) :]
                yield Slip(kind, line, name, wrong, "\n".join([*lines[: line - 1], whole, *lines[line:]]))


def spots(node: Node, kind: str = "key") -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
    """Each name with its kind and where it stands."""
    if isinstance(node.value, dict):
        for name, inner in node.value.items():
            assert inner.key is not None
            yield (inner.key.line, inner.key.column), (kind, name)
            yield from spots(inner, "lead of a test" if name in {"lead", "payload"} else kind)
    elif isinstance(node.value, list):
        for inner in node.value:
            yield from spots(inner, kind)
    elif isinstance(node.value, str):
        for each, pattern in WORDS.items():
            for found in pattern.finditer(node.raw) if kind == "key" else ():
                before = lines_of(node.raw[: found.start(1)])
                column = len(before[-1]) + (node.place.column if len(before) == 1 else 1)
                yield (node.place.line + len(before) - 1, column), (each, found[1])


def is_found(others: Catalog, folder: Path, path: Path) -> bool:
    """Whether check, or else the tests of a mapping, find something: the others of the folder stand beside it."""
    own = Settings(mappings=folder)
    mapping = loader.load_file(path, KINDS, folder)
    catalog = replace(others, mappings={**others.mappings, mapping.endpoint: mapping}, findings=mapping.findings)
    if are_problems(findings_of(catalog, own, sandbox=True)[0]):
        return True
    return any(not result.passed for result in own_tests(mapping, "IN"))


if __name__ == "__main__":
    main()
