from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.errors import is_broken
from ingest.mapping import loader
from ingest.mapping.building import build_translation
from ingest.mapping.document.nodes import Node
from ingest.mapping.records import Translation
from ingest.mapping.render import translate
from ingest.mapping.suite.watching import Branch, WatchedLanguage, WatchingCompiler
from ingest.models import Lead, Meta


@dataclass(frozen=True)
class Coverage:
    """How much of a mapping its tests went through: of its routes, and of the branches of its expressions."""

    routes: tuple[Branch, ...]
    branches: tuple[Branch, ...]

    @property
    def percent(self) -> float:
        """What was taken of all routes and branches."""
        every = [*self.routes, *self.branches]
        return 100 * sum(one.taken for one in every) / len(every) if every else 100.0

    @property
    def missing(self) -> list[Branch]:
        """What no test took, in the order of the file."""
        left = [one for one in (*self.routes, *self.branches) if not one.taken]
        return sorted(left, key=lambda one: (one.place.file, one.place.line, one.place.column))


def measure(file: str, country: str, leads: Iterable[tuple[Lead, Meta]]) -> Coverage | None:
    """What these leads take of a mapping's file; None where the file is none that can be translated by.

    The mapping is compiled anew, with expressions that tell what is taken: those that are in use stay as quick as ever.
    """
    sections = loader.sections(Path(file))
    if sections is None:
        return None
    language = WatchedLanguage(country)
    translation, findings = build_translation(
        sections, country, own=language, compiler_of=lambda _, *others: WatchingCompiler(language, *others)
    )
    if is_broken(findings):
        return None
    routes = tuple(_routes(translation, sections))
    numbered = tuple(replace(route, name=str(index)) for index, route in enumerate(translation.routes))
    translation = replace(translation, routes=numbered)
    for lead, meta in leads:
        for rendered in translate(translation, lead, meta):
            failed = rendered.problem is not None and rendered.problem.field == f"routes[{rendered.route}].when"
            if rendered.route is not None and not failed:
                routes[int(rendered.route)].taken = True
    return Coverage(routes, tuple(language.branches.values()))


def _routes(translation: Translation, sections: Node) -> Iterable[Branch]:
    listed = sections.at(("routes",))
    if listed is None:
        yield Branch(translation.place, "the request was never made")
        return
    for index, (route, node) in enumerate(zip(translation.routes, listed.value, strict=True)):
        name = node.at(("name",))
        called = f"`{route.name}`" if route.name else f"number {index + 1}"
        yield Branch((name or node).place, f"route {called} was never taken")
