from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.channels.base import Notice
from ingest.ids import new_id
from ingest.inbox import Inbox
from ingest.inbox.accepting import Accepted
from ingest.intake import identity
from ingest.intake.endpoints import Endpoint, Intakes
from ingest.models import LOOK_UP, Event, Reason, Via, utcnow


@dataclass(frozen=True, slots=True)
class Entrance:
    """The one way in for leads, wherever they come from."""

    intakes: Intakes
    inbox: Inbox

    def take(
        self, called: Endpoint, notices: Sequence[Notice], via: Via = Via.WEBHOOK, waived: Iterable[Reason] = ()
    ) -> list[Accepted]:
        """Store an endpoint's notices; on disk when this returns. Those that are known give the first one's id.

        Each goes to the endpoint whose it is. `waived` are reasons that a person overrules. Raises StoreError.
        """
        return self.inbox.accept(self.events(called, notices, via, waived))

    def events(
        self, called: Endpoint, notices: Sequence[Notice], via: Via = Via.WEBHOOK, waived: Iterable[Reason] = ()
    ) -> list[Event]:
        """What would be stored of notices, each under the endpoint whose it is. Raises StoreError."""
        received_at = utcnow()
        ids = sorted(new_id(received_at) for _ in notices)  # so that an array's leads keep its order
        events = []
        for lead, notice in zip(ids, notices, strict=True):
            owner = self.intakes.claimant(called, notice)
            known = identity.of(notice, called, owner, received_at, self.inbox, via=via)
            to_look_up = owner.channel.remote and notice.fetched is None
            events.append(
                Event(
                    id=lead,
                    endpoint=owner.name,
                    channel=owner.channel.name,
                    received_at=received_at,
                    identity=known.identity,
                    external_id=known.external_id,
                    body=notice.raw,
                    account=owner.account,
                    lane=f"{LOOK_UP}{owner.channel.name}:{notice.page_id or ''}" if to_look_up else "",
                    hold=notice.hold,
                    why=notice.why,
                    lead=notice.fetched,
                    form_id=notice.form_id,
                    page_id=notice.page_id,
                    via=via,
                    waived=" ".join(waived),
                )
            )
        return events
