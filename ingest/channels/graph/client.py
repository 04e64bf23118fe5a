from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

from ingest import __version__
from ingest.channels.graph.errors import error_of, unavailable
from ingest.channels.graph.usage import rest
from ingest.channels.payload import loads
from ingest.errors import GraphError, Refusal
from ingest.models import Reason
from ingest.wire import cause

BATCH = 50  # the most that Meta takes in a call
CONNECT_TIMEOUT = 5.0  # seconds

Answer = dict[str, Any] | GraphError
"""The document that was asked for, or why it did not come."""


@dataclass(frozen=True, slots=True)
class Access:
    """With what somebody may ask: a token, and the app's secret, which proves whose the token is."""

    token: str = field(repr=False)
    app_secret: str | None = field(default=None, repr=False)

    @property
    def proof(self) -> dict[str, str]:
        """https://developers.facebook.com/docs/graph-api/guides/secure-requests"""
        if not self.app_secret:
            return {}
        return {"appsecret_proof": hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()}


class Graph:
    """Meta's Graph API. Threads may share it. Tokens are in no error.

    `url` has the version (`https://graph.facebook.com/v26.0`), `timeout` is in seconds.
    """

    def __init__(self, url: str, timeout: float = 10) -> None:
        self._url = f"{url.rstrip('/')}/"
        self._timeouts = (min(CONNECT_TIMEOUT, timeout), timeout)
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or a .netrc of the machine must not see people's data
        self._session.headers["User-Agent"] = f"ingest/{__version__}"
        self._rests: dict[str, float] = {}  # by token: until when nothing is asked with it

    def get(self, path: str, access: Access, **parameters: str) -> dict[str, Any]:
        """One document. Raises GraphError."""
        return self._document("GET", path, access, parameters)

    def post(self, path: str, access: Access, **parameters: str) -> dict[str, Any]:
        """Change something. Raises GraphError."""
        return self._document("POST", path, access, parameters)

    def pages(self, path: str, access: Access, **parameters: str) -> Iterator[dict[str, Any]]:
        """The items of a list, page after page. Raises GraphError.

        https://developers.facebook.com/docs/graph-api/results
        """
        seen: set[str] = set()
        while True:
            page = self.get(path, access, **parameters)
            yield from (one for one in _list(page.get("data")) if isinstance(one, dict))
            after = _after(page.get("paging"))
            if after is None or after in seen:  # a list that leads in a circle ends
                return
            seen.add(after)
            parameters["after"] = after

    def batch(self, paths: Sequence[str], access: Access) -> list[Answer]:
        """The answers to up to 50 paths, in order; each stands on its own. Never raises.

        https://developers.facebook.com/docs/graph-api/batch-requests
        """
        calls = [{"method": "GET", "relative_url": path} for path in paths]
        form = {"batch": json.dumps(calls), "include_headers": "true"}  # a part may tell of its page's own limits
        try:
            answers, headers = self._ask("POST", "", access, form)
        except GraphError as error:
            return [error] * len(paths)
        if isinstance(answers, list) and len(answers) == len(paths):
            for one in answers:
                self._obey(access.token, _headers(one))
            return [_one(answer, access.token) for answer in answers]
        return [error_of(answers, headers.get("Retry-After", ""), access.token)] * len(paths)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _document(self, method: str, path: str, access: Access, parameters: Mapping[str, str]) -> dict[str, Any]:
        answer, headers = self._ask(method, path, access, parameters)
        if not isinstance(answer, dict) or "error" in answer:
            raise error_of(answer, headers.get("Retry-After", ""), access.token)
        return answer

    def _ask(
        self, method: str, path: str, access: Access, parameters: Mapping[str, str]
    ) -> tuple[Any, Mapping[str, str]]:
        """An answer's JSON and headers. Raises GraphError where none came, or Meta is near its limits."""
        wait = self._rests.get(access.token, 0.0) - time.monotonic()
        if wait > 0:
            raise GraphError(Reason.LEAD_UNAVAILABLE, "Meta's limit for this token is nearly used up", wait)
        given = {**parameters, **access.proof}
        try:
            response = self._session.request(
                method,
                self._url + path,
                headers={"Authorization": b"Bearer " + access.token.encode()},
                timeout=self._timeouts,
                allow_redirects=False,
                **({"params": given} if method == "GET" else {"data": given}),  # type: ignore[arg-type] # either
            )
            self._obey(access.token, response.headers)
            return loads(response.content), response.headers
        except Refusal:
            raise unavailable(f"Meta answered {response.status_code} with something that is no JSON") from None
        except (requests.RequestException, UnicodeError) as error:
            raise unavailable(f"Meta can't be reached: {cause(error)}") from None

    def _obey(self, token: str, headers: Mapping[str, str]) -> None:
        wait = rest(headers)
        if wait:
            self._rests[token] = time.monotonic() + wait


def path_of(identity: str, fields: str) -> str:
    """The path of an object, with the fields that are wanted of it."""
    return f"{quote(identity, safe='')}?{urlencode({'fields': fields}, safe=',')}"


def _one(answer: Any, token: str) -> Answer:
    """One part of a batch's answer: null where Meta ran out of time, else its body is a JSON text of its own."""
    if not isinstance(answer, dict) or not isinstance(answer.get("body"), str):
        return unavailable("Meta left this lead out of its answer")
    try:
        document = loads(answer["body"].encode("utf-8", "surrogatepass"))
    except (Refusal, UnicodeError):
        return unavailable("Meta's answer for this lead is no JSON")
    if answer.get("code") == 200 and isinstance(document, dict) and "error" not in document:
        return document
    return error_of(document, "", token)


def _headers(answer: Any) -> dict[str, str]:
    """The headers of one part of a batch's answer."""
    told = _list(answer.get("headers")) if isinstance(answer, dict) else []
    named = ((one.get("name"), one.get("value")) for one in told if isinstance(one, dict))
    return {name: value for name, value in named if isinstance(name, str) and isinstance(value, str)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _after(paging: Any) -> str | None:
    """The cursor of the next page. Not Meta's address of it: that one has the token."""
    following = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(following, str):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    told = after if isinstance(after, str) else next(iter(parse_qs(urlsplit(following).query).get("after", ())), None)
    return told or None
