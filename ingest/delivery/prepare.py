from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from traceback import extract_tb
from typing import Any

from ingest import log
from ingest.aisensy import schema
from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.delivery import policy
from ingest.delivery.forgotten import emptied
from ingest.delivery.people import is_own, name_of, phone_of
from ingest.delivery.sharing import Beside, share
from ingest.errors import Hold, Skip
from ingest.inbox.fanout import Fan
from ingest.inbox.moves import Move, given_back
from ingest.mapping.records import Catalog, Mapping, QuietHours
from ingest.mapping.render import Rendered, translate
from ingest.models import MENDABLE, Delivery, Lead, Meta, Reason, Status, utcnow


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
    quiet_hours: QuietHours | None = None
    trial: bool = False  # it tries whether its paused campaign works again
    unsure: bool = False  # its intent may have been committed, and it has not left

    @property
    def account(self) -> str:
        """The account that it is sent for."""
        return self.delivery.account


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a claimed delivery: ready to leave, or a move to another state; and what its lead gives beside."""

    ready: Ready | None = None
    move: Move | None = None
    fan: Fan | None = None


IsForgotten = Callable[[Delivery, Lead, Sequence[Rendered]], bool]
"""Whether a lead is of somebody who was forgotten since."""


def _nobody(*_: object) -> bool:
    return False


def lead_of(delivery: Delivery) -> Lead:
    """The lead of a delivery whose look-up, where its channel needs one, is done."""
    fetched = None if delivery.lead is None else loads(delivery.lead)
    return CHANNELS[delivery.event.channel].lead(loads(delivery.event.body), fetched)


def meta_of(delivery: Delivery) -> Meta:
    """What the mapping's expressions see as `meta`."""
    event = delivery.event
    return Meta(event.channel, event.endpoint, event.id, event.external_id or "", event.received_at)


def prepare(
    delivery: Delivery, catalog: Catalog, owner: str, beside: Beside = lambda _: {}, forgotten: IsForgotten = _nobody
) -> Prepared:
    """Translate a claimed delivery by its mapping as it is now. Raises what `beside` and `forgotten` raise."""
    mapping = catalog.mappings.get(delivery.event.endpoint)
    if delivery.event.erased:
        return Prepared(move=parked(owner, delivery, Skip(Reason.DISCARDED, "Its data was erased"), {}, {}))
    if mapping is None or mapping.translation is None or delivery.event.channel not in CHANNELS:
        broken = _broken(mapping, delivery)
        return Prepared(move=parked(owner, delivery, broken, {"version": mapping.version if mapping else None}, {}))
    lead = lead_of(delivery)
    every = translate(mapping.translation, lead, meta_of(delivery))
    if forgotten(delivery, lead, every):
        why = Skip(Reason.DISCARDED, "Its person was forgotten after leaving it")
        return Prepared(move=parked(owner, delivery, why, {}, emptied(delivery.event)))
    rendered, further = share(delivery, every, beside)
    if rendered is None:
        gone = Hold(Reason.NO_ROUTE, "The route that this delivery was for does not hold any more")
        return Prepared(move=parked(owner, delivery, gone, {"version": mapping.version}, {}))
    request = rendered.request or {}
    event = _person(every, lead) if delivery.position == 0 else {}
    if delivery.lead is not None:
        event["lead"] = delivery.lead
    kept = {
        "version": mapping.version,
        "route": rendered.key or delivery.route,
        "account": rendered.account,
        "lane": rendered.account,
        "campaign": request.get("campaignName"),
        "request": json.dumps(request, ensure_ascii=False) if request else None,
    }
    fan = Fan(delivery, owner, kept["route"], tuple(one.key for one in further), event) if further else None
    problem = _problem(rendered, lead)
    if problem is not None:
        return Prepared(move=parked(owner, delivery, problem, kept, event), fan=fan)
    ready = Ready(
        delivery,
        request,
        kept,
        mapping.version,
        rendered.policy.on_timeout,
        event,
        too_old=policy.too_old(rendered.policy, lead, delivery.event.received_at, delivery.event.via, delivery.waived),
        counts=tuple(policy.counts(rendered, delivery.waived)),
        quiet_hours=rendered.policy.quiet_hours,
    )
    return Prepared(ready=ready, fan=fan)


