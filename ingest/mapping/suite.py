"""The tests that a mapping carries."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import Any

from ingest.errors import Hold, Place, Skip
from ingest.mapping import fields
from ingest.mapping.nodes import Node
from ingest.mapping.records import Mapping, Translation
from ingest.mapping.render import Rendered, translate
from ingest.models import Lead, Meta, Reason, utcnow
from ingest.values import flatten

ReadLead = Callable[[Any, MappingABC[str, str]], Lead]
"""What makes a lead of what a sender posts and its headers: the channel's business."""
Check = Callable[[dict[str, Any]], list[str]]
"""What AiSensy would refuse in a body."""


@dataclass(frozen=True)
class Result:
    """What a test came to; passed where `faults` is empty."""

    name: str
    place: Place
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all came out as expected."""
        return not self.faults


def run_tests(mapping: Mapping, read: ReadLead, check: Check | None = None) -> list[Result]:
    """Run a mapping's own tests; none where its translation has findings."""
    if mapping.translation is None:
        return []
    results = []
    for index, node in enumerate(mapping.translation.tests):
        name = node.get("name") or f"test {index + 1}"
        results.append(Result(name, node.place, tuple(_run(mapping, mapping.translation, node, read, check))))
    return results


def _run(mapping: Mapping, translation: Translation, node: Node, read: ReadLead, check: Check | None) -> list[str]:
    now = node.get("now")
    meta = Meta(
        channel=mapping.intake.channel if mapping.intake else "",
        endpoint=mapping.endpoint,
        received_at=fields.moment(now) if now else utcnow(),
    )
    lead = _lead(node, read)
    found = translate(translation, lead, meta)
    problem = _problem(found, lead, check)
    faults: list[str] = []
    for kind, expected_type in (("expect_hold", Hold), ("expect_skip", Skip)):
        if node.at((kind,)) is not None:
            faults += _reason(problem, node.get(kind), expected_type)
    if node.at(("expect_route",)) is not None and node.get("expect_route") not in [each.route for each in found]:
        faults.append(f"route: expected {node.get('expect_route')!r}, got {[each.route for each in found]!r}")
    for kind in ("expect", "expect_exactly"):
        if node.at((kind,)) is not None:
            faults += _bodies(node.get(kind), found, problem, exactly=kind == "expect_exactly")
    return faults


def _lead(node: Node, read: ReadLead) -> Lead:
    if node.at(("payload",)) is not None:
        return read(node.get("payload"), node.get("headers") or {})
    fields_ = node.get("lead")
    return Lead(flatten(fields_), fields_)


def _problem(found: list[Rendered], lead: Lead, check: Check | None) -> Hold | None:
    if lead.is_test:
        return Skip(Reason.TEST_LEAD, "a test lead")
    for rendered in found:
        if rendered.problem is not None:
            return rendered.problem
        refused = rendered.refused(check(rendered.request or {}) if check else [])
        if refused:
            return refused
    return None


def _reason(problem: Hold | None, expected: str, kind: type[Hold]) -> list[str]:
    if problem is None:
        return [f"expected {expected}, and a request is made"]
    if problem.reason != expected or not isinstance(problem, kind):
        return [f"expected {expected}, got {problem}"]
    return []


def _bodies(expected: Any, found: list[Rendered], problem: Hold | None, *, exactly: bool) -> list[str]:
    made = all(rendered.request is not None for rendered in found)
    if problem is not None and not (made and problem.reason == Reason.NO_CONSENT):  # `expect_skip` asks for consent
        return [f"expected a request, got {problem}"]
    wanted = expected if isinstance(expected, list) else [expected]
    if isinstance(expected, list) and len(wanted) != len(found):
        return [f"expected {len(wanted)} requests, got {len(found)}"]
    faults: list[str] = []
    for each, rendered in zip(wanted, found, strict=False):
        faults += _differences("", each, rendered.request, exactly=exactly)
    return faults


def _differences(path: str, expected: Any, found: Any, *, exactly: bool) -> list[str]:
    """What is not as expected, key by key; null expects nothing there; lists are compared whole."""
    if not isinstance(expected, dict) or not isinstance(found, dict):
        return [] if expected == found else [f"{path}: expected {_shown(expected)}, got {_shown(found)}"]
    keys = [*expected, *(key for key in found if exactly and key not in expected)]
    return [
        fault
        for key in keys
        for fault in _differences(f"{path}.{key}".lstrip("."), expected.get(key), found.get(key), exactly=exactly)
    ]


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)
