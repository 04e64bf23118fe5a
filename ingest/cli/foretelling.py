"""What will become of a lead that is stored, as far as it and its mapping tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ingest.cli.tracing import problem_of
from ingest.delivery import policy
from ingest.delivery.prepare import lead_of, meta_of
from ingest.errors import Hold, Skip
from ingest.mapping.records import Catalog
from ingest.mapping.render import translate
from ingest.models import Delivery, Event, Reason, Status

SEND = ("send", "")

Foretold = tuple[str, str]
"""`send`, or `held` or `skipped` with the reason."""


def foretold(event: Event, catalog: Catalog, has_opted_out: Callable[[str], bool]) -> Iterator[Foretold]:
    """What becomes of each message of a lead; not asked are `duplicate`, `cap` and quiet hours, which hang on others.

    `has_opted_out` is asked of a message's destination.
    """
    mapping = catalog.mappings.get(event.endpoint)
    if event.hold is not None:
        yield "held", event.hold
    elif mapping is None or mapping.translation is None:
        yield "held", Reason.MAPPING_BROKEN
    else:
        waived = frozenset(event.waived.split())
        delivery = Delivery(event.id, event, Status.PENDING, event.account, lead=event.lead, waived=waived)
        lead = lead_of(delivery)
        for rendered in translate(mapping.translation, lead, meta_of(delivery)):
            problem = problem_of(rendered, lead)
            if problem is None and has_opted_out((rendered.request or {})["destination"]):
                problem = Skip(Reason.OPTED_OUT, "The person wants no messages")
            yield _said(problem or policy.too_old(rendered.policy, lead, delivery))


def _said(problem: Hold | None) -> Foretold:
    if problem is None:
        return SEND
    return "skipped" if isinstance(problem, Skip) else "held", problem.reason
