"""Leads whose webhook never came: read from their form's list at Meta, and taken in by the one way in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from ingest.channels.base import Notice
from ingest.channels.facebook import Facebook
from ingest.intake import identity
from ingest.intake.entrance import Entrance
from ingest.models import Reason, Via, utcnow
from ingest.recovery.forms import Form
from ingest.values import moment

BATCH = 100
ON_ITS_WAY = timedelta(minutes=5)
"""How long a webhook may take before it counts as one that never came."""

_FACEBOOK = Facebook()


@dataclass(slots=True)
class Tally:
    """What a form's list came to: how many leads Meta has, how many were new; their ids by the day (UTC)."""

    meta: int = 0
    new: int = 0
    days: dict[str, list[str]] = field(default_factory=dict)
    missed: Counter[str] = field(default_factory=Counter)  # by the day: new ones whose webhook would be here by now

    @property
    def known(self) -> int:
        """How many were there already."""
        return self.meta - self.new


@dataclass(frozen=True, slots=True)
class Recovery:
    """Reads forms' lists, and takes in what is missing."""

    entrance: Entrance

    def read(self, form: Form, since: datetime) -> Iterator[Notice]:
        """A form's leads as notices, the newest first. Raises GraphError."""
        names = {key: one for key, one in (("form_name", form.name), ("page_name", form.page_name)) if one}
        for document in form.source.of_form(form.id, since):
            notice = _FACEBOOK.found(document | names, form.id, form.page_id)
            if notice is not None:
                yield notice

    def take(self, form: Form, since: datetime, via: Via, waived: Iterable[Reason] = ()) -> Iterator[Tally]:
        """Take in what is missing, page by page; gives the sums so far. Raises GraphError, StoreError."""
        tally, notices, waived = Tally(), self.read(form, since), tuple(waived)
        while batch := list(islice(notices, BATCH)):
            accepted = self.entrance.take(form.called, batch, via, waived)
            for notice, one in zip(batch, accepted, strict=True):
                _count(tally, notice, new=not one.duplicate)
            yield tally

    def compare(self, form: Form, since: datetime) -> Iterator[tuple[Notice, bool]]:
        """A form's leads, each with whether it is new; nothing is stored. Raises GraphError, StoreError."""
        inbox = self.entrance.inbox
        for notice in self.read(form, since):
            owner = self.entrance.intakes.claimant(form.called, notice)
            yield notice, not inbox.knows(identity.of(notice, form.called, owner, utcnow(), inbox).identity)


def _count(tally: Tally, notice: Notice, *, new: bool) -> None:
    created = moment(notice.payload.get("created_time")) or utcnow()
    day = created.astimezone(UTC).date().isoformat()
    tally.meta += 1
    tally.days.setdefault(day, []).append(notice.external_id or "")
    tally.new += new
    tally.missed[day] += new and created < utcnow() - ON_ITS_WAY
