from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import requests

from ingest import __version__
from ingest.channels.payload import loads
from ingest.errors import GraphError, Refusal
from ingest.models import Reason

BATCH = 50  # the most that Meta takes in a call
CONNECT_TIMEOUT = 5.0  # seconds
THROTTLED = 60.0  # seconds to wait where Meta names none
FIELDS = (
    "id,created_time,field_data,form_id,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,"
    "is_organic,platform,custom_disclaimer_responses"
)

# https://developers.facebook.com/docs/graph-api/guides/error-handling: what a code, or a code and sub-code, means,
# why the lead does not come, and after how many seconds to ask again (none: as the retries go).
_MEANINGS: dict[tuple[int, int | None], tuple[str, Reason, float | None]] = {
    **dict.fromkeys([(1, None), (2, None)], ("a passing fault at Meta", Reason.LEAD_UNAVAILABLE, None)),
    **dict.fromkeys(
        [(code, None) for code in (4, 17, 32, 341, 613, 80005)],
        ("Meta throttles us", Reason.LEAD_UNAVAILABLE, THROTTLED),
    ),
    **dict.fromkeys(
        [(code, None) for code in (10, *range(200, 300))],
        ("a permission is missing", Reason.LEAD_UNAVAILABLE, None),
    ),
    **dict.fromkeys([(102, None), (190, None)], ("the access token is not valid", Reason.LEAD_UNAVAILABLE, None)),
    (368, None): ("Meta blocks this app for a while", Reason.LEAD_UNAVAILABLE, None),
    (100, 33): ("the lead is gone, or hidden from this token", Reason.LEAD_GONE, None),
}
_UNKNOWN = ("Meta refuses to give the lead", Reason.LEAD_UNAVAILABLE, None)


class Graph:
    """Meta's Graph API: the leads behind the ids. Threads may share it.

    `url` has the version (`https://graph.facebook.com/v26.0`), `timeout` is in seconds.
    """

    def __init__(self, url: str, timeout: float = 10) -> None:
        self._url = f"{url.rstrip('/')}/"
        self._timeouts = (min(CONNECT_TIMEOUT, timeout), timeout)
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or a .netrc of the machine must not see people's data
        self._session.headers["User-Agent"] = f"ingest/{__version__}"

    def fetch(self, ids: Sequence[str], token: str, app_secret: str | None) -> dict[str, dict[str, Any] | GraphError]:
        """For each id its lead's document, or why it did not come. Never raises.

        One call for each 50 ids; each answer stands on its own. Tokens are in no error.
        https://developers.facebook.com/docs/graph-api/batch-requests
        """
        found: dict[str, dict[str, Any] | GraphError] = {}
        unique = list(dict.fromkeys(ids))
        for start in range(0, len(unique), BATCH):
            part = unique[start : start + BATCH]
            found.update(zip(part, self._batch(part, token, app_secret), strict=True))
        return found

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _batch(self, ids: Sequence[str], token: str, app_secret: str | None) -> list[dict[str, Any] | GraphError]:
        calls = [{"method": "GET", "relative_url": f"{quote(one, safe='')}?fields={FIELDS}"} for one in ids]
        form = {"batch": json.dumps(calls), "include_headers": "false"}
        if app_secret:
            form["appsecret_proof"] = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        try:
            response = self._session.post(
                self._url,
                data=form,
                headers={"Authorization": b"Bearer " + token.encode()},
                timeout=self._timeouts,
                allow_redirects=False,
            )
            answers = loads(response.content)
        except Refusal:
            return [_unavailable(f"Meta answered {response.status_code} with something that is no JSON")] * len(ids)
        except (requests.RequestException, UnicodeError) as error:
            return [_unavailable(f"Meta can't be reached ({type(error).__name__})")] * len(ids)
        if isinstance(answers, list) and len(answers) == len(ids):
            return [_one(answer, token) for answer in answers]
        return [_error(answers, response.headers.get("Retry-After", ""), token)] * len(ids)


def _one(answer: Any, token: str) -> dict[str, Any] | GraphError:
    """One part of a batch's answer: null where Meta ran out of time, else its body is a JSON text of its own."""
    if not isinstance(answer, dict) or not isinstance(answer.get("body"), str):
        return _unavailable("Meta left this lead out of its answer")
    try:
        document = loads(answer["body"].encode("utf-8", "surrogatepass"))
    except (Refusal, UnicodeError):
        return _unavailable("Meta's answer for this lead is no JSON")
    if answer.get("code") == 200 and isinstance(document, dict) and "error" not in document:
        return document
    return _error(document, "", token)


def _error(answer: Any, retry_after: str, token: str) -> GraphError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return _unavailable("Meta's answer is not what its documentation tells")
    code, subcode = (
        value if isinstance(value, int) else 0 for value in (error.get("code"), error.get("error_subcode"))
    )
    meaning, reason, wait = _MEANINGS.get((code, subcode)) or _MEANINGS.get((code, None)) or _UNKNOWN
    said = str(error.get("message", "")).replace(token, "***")[:300]  # Meta repeats tokens that it can't read
    number = f"{code}/{subcode}" if subcode else str(code)
    asked = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else wait
    return GraphError(reason, f"{meaning} (code {number}: {said})", asked)


def _unavailable(what: str) -> GraphError:
    return GraphError(Reason.LEAD_UNAVAILABLE, what)
