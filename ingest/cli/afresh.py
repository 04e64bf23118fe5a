"""A stored lead, translated by its mapping as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.cli.tracing import problem_of, told, traced
from ingest.delivery.sharing import assigned
from ingest.errors import Hold, Refusal
from ingest.mapping.records import Catalog, Mapping, Translation
from ingest.mapping.render import Rendered, translate
from ingest.mapping.trace import Trace
from ingest.models import Lead, Meta, Reason


@dataclass(frozen=True)
class Afresh:
    """What a lead's mapping makes of it now; where that can't be told, `why_not` says why."""

    mapping: Mapping | None
    why_not: str = ""
    lead: Lead | None = None
    rendered: list[Rendered] = field(default_factory=list)
    routes: dict[int, str | None] = field(default_factory=dict)  # of its deliveries, by their positions
    trace: Trace = field(default_factory=Trace)

    @property
    def version(self) -> str | None:
        """That of the mapping."""
        return self.mapping.version if self.mapping else None

    @property
    def translation(self) -> Translation | None:
        """That of the mapping, where the lead was translated by it."""
        return self.mapping.translation if self.mapping and self.lead else None

    @property
    def can_tell(self) -> bool:
        """Whether it is known what would become of the lead now."""
        return self.lead is not None or bool(self.mapping and self.mapping.translation is None)

    def of(self, delivery: dict[str, Any]) -> tuple[dict[str, Any] | None, Hold | None]:
        """A delivery's request as it would be now, and why it would not be sent; neither where that can't be told."""
        if self.translation is None or self.lead is None:
            return None, self._broken()
        own = assigned(self.routes, self.rendered)[0].get(delivery["position"])
        if own is None:
            return None, Hold(Reason.NO_ROUTE, "the route that it was for does not hold any more")
        return own.request, problem_of(own, self.lead)

    def _broken(self) -> Hold | None:
        faults = self.mapping.translation_findings if self.mapping and not self.mapping.translation else []
        return Hold(Reason.MAPPING_BROKEN, faults[0].message, faults[0].code, faults[0].place) if faults else None

    def lines(self) -> Iterator[str]:
        """How it was translated, for people."""
        if self.translation and self.lead:
            problems = [problem_of(one, self.lead) for one in self.rendered]
            yield from told(self.translation, self.trace, self.rendered, problems)

    def sources(self, wanted: str) -> tuple[tuple[str, Any], ...]:
        """What came to a field's expression that failed: names and values, those of `let` looked through."""
        failed = [one for one in self.trace.steps if one.failed and one.field == wanted]
        return tuple(self._looked_through(failed[-1].inputs)) if failed else ()

    def _looked_through(self, inputs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in inputs.items():
            let = next((one for one in self.trace.steps if one.field == f"let.{name.partition('.')[0]}"), None)
            if let is not None:
                yield from self._looked_through(let.inputs)
            elif value is not None:
                yield name, value


def afresh(story: dict[str, Any], body: bytes, fetched: bytes | None, catalog: Catalog) -> Afresh:
    """Translate a lead as the store tells it. Never raises, whatever was stored."""
    mapping = catalog.mappings.get(story["endpoint"])
    channel = CHANNELS.get(story["channel"])
    why_not = _why_not(story, mapping, fetched)
    if why_not or channel is None or mapping is None or mapping.translation is None:
        return Afresh(mapping, why_not)
    received_at = datetime.fromisoformat(story["received_at"])
    meta = Meta(story["channel"], story["endpoint"], story["id"], story["external_id"] or "", received_at)
    try:
        lead = channel.lead(loads(body), None if fetched is None else loads(fetched))
        rendered = translate(mapping.translation, lead, meta)
        trace = traced(mapping.translation, lead, meta)
    except Refusal as refusal:
        return Afresh(mapping, f"What came can't be read: {refusal.message}")
    except Exception as error:  # noqa: BLE001 - a fault of ours must not hide all else that is known of the lead
        return Afresh(mapping, f"Translating it fails by a fault of ours: {type(error).__name__}.")
    routes = {one["position"]: one["route"] for one in story["deliveries"]}
    return Afresh(mapping, "", lead, rendered, routes, trace)


def _why_not(story: dict[str, Any], mapping: Mapping | None, fetched: bytes | None) -> str:
    channel = CHANNELS.get(story["channel"])
    faults = [] if mapping is None or mapping.translation else mapping.translation_findings
    told_first = (
        (story["erased_at"], "The person's data was erased: nothing is left to be translated."),
        (mapping is None, f"There is no mapping for {story['endpoint']} now."),
        (faults, "\n".join(["The mapping is broken now:", *map(str, faults)])),
        (channel is None, f"The channel {story['channel']} is not known to this program."),
        (channel and channel.remote and fetched is None, "It is not translated yet: Meta has not given the lead."),
    )
    return next((why for stands, why in told_first if stands), "")
