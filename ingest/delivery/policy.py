from __future__ import annotations

from datetime import datetime, timedelta

from ingest.errors import Hold
from ingest.mapping.records import Policy, QuietHours
from ingest.models import Delivery, Lead, Reason


def too_old(policy: Policy, lead: Lead, delivery: Delivery) -> Hold | None:
    """The hold of a lead that was older than `max_age` when it came."""
    if policy.max_age is None or lead.created_at is None:
        return None
    age = delivery.event.received_at - lead.created_at
    if age <= policy.max_age:
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