def _person(every: list[Rendered], lead: Lead) -> dict[str, Any]:
    """Who the lead is from, for lists and searches. Of several requests some may be for people of ours."""
    request = every[0].request or {}
    if len(every) > 1:
        made = [one.request for one in every if one.request]
        known = {} if phone_of(lead) else request
        request = next((one for one in made if is_own(lead, one["destination"])), known)
    return {"name": request.get("userName") or name_of(lead), "phone": request.get("destination") or phone_of(lead)}


def _broken(mapping: Mapping | None, delivery: Delivery) -> Hold:
    if mapping is None:
        message = f"There is no mapping for {delivery.event.endpoint}: put its file back, or discard the lead"
        return Hold(Reason.MAPPING_BROKEN, message)
    finding = next(iter(mapping.translation_findings or mapping.findings))
    more = f" (and {len(mapping.findings) - 1} more: ingest check)" if len(mapping.findings) > 1 else ""
    return Hold(Reason.MAPPING_BROKEN, f"{finding.message}{more}", finding.code, finding.place)


def _problem(rendered: Rendered, lead: Lead) -> Hold | None:
    if lead.is_test:
        return Skip(Reason.TEST_LEAD, "A test lead: shown, never sent")
    if rendered.problem is not None:
        return rendered.problem
    return rendered.refused(schema.check(rendered.request or {}))


def parked(owner: str, delivery: Delivery, problem: Hold, kept: dict[str, Any], event: dict[str, Any]) -> Move:
    """The move of a claimed delivery that goes no further: held, or skipped."""
    status = Status.SKIPPED if isinstance(problem, Skip) else Status.HELD
    values = {**kept, "status": status, "reason": problem.reason, "error": str(problem), "due_at": None, "owner": None}
    if status is Status.HELD and problem.reason in FOUND_WANTING:
        values["tried"] = tried(delivery, kept.get("version"))
    return Move(delivery.id, delivery.status, values, owner=owner, event=event, event_id=delivery.event.id)


def tried(delivery: Delivery, version: str | None) -> str:
    """The versions of the mapping that were found wanting for a delivery, with this one."""
    return " ".join([*(one for one in delivery.tried.split() if one != version), version or "-"])


FOUND_WANTING = MENDABLE - {Reason.MAPPING_BROKEN}
"""Reasons that tell of a version of the mapping that it will not do for the lead."""


def elsewhere(owner: str, delivery: Delivery, account: str) -> Move:
    """The move of a delivery whose mapping names another account than at intake: it waits for that one's turn."""
    values = {"account": account, "lane": account, "owner": None, "due_at": utcnow()}
    found = {"lead": delivery.lead} if delivery.lead is not None else {}
    return Move(delivery.id, delivery.status, values, owner=owner, event=found, event_id=delivery.event.id)


def later(owner: str, delivery: Delivery) -> Move:
    """The move of a delivery that could not be looked at now: it is taken up again after a moment."""
    found = {"lead": delivery.lead} if delivery.lead is not None else {}
    values = given_back(utcnow() + timedelta(seconds=1))
    return Move(delivery.id, delivery.status, values, owner=owner, event=found, event_id=delivery.event.id)


def crashed(owner: str, delivery: Delivery, catalog: Catalog, error: Exception) -> Move:
    """The move of a delivery whose translation failed by a fault of ours; the log tells where, without its data."""
    at = extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {at.filename}:{at.lineno}"
    log.get().error("translation_crashed", lead_id=delivery.event.id, endpoint=delivery.event.endpoint, where=where)
    mapping = catalog.mappings.get(delivery.event.endpoint)
    fault = Hold(Reason.EXPRESSION_FAILED, f"Unexpected {type(error).__name__}: a fault of ours, the log tells where")
    return parked(owner, delivery, fault, {"version": mapping.version if mapping else None}, {})
