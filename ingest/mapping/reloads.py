"""What the log tells when mappings have changed, once in each process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest import log
from ingest.errors import Finding
from ingest.mapping.records import Catalog, Mapping

_logger = log.get()


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the log."""

    level: str
    event: str
    values: dict[str, Any] = field(default_factory=dict)


def tell(before: Catalog | None, after: Catalog) -> None:
    """Log what is another since: of a first catalogue how many mappings there are, and what is broken."""
    for told in changes(before, after):
        getattr(_logger, told.level)(told.event, **told.values)


def changes(before: Catalog | None, after: Catalog) -> Iterator[Told]:
    """One line for each mapping that changed, broke, was mended or is gone; the same for what all of them share."""
    if before is None:
        broken = sum(one.is_broken for one in after.mappings.values())
        yield Told("info", "mappings_loaded", {"count": len(after.mappings), "broken": broken})
        before = Catalog({name: one for name, one in after.mappings.items() if not one.is_broken})
    for name in sorted(before.mappings.keys() | after.mappings.keys()):
        old, new = before.mappings.get(name), after.mappings.get(name)
        if old is not new:
            yield from _of_mapping(name, old, new)
    for name in sorted((before.broken.keys() | after.broken.keys()) - before.mappings.keys() - after.mappings.keys()):
        was, now = before.broken.get(name), after.broken.get(name)
        what = {"file": name} if name != "_accounts" else {}
        kind = "accounts" if name == "_accounts" else "folder"
        if now and now != was:
            yield Told("error", f"{kind}_broken", what | _first(now))
        elif was and not now:
            yield Told("info", f"{kind}_mended", what)


def _of_mapping(name: str, old: Mapping | None, new: Mapping | None) -> Iterator[Told]:
    if new is None:
        yield Told("warning", "mapping_gone", {"endpoint": name})
        return
    about = {"endpoint": name, "version": new.version}
    was = old.broken_by if old and old.is_broken else None
    if new.is_broken:
        if old is None or (old.version, was) != (new.version, new.broken_by):
            yield Told("error", "mapping_broken", about | _first(new.broken_by))
    elif was is not None:
        yield Told("info", "mapping_mended", about)
    elif old is None or old.version != new.version:
        yield Told("info", "mapping_loaded", about)


def _first(findings: list[Finding]) -> dict[str, Any]:
    first = findings[0]
    return {"place": str(first.place), "code": first.code, "count": len(findings)}
