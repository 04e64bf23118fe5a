from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from traceback import extract_tb
from typing import Any

from ingest import log
from ingest.aisensy import schema
from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.delivery import policy
from ingest.delivery.people import name_of, phone_of
from ingest.errors import Hold, Skip
from ingest.inbox.moves import Move
from ingest.mapping.records import Catalog, Mapping
from ingest.mapping.render import Rendered, translate
from ingest.models import Delivery, Lead, Meta, Reason, Status, utcnow


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery that may leave where its policy lets it: its request, and what the store shall keep of it."""

    delivery: Delivery
    request: dict[str, Any]
    kept: dict[str, Any]
    version: str  # of the mapping
    on_timeout: str = "hold"
    event: dict[str, Any] = field(default_factory=dict)
    too_old: Hold | None = None
    counts: tuple[policy.Count, ...] = ()
    quiet_until: datetime | None = None
    trial: bool = False  # it tries whether its paused campaign works again

    @property
    def account(self) -> str:
        """The account that it is sent for."""
        return self.delivery.account


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a claimed delivery: ready to leave, or a move to another state; and how many routes held."""

    ready: Ready | None = None
    move: Move | None = None
    routes: int = 1


def lead_of(delivery: Delivery) -> Lead:
    """The lead of a delivery whose look-up, where its channel needs one, is done."""
    fetched = None if delivery.lead is None else loads(delivery.lead)
    return CHANNELS[delivery.event.channel].lead(loads(delivery.event.body), fetched)


def meta_of(delivery: Delivery) -> Meta:
    """What the mapping's expressions see as `meta`."""
    event = delivery.event
    return Meta(event.channel, event.endpoint, event.id, event.external_id or "", event.received_at)


def prepare(delivery: Delivery, catalog: Catalog, owner: str) -> Prepared:
    """Translate a claimed delivery by its mapping as it is now."""
    mapping = catalog.mappings.get(delivery.event.endpoint)
    tried = _tried(delivery, mapping)
    if delivery.event.erased:
        return Prepared(move=parked(owner, delivery, Skip(Reason.DISCARDED, "Its data was erased"), {}, {}))
    if mapping is None or mapping.translation is None or delivery.event.channel not in CHANNELS:
        return Prepared(move=parked(owner, delivery, _broken(mapping, delivery), {"tried": tried}, {}))
    lead = lead_of(delivery)
    every = translate(mapping.translation, lead, meta_of(delivery))
    rendered = every[delivery.position] if delivery.position < len(every) else None
    if rendered is None:
        gone = Hold(Reason.NO_ROUTE, "The route that this delivery was for does not hold any more")
        return Prepared(move=parked(owner, delivery, gone, {"tried": tried}, {}))
    request = rendered.request or {}
    event = _person(request, lead) if delivery.position == 0 else {}  # a further one may be for somebody of ours
    if delivery.lead is not None:
        event["lead"] = delivery.lead
    kept = {
        "tried": tried,
        "route": rendered.route,
        "account": rendered.account,
        "campaign": request.get("campaignName"),
        "request": json.dumps(request, ensure_ascii=False) if request else None,
    }
    problem = _problem(rendered, lead)
    if problem is not None:
        return Prepared(move=parked(owner, delivery, problem, kept, event), routes=len(every))
    ready = Ready(
        delivery,
        request,
        kept,
        mapping.version,
        rendered.policy.on_timeout,
        event,
        too_old=policy.too_old(rendered.policy, lead, delivery),
        counts=tuple(policy.counts(rendered, delivery.waived)),
        quiet_until=policy.quiet_until(rendered.policy.quiet_hours, utcnow()),
    )
    return Prepared(ready=ready, routes=len(every))


def _person(request: dict[str, Any], lead: Lead) -> dict[str, Any]:
    """Who the lead is from, for lists and searches."""
    return {"name": request.get("userName") or name_of(lead), "phone": request.get("destination") or phone_of(lead)}


def _tried(delivery: Delivery, mapping: Mapping | None) -> str:
    version = mapping.version if mapping else "-"
    earlier = [one for one in delivery.tried.split() if one != version]
    return " ".join([*earlier, version])


def _broken(mapping: Mapping | None, delivery: Delivery) -> Hold:
    if mapping is None:
        message = f"There is no mapping for {delivery.event.endpoint}: put its file back, or discard the lead"
        return Hold(Reason.MAPPING_BROKEN, message)
    finding = next(iter(mapping.translation_findings or mapping.findings))
    more = f" (and {len(mapping.findings) - 1} more: ingest check)" if len(mapping.findings) > 1 else ""
    return Hold(Reason.MAPPING_BROKEN, f"{finding.message}{more}", finding.code, finding.place)


def _problem(rendered: Rendered, lead: Lead) -> Hold | None:
    if lead.is_test:
        return Skip(Reason.TEST_LEAD, "Meta's test lead: shown, never sent")
    if rendered.problem is not None:
        return rendered.problem
    return rendered.refused(schema.check(rendered.request or {}))


def parked(owner: str, delivery: Delivery, problem: Hold, kept: dict[str, Any], event: dict[str, Any]) -> Move:
    """The move of a claimed delivery that goes no further: held, or skipped."""
    status = Status.SKIPPED if isinstance(problem, Skip) else Status.HELD
    values = {**kept, "status": status, "reason": problem.reason, "error": str(problem), "due_at": None}
    return Move(
        delivery.id, delivery.status, {**values, "owner": None}, owner=owner, event=event, event_id=delivery.event.id
    )


def crashed(owner: str, delivery: Delivery, catalog: Catalog, error: Exception) -> Move:
    """The move of a delivery whose translation failed by a fault of ours; the log tells where, without its data."""
    at = extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {at.filename}:{at.lineno}"
    log.get().error("translation_crashed", lead_id=delivery.event.id, endpoint=delivery.event.endpoint, where=where)
    tried = _tried(delivery, catalog.mappings.get(delivery.event.endpoint))
    fault = Hold(Reason.EXPRESSION_FAILED, f"Unexpected {type(error).__name__}: a fault of ours, the log tells where")
    return parked(owner, delivery, fault, {"tried": tried}, {})
