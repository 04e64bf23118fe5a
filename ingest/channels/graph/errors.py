"""What Meta's errors mean: https://developers.facebook.com/docs/graph-api/guides/error-handling"""

from __future__ import annotations

from typing import Any

from ingest.errors import GraphError
from ingest.models import Reason
from ingest.values import clean

APP_LIMIT = 4  # calls of an app
PARAMETER = 100  # something that was asked for is wrong
THROTTLED = 60.0  # seconds to wait where Meta names none

THROTTLING = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
"""Codes by which Meta says that it was asked too much."""

# What a code, or a code and sub-code, means, why the lead does not come, and after how many seconds to ask again
# (none: as the retries go).
_MEANINGS: dict[tuple[int, int | None], tuple[str, Reason, float | None]] = {
    **dict.fromkeys([(1, None), (2, None)], ("a passing fault at Meta", Reason.LEAD_UNAVAILABLE, None)),
    **dict.fromkeys(
        [(code, None) for code in THROTTLING],
        ("Meta throttles us", Reason.LEAD_UNAVAILABLE, THROTTLED),
    ),
    **dict.fromkeys(
        [(code, None) for code in (10, *range(200, 300))],
        ("a permission is missing", Reason.LEAD_UNAVAILABLE, None),
    ),
    **dict.fromkeys([(102, None), (190, None)], ("the access token is not valid", Reason.LEAD_UNAVAILABLE, None)),
    (368, None): ("Meta blocks this app for a while", Reason.LEAD_UNAVAILABLE, None),
    (100, 33): ("it is gone, or hidden from this token", Reason.LEAD_GONE, None),
}
_UNKNOWN = ("Meta refuses to give it", Reason.LEAD_UNAVAILABLE, None)


def error_of(answer: Any, rest: float, token: str) -> GraphError:
    """The error that an answer tells, whose headers wish for so many seconds of rest; the token is in none."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return unavailable("Meta's answer is not what its documentation tells", rest)
    code, subcode = (
        value if isinstance(value, int) else 0 for value in (error.get("code"), error.get("error_subcode"))
    )
    meaning, reason, wait = _MEANINGS.get((code, subcode)) or _MEANINGS.get((code, None)) or _UNKNOWN
    said = clean(str(error.get("message", ""))).replace(token, "***")[:300]  # Meta repeats tokens that it can't read
    number = f"{code}/{subcode}" if subcode else str(code)
    return GraphError(reason, f"{meaning} (code {number}: {said})", rest or wait, code)


def of_the_call(error: GraphError) -> GraphError:
    """An error of a call as a whole: it gives no lead up, because it is about none that was asked for."""
    return GraphError(Reason.LEAD_UNAVAILABLE, error.message, error.retry_after, error.code)


def unavailable(what: str, rest: float = 0) -> GraphError:
    """Nothing came that says anything."""
    return GraphError(Reason.LEAD_UNAVAILABLE, what, rest or None)
