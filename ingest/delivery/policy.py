from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.errors import Hold
from ingest.mapping.records import Policy, QuietHours
from ingest.mapping.render import Rendered
from ingest.models import Lead, Reason, Via


@dataclass(frozen=True, slots=True)
class Count:
    """At most `count` messages of an account with the same `texts` within a time; one more is skipped, `reason`."""

    reason: Reason
    texts: tuple[str, ...]
    count: int
    within: timedelta


def counts(rendered: Rendered, waived: frozenset[str]) -> Iterator[Count]:
    """What a mapping's `duplicate` and `cap` count for a request, in this order; not what a person has waived."""
    policy, request = rendered.policy, rendered.request or {}
    if policy.duplicate_within and rendered.duplicate_key and Reason.DUPLICATE not in waived:
        yield Count(Reason.DUPLICATE, (rendered.duplicate_key,), 1, policy.duplicate_within)
    if policy.cap and Reason.CAP_REACHED not in waived:
        count, within = policy.cap
        yield Count(Reason.CAP_REACHED, (request["destination"],), count, within)


FRESH = timedelta(hours=24)
"""How old a lead may be that its source did not post, where the mapping does not say: nobody expects it any more."""


def too_old(policy: Policy, lead: Lead, received_at: datetime, via: Via, waived: Collection[str]) -> Hold | None:
    """The hold of a lead that was older than `max_age` when it came."""
    return None if Reason.TOO_OLD in waived else overdue(policy, lead, received_at, via)


def overdue(policy: Policy, lead: Lead, received_at: datetime, via: Via = Via.WEBHOOK) -> Hold | None:
    """The same, whatever a person has waived."""
    max_age = policy.max_age or (None if via is Via.WEBHOOK else FRESH)
    if max_age is None or lead.created_at is None:
        return None
    age = received_at - lead.created_at
    if age <= max_age:
        return None
    return Hold(Reason.TOO_OLD, f"The lead was {age.total_seconds() / 3600:.0f} h old when it came", "policy.max_age")


def quiet_until(hours: QuietHours | None, now: datetime) -> datetime | None:
    """The end of the quiet hours that are now, or None. They are those of the mapping's own time zone."""
    if hours is None:
        return None
    local = now.astimezone(hours.zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = hours.end <= hours.start
    quiet = (clock >= hours.start or clock < hours.end) if over_midnight else hours.start <= clock < hours.end
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= hours.start else 0)
    return datetime.combine(day, hours.end, hours.zone).astimezone(now.tzinfo)
