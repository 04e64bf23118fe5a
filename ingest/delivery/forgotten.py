from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingest.channels import VENDORS
from ingest.delivery.people import texts
from ingest.inbox import Inbox
from ingest.inbox.forgotten import last_forgotten
from ingest.mapping.filters.phones import numbers
from ingest.mapping.render import Rendered
from ingest.models import Delivery, Event, Lead, Via, utcnow

AT_ONCE = timedelta(minutes=1)
"""What comes so soon after its person wrote it is new, whoever was forgotten before."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Knows the leads of people who were forgotten after they had left them: such a lead is not taken up again.

    That is so however late it comes: by a webhook, out of a list at Meta, or out of a file. Who writes again after
    being forgotten is a new lead. `country` is that of phones that name none.
    """

    inbox: Inbox
    country: str

    def has(self, delivery: Delivery, lead: Lead, rendered: Sequence[Rendered] = ()) -> bool:
        """Whether a lead is such a one. Raises StoreError."""
        event = delivery.event
        left_at = _left_at(event, lead)
        if event.via is Via.WEBHOOK and event.received_at - (left_at or event.received_at) < AT_ONCE:
            return False
        found = {number for text in texts(event.body, delivery.lead) for number in numbers(text, self.country)}
        found |= {one.request["destination"] for one in rendered if one.request}
        with self.inbox.reading() as connection:
            at = last_forgotten(connection, {self.inbox.person(number) for number in found})
        return at is not None and (left_at is None or left_at < at)


def _left_at(event: Event, lead: Lead) -> datetime | None:
    """When the person left a lead; None where nobody knows, as in a file without times."""
    return lead.created_at or (event.received_at if event.via is Via.WEBHOOK else None)


def emptied(event: Event) -> dict[str, Any]:
    """What stays of the event of somebody who was forgotten."""
    kept = event.external_id if event.channel in VENDORS else None
    nothing = {"body": b"{}", "lead": None, "name": None, "phone": None}
    return {**nothing, "external_id": kept, "erased_at": utcnow()}
