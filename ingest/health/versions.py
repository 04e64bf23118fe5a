from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import urlsplit

from ingest.health.records import FACEBOOK, Check, failing, ok, warned
from ingest.settings import GRAPH_URL

EARLY = timedelta(days=90)
"""How long before a version's end it is told."""

ENDS = {
    18: date(2026, 1, 26),
    19: date(2026, 5, 21),
    20: date(2026, 9, 24),
    21: date(2027, 1, 21),
    22: date(2027, 5, 20),
    23: date(2027, 10, 8),
    24: date(2028, 2, 18),
    25: date(2028, 7, 29),
}
"""When versions of the Graph API end; later ones have no date yet.
https://developers.facebook.com/docs/graph-api/changelog/versions"""

_MEND = f"Set FACEBOOK_GRAPH_URL={GRAPH_URL}, or a newer version, and run `ingest doctor` again."


def version(url: str, today: date) -> Check:
    """How long the version in the Graph API's address will be there."""
    found = re.search(r"/v(\d+)\.\d+$", urlsplit(url).path.rstrip("/"))
    if found is None:
        message = "FACEBOOK_GRAPH_URL names no version: Meta takes the oldest that there is."
        return warned(FACEBOOK, "version_unnamed", "Graph API", message, _MEND)
    number, name = int(found[1]), found[0].lstrip("/")
    end = ENDS.get(number)
    if number < min(ENDS) or (end and end <= today):
        when = f" on {end}" if end else ""
        return failing(FACEBOOK, "version_ended", "Graph API", f"{name} has ended{when}.", _MEND)
    if end and end - EARLY <= today:
        return warned(FACEBOOK, "version_ends", "Graph API", f"{name} ends on {end}.", _MEND)
    return ok(
        FACEBOOK, "version", "Graph API", f"{name}; it ends on {end}." if end else f"{name}; Meta has set no end."
    )
