"""What will become of a lead that is stored, as far as it and its mapping tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ingest.cli.verdicts import State, outcome
from ingest.delivery.prepare import lead_of, meta_of
from ingest.mapping.records import Catalog, Translation
from ingest.mapping.render import translate
from ingest.models import Delivery, Event, Reason, Status

SENT = ("sent", "")

Foretold = tuple[str, str]
"""`sent`, or `held` or `skipped` with the reason."""


def foretold(event: Event, catalog: Catalog, has_opted_out: Callable[[str], bool]) -> Iterator[Foretold]:
    """What becomes of each message of a lead; not asked are `duplicate`, `cap` and quiet hours, which hang on others.

    `has_opted_out` is asked of a message's destination. Never raises by a lead.
    """
    mapping = catalog.mappings.get(event.endpoint)
    if event.hold is not None:
        yield "held", event.hold
        return
    if mapping is None or mapping.translation is None:
        yield "held", Reason.MAPPING_BROKEN
        return
    try:
        states = list(_states(event, mapping.translation))
    except Exception:  # noqa: BLE001 - a fault of ours, which the worker tells of; here the lead is stored already
        states = [State("held", Reason.EXPRESSION_FAILED)]
    for state in states:
        sendable = state.kind == "sent" or state.reason == Reason.TOO_OLD  # an opt-out is asked for before the age
        if sendable and has_opted_out((state.request or {})["destination"]):
            yield "skipped", Reason.OPTED_OUT
        else:
            yield state.kind, state.reason


def _states(event: Event, translation: Translation) -> Iterator[State]:
    delivery = Delivery(event.id, event, Status.PENDING, event.account, lead=event.lead)
    lead, meta = lead_of(delivery), meta_of(delivery)
    for rendered in translate(translation, lead, meta):
        yield outcome(rendered, lead, meta, event.via, event.waived.split())
