"""How much of Meta's limits is used up, and when to ask again, as its answers tell:
https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.wire import retry_after

FULL = 95.0  # percent, from which on we rest: at 100 Meta refuses, and starts the wait anew
MOST = 1_000_000.0  # no share or time is greater
REST = 60.0  # seconds, where Meta does not tell how long

_APP, _BUSINESS = "X-App-Usage", "X-Business-Use-Case-Usage"
_SHARES = ("call_count", "total_time", "total_cputime")


def rest(headers: Mapping[str, str]) -> float:
    """For how many seconds to ask no more; 0 where there is room."""
    return max([of_the_app(headers), retry_after(headers) or 0.0, *map(_wait, _usages(headers))])


def of_the_app(headers: Mapping[str, str]) -> float:
    """The same of what all pages of a token share: not of a page's own limits."""
    usage = _read(headers.get(_APP, ""))
    return _wait(usage) if isinstance(usage, dict) else 0.0


def _usages(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    business = _read(headers.get(_BUSINESS, ""))
    for several in business.values() if isinstance(business, dict) else ():
        yield from (one for one in (several if isinstance(several, list) else ()) if isinstance(one, dict))


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _wait(usage: Mapping[str, Any]) -> float:
    minutes = _number(usage.get("estimated_time_to_regain_access"))
    if minutes > 0:
        return min(minutes, 24 * 60) * 60
    return REST if any(_number(usage.get(key)) >= FULL for key in _SHARES) else 0.0


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    return float(min(value, MOST)) if value == value else 0.0  # noqa: PLR0124 - NaN is unequal to itself
