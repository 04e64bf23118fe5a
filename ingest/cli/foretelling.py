"""What will become of leads that are stored, as far as they and their mappings tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.channels import CHANNELS
from ingest.cli.verdicts import State, outcome
from ingest.delivery.forgotten import Forgotten
from ingest.delivery.prepare import lead_of, meta_of
from ingest.errors import StoreError
from ingest.inbox import Inbox, people
from ingest.mapping.records import Catalog
from ingest.mapping.render import translate
from ingest.models import Delivery, Event, Reason, Status

Foretold = tuple[str, str]
"""`sent`, or `held`, `skipped` or `waiting` with the reason."""

SENT: Foretold = ("sent", "")
_OPTED_OUT: Foretold = ("skipped", Reason.OPTED_OUT)
_FORGOTTEN = State("skipped", Reason.DISCARDED)


def foretold(events: Sequence[Event], catalog: Catalog, inbox: Inbox, country: str) -> Iterator[Foretold]:
    """What becomes of each message of leads; not asked are `duplicate`, `cap` and quiet hours, which hang on others.

    Raises StoreError, and nothing by a lead.
    """
    forgotten = Forgotten(inbox, country)
    states = [state for event in events for state in _states(event, catalog, forgotten)]
    persons = [inbox.person(state.request["destination"]) if state.request else "" for state in states]
    with inbox.reading() as connection:
        opted_out = people.opted_out_among(connection, set(persons))
    for state, person in zip(states, persons, strict=True):
        sendable = state.kind == "sent" or state.reason == Reason.TOO_OLD  # an opt-out is asked for before the age
        yield _OPTED_OUT if sendable and person in opted_out else (state.kind, state.reason)


def _states(event: Event, catalog: Catalog, forgotten: Forgotten) -> list[State]:
    mapping = catalog.mappings.get(event.endpoint)
    if event.hold is not None:
        return [State("held", event.hold)]
    if CHANNELS[event.channel].remote and event.lead is None:
        return [State(Status.WAITING, Reason.LEAD_UNAVAILABLE)]
    if mapping is None or mapping.translation is None:
        return [State("held", Reason.MAPPING_BROKEN)]
    delivery = Delivery(event.id, event, Status.PENDING, event.account, lead=event.lead)
    try:
        lead, meta = lead_of(delivery), meta_of(delivery)
        every = translate(mapping.translation, lead, meta)
        if forgotten.has(delivery, lead, every):
            return [_FORGOTTEN]
        return [outcome(one, lead, meta, event.via, event.waived.split()) for one in every]
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - a fault of ours, which the worker tells of; here the lead is stored already
        return [State("held", Reason.EXPRESSION_FAILED)]
