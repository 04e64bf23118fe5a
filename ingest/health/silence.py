from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from ingest.health.records import FACEBOOK, Check, day, ok, warned
from ingest.inbox import forms, rhythm
from ingest.inbox.forms import FormDay, SeenForm

FEWEST = 5  # leads that make a rhythm
WINDOW = timedelta(days=30)
TIMES = 3  # the longest pause
SHORTEST = timedelta(hours=24)

_MEND = (
    "See whether its ads still run and whether Meta has newer leads of it (`ingest backfill facebook --dry-run`);"
    " `ingest doctor` tells what keeps them from coming. Archive a form at Meta that is done with."
)
_MISSED = (
    "They were taken in out of the form's list. `ingest doctor` tells whether page and app are subscribed; else see"
    " whether Meta reaches INGEST_PUBLIC_URL."
)


def is_silent(times: Sequence[datetime], now: datetime) -> bool:
    """Whether leads that came at these times, the newest first, should have been followed by another.

    Those of the 30 days before the newest count. Five or more make a rhythm; silent is a form whose last lead came
    longer ago than three times the longest pause between them, and longer than a day.
    """
    counted = [one for one in times if one >= times[0] - WINDOW]
    if len(counted) < FEWEST:
        return False
    longest = max(later - earlier for later, earlier in pairwise(counted))
    return now - counted[0] > max(TIMES * longest, SHORTEST)


def look(connection: Connection, form: SeenForm, now: datetime) -> Check:
    """Whether a form that used to bring leads has gone silent."""
    subject = f"form {form.id}"
    if not is_silent(rhythm.times(connection, form.id), now):
        return ok(FACEBOOK, "form", subject, f"Last lead {day(form.last_at)}.")
    message = f"It brought leads regularly, and none since {day(form.last_at)}."
    return warned(FACEBOOK, "form_silent", subject, message, _MEND)


def missed(connection: Connection, now: datetime) -> list[Check]:
    """Forms of which leads had to be fetched since yesterday, because their webhooks never came."""
    since = (now - timedelta(days=1)).date().isoformat()
    last: dict[str, str] = {}
    for one in forms.days(connection, since):
        if one.missed:
            last.setdefault(f"form {one.form_id}", one.day)
    return [
        warned(FACEBOOK, "webhooks_missed", subject, f"Webhooks of its leads never came ({when}).", _MISSED)
        for subject, when in last.items()
    ]


def compared(connection: Connection, now: datetime) -> list[Check]:
    """Each form's leads of yesterday and today (UTC), at Meta and here, as a worker last compared them."""
    since = (now - timedelta(days=1)).date().isoformat()
    return [_compared(one) for one in forms.days(connection, since) if one.meta]


def _compared(one: FormDay) -> Check:
    subject = f"form {one.form_id}, {one.day}"
    told = f"Meta {one.meta} · received {one.received} · sent {one.sent} · held {one.held}, at {day(one.checked_at)}."
    if one.received < one.meta:
        return warned(FACEBOOK, "leads_missing", subject, told, "`ingest backfill facebook` takes them in.")
    return ok(FACEBOOK, "form_day", subject, told)
