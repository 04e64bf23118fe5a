"""What other mappings would make of stored leads, beside what was made of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from ingest.aisensy import schema
from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.delivery import policy
from ingest.delivery.sharing import assigned
from ingest.errors import Hold, Skip
from ingest.inbox.stories import Story
from ingest.mapping.records import Catalog, Mapping
from ingest.mapping.render import Rendered, translate
from ingest.models import MENDABLE, Lead, Meta, Reason, Status, Via

BY_MAPPING = (MENDABLE - {Reason.CAMPAIGN_REJECTED}) | {Reason.TOO_OLD}
"""Reasons for which a translation holds a delivery; for all others it had made a request."""


class Verdict(StrEnum):
    """How what would be made of a delivery stands to what was made of it."""

    SAME = "same"
    DIFFERENT = "different"
    NEWLY_HELD = "newly_held"
    NEWLY_SENT = "newly_sent"
    NEWLY_SKIPPED = "newly_skipped"
    NO_LONGER_SENT = "no_longer_sent"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True)
class State:
    """What a translation came to: `sent` (a request), `held` or `skipped` with the reason, or `nothing`."""

    kind: str
    reason: str = ""
    request: dict[str, Any] | None = None
    account: str = ""
    route: str | None = None
    message: str = ""

    def is_as(self, other: State) -> bool:
        """Whether the same would happen; a route may have another name."""
        if self.kind == "sent":
            return (self.kind, self.account, self.request) == (other.kind, other.account, other.request)
        return (self.kind, self.reason) == (other.kind, other.reason)


@dataclass(frozen=True, slots=True)
class Compared:
    """A delivery, or what would be a further one, before and after."""

    verdict: Verdict
    why: str = ""  # the reason of what is held or skipped now, or why nothing can be said
    before: State | None = None
    after: State | None = None
    delivery: str | None = None
    lead: Lead | None = None


_NOTHING = State("nothing")
_VERDICTS = {
    ("held", "sent"): Verdict.NEWLY_SENT,
    ("skipped", "sent"): Verdict.NEWLY_SENT,
    ("nothing", "sent"): Verdict.NEWLY_SENT,
    ("sent", "nothing"): Verdict.NO_LONGER_SENT,
    ("sent", "held"): Verdict.NEWLY_HELD,
    ("skipped", "held"): Verdict.NEWLY_HELD,
    ("nothing", "held"): Verdict.NEWLY_HELD,
    ("sent", "skipped"): Verdict.NEWLY_SKIPPED,
    ("held", "skipped"): Verdict.NEWLY_SKIPPED,
    ("nothing", "skipped"): Verdict.NEWLY_SKIPPED,
}
"""By what it was and would be; what is not here is different, where it is not the same."""


def compared(story: Story, catalog: Catalog) -> Iterator[Compared]:
    """Each delivery of a lead, beside what the catalogue's mapping would make of it. Changes nothing."""
    event, mapping = story.event, catalog.mappings.get(story.event.endpoint)
    channel = CHANNELS.get(event.channel)
    cause = _why_not(event, mapping)
    if cause or mapping is None or mapping.translation is None or channel is None:
        yield Compared(Verdict.NOT_COMPARABLE, cause)
        return
    via = Via(event.via)
    lead = channel.lead(loads(event.body), None if event.lead is None else loads(event.lead))
    meta = Meta(event.channel, event.endpoint, event.id, event.external_id or "", event.received_at)
    every = translate(mapping.translation, lead, meta)
    owned, left = assigned({row.position: row.route for row in story.deliveries}, every)
    for row in story.deliveries:
        rendered = owned.get(row.position)
        before = _before(row)
        if isinstance(before, str):
            left.clear()  # what more there would be was not there to be compared with
            yield Compared(Verdict.NOT_COMPARABLE, before)
        else:
            after = outcome(rendered, lead, meta, via, row.waived.split()) if rendered else _NOTHING
            yield Compared(*_verdict(before, after), before, after, row.id, lead)
    for rendered in left:
        after = outcome(rendered, lead, meta, via)
        yield Compared(*_verdict(_NOTHING, after), _NOTHING, after, None, lead)


def _why_not(event: Row[Any], mapping: Mapping | None) -> str:
    """Why nothing can be said of a lead; blank where something can."""
    if event.erased_at:
        return "erased"
    if mapping is None or event.channel not in CHANNELS:
        return "no mapping"
    if mapping.translation is None:
        return "mapping broken"
    return "not fetched yet" if CHANNELS[event.channel].remote and event.lead is None else ""


def _verdict(before: State, after: State) -> tuple[Verdict, str]:
    if before.is_as(after):
        return Verdict.SAME, ""
    return _VERDICTS.get((before.kind, after.kind), Verdict.DIFFERENT), after.reason


def _before(row: Row[Any]) -> State | str:
    """What was made of a delivery; or why that can't be told."""
    request = json.loads(row.request) if row.request else None
    made = State("sent", "", request, row.account, row.route, row.error or "")
    if row.status == Status.HELD and row.reason in BY_MAPPING:
        return replace(made, kind="held", reason=row.reason)
    if row.status == Status.SKIPPED and row.reason in {Reason.TEST_LEAD, Reason.NO_CONSENT}:
        return replace(made, kind="skipped", reason=row.reason)
    if request is None:
        return "discarded" if row.reason == Reason.DISCARDED else "not translated yet"
    return made


def outcome(rendered: Rendered, lead: Lead, meta: Meta, via: Via, waived: Collection[str] = ()) -> State:
    """What would become of a request, so far as no other lead and no brake matters."""
    problem = _problem(rendered, lead, meta, via, waived)
    made = State("sent", "", rendered.request, rendered.account, rendered.key)
    if problem is None:
        return made
    kind = "skipped" if isinstance(problem, Skip) else "held"
    return replace(made, kind=kind, reason=str(problem.reason), message=str(problem))


def _problem(rendered: Rendered, lead: Lead, meta: Meta, via: Via, waived: Collection[str]) -> Hold | None:
    if lead.is_test:
        return Skip(Reason.TEST_LEAD, "A test lead")
    found = rendered.problem or rendered.refused(schema.check(rendered.request or {}))
    return found or policy.too_old(rendered.policy, lead, meta.received_at, via, waived)
