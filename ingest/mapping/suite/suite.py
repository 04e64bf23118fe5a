"""The tests that a mapping carries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.errors import Hold, Place, Refusal, Skip
from ingest.ids import new_id
from ingest.mapping.document.nodes import Node
from ingest.mapping.records import Mapping, Policy, Translation
from ingest.mapping.render import translate
from ingest.mapping.schema import readers
from ingest.mapping.suite.differences import Fault
from ingest.mapping.suite.expectations import Expected, Made
from ingest.models import Lead, Meta, Reason, utcnow
from ingest.values import flatten


@dataclass(frozen=True, slots=True)
class Posted:
    """A lead as it comes out of its channel: with the id that its sender gave, and why it is held at once."""

    lead: Lead
    external_id: str = ""
    hold: Hold | None = None


Post = Callable[[Any, MappingABC[str, str]], Lead | Sequence[Posted]]
"""What a sender's post with these headers comes to: the channel's business. Raises Refusal."""
Fill = Callable[[Any], Posted]
"""The lead that has these fields: the channel's business too."""
Check = Callable[[dict[str, Any]], list[str]]
"""What AiSensy would refuse in a body."""
Limits = Callable[[Policy, Lead, datetime], list[Hold]]
"""What keeps a lead that came at a time from being sent then, and can be told without a store."""


def filled(content: Any) -> Posted:
    """The lead that has these fields, where no channel knows better."""
    return Posted(Lead(flatten(content), content))


def accept(_: Any) -> list[str]:
    """Refuses no body."""
    return []


def unlimited(*_: Any) -> list[Hold]:
    """Keeps no lead."""
    return []


@dataclass(frozen=True)
class Result:
    """What a test came to; passed where `faults` is empty."""

    name: str
    place: Place
    faults: tuple[Fault, ...] = ()
    seconds: float = 0.0
    leads: tuple[tuple[Lead, Meta], ...] = field(default=(), repr=False)  # that were translated

    @property
    def passed(self) -> bool:
        """Whether all came out as expected."""
        return not self.faults


@dataclass(frozen=True)
class _Suite:
    mapping: Mapping
    translation: Translation
    post: Post
    check: Check
    fill: Fill
    limits: Limits

    def run(self, node: Node, name: str) -> Result:
        began = time.perf_counter()
        now = node.get("now")
        expected = Expected.of(node)
        try:
            posted = self._posted(node)
        except Refusal as refusal:
            hint = f" ({refusal.hint})" if refusal.hint else ""
            sent = node.at(("payload",)) or node
            fault = Fault(sent.key or sent.place, f"the payload is refused: {refusal.code}: {refusal.message}{hint}")
            return Result(name, node.place, (fault,), time.perf_counter() - began)
        came = readers.moment(now) if now else utcnow()
        made: list[Made] = []
        leads: list[tuple[Lead, Meta]] = []
        for one in posted:
            if one.hold is not None:
                made.append(Made(None, None, one.hold))
                continue
            meta = Meta(self._channel, self.mapping.endpoint, new_id(came), one.external_id, came)
            leads.append((one.lead, meta))
            made += self._made(one.lead, meta, expected, on_time=bool(now))
        routes = [route.name for route in self.translation.routes if route.name]
        found = tuple(expected.faults(made, routes, self.mapping.file))
        return Result(name, node.place, found, time.perf_counter() - began, tuple(leads))

    @property
    def _channel(self) -> str:
        return self.mapping.intake.channel if self.mapping.intake else ""

    def _posted(self, node: Node) -> Sequence[Posted]:
        if node.at(("payload",)) is None:
            return [self.fill(node.get("lead"))]
        found = self.post(node.get("payload"), node.get("headers") or {})
        return [Posted(found)] if isinstance(found, Lead) else found

    def _made(self, lead: Lead, meta: Meta, expected: Expected, *, on_time: bool) -> Iterator[Made]:
        for rendered in translate(self.translation, lead, meta):
            problem = rendered.problem
            if lead.is_test:
                problem = Skip(Reason.TEST_LEAD, "a test lead")
            elif problem is None:
                problem = rendered.refused(self.check(rendered.request or {}))
            limits = [] if problem else self.limits(rendered.policy, lead, meta.received_at)
            # Without `now` a test is the same on every day: the lead's age counts where the test asks for it.
            counted = [
                one for one in limits if one.reason in expected.reasons or (on_time and one.reason == Reason.TOO_OLD)
            ]
            yield Made(rendered.route, rendered.request, problem or next(iter(counted), None))


def run_tests(
    mapping: Mapping, post: Post, check: Check | None = None, *, fill: Fill = filled, limits: Limits = unlimited
) -> list[Result]:
    """Run a mapping's own tests; none where its translation has findings."""
    if mapping.translation is None:
        return []
    suite = _Suite(mapping, mapping.translation, post, check or accept, fill, limits)
    nodes = enumerate(mapping.translation.tests, 1)
    return [suite.run(node, " ".join((node.get("name") or "").split()) or f"test {index}") for index, node in nodes]
