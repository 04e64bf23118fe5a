from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NewType
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

from ingest.channels.graph.errors import APP_LIMIT, PARAMETER, error_of, of_the_call, unavailable
from ingest.channels.graph.usage import of_the_app, rest
from ingest.channels.payload import loads
from ingest.errors import GraphError, Refusal
from ingest.models import Reason
from ingest.wire import Session, bounded, cause

BATCH = 50  # the most that Meta takes in a call
MAX_BODY = 16_777_216  # bytes of an answer: a hundred leads have a thousandth of it
POOL = 10  # connections that are kept

Path = NewType("Path", str)
"""Where something is, below the API's address; made by `path_of` alone, so that no id leads elsewhere."""

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

    `url` has the version (`https://graph.facebook.com/v26.0`), `timeout` is the time for an answer in seconds, from its
    first byte to its last.
    """

    def __init__(self, url: str, timeout: float = 10) -> None:
        self._url = f"{url.rstrip('/')}/"
        self._session = Session(timeout, POOL)
        self._rests: dict[str, float] = {}  # by token: until when nothing is asked with it

    def get(self, path: Path, access: Access, **parameters: str) -> dict[str, Any]:
        """One document. Raises GraphError."""
        return self._document("GET", path, access, parameters)

    def post(self, path: Path, access: Access, **parameters: str) -> dict[str, Any]:
        """Change something. Raises GraphError."""
        return self._document("POST", path, access, parameters)

    def pages(self, path: Path, access: Access, **parameters: str) -> Iterator[dict[str, Any]]:
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

    def batch(self, paths: Sequence[Path], access: Access) -> list[Answer]:
        """The answers to up to 50 paths, in order; each stands on its own. Never raises.

        https://developers.facebook.com/docs/graph-api/batch-requests
        """
        calls = [{"method": "GET", "relative_url": path} for path in paths]
        form = {"batch": json.dumps(calls), "include_headers": "true"}  # a part may tell of its page's own limits
        try:
            answers, headers = self._ask("POST", path_of(), access, form)
        except GraphError as error:
            return [error] * len(paths)
        if isinstance(answers, list) and len(answers) == len(paths):
            for one in answers:
                self._obey(access.token, of_the_app(_headers(one)))
            return [_one(answer, access.token) for answer in answers]
        whole = of_the_call(error_of(answers, rest(headers), access.token))
        return self._alone(paths, access, whole) if whole.code == PARAMETER else [whole] * len(paths)

    def _alone(self, paths: Sequence[Path], access: Access, whole: GraphError) -> list[Answer]:
        """The answers to paths of a batch that Meta did not like as a whole: one of them may be why, or none."""
        found: list[Answer] = []
        for path in paths:
            try:
                found.append(self.get(path, access))
            except GraphError as error:
                if error.code != PARAMETER:  # it is not about this one: all others would hear the same
                    break
                found.append(of_the_call(error))
        return found + [whole] * (len(paths) - len(found))

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _document(self, method: str, path: Path, access: Access, parameters: Mapping[str, str]) -> dict[str, Any]:
        answer, headers = self._ask(method, path, access, parameters)
        if not isinstance(answer, dict) or "error" in answer:
            raise error_of(answer, rest(headers), access.token)
        return answer

    def _ask(
        self, method: str, path: Path, access: Access, parameters: Mapping[str, str]
    ) -> tuple[Any, Mapping[str, str]]:
        """An answer's JSON and headers. Raises GraphError where none came, or Meta is near its limits."""
        wait = self._rests.get(access.token, 0.0) - time.monotonic()
        if wait > 0:
            message = "Meta's limit for this token is nearly used up, or it asked us to wait"
            raise GraphError(Reason.LEAD_UNAVAILABLE, message, wait, APP_LIMIT)
        given = {**parameters, **access.proof}
        request = requests.Request(
            method,
            self._url + path,
            headers={"Authorization": b"Bearer " + access.token.encode()},
            **{"params" if method == "GET" else "data": given},
        )
        try:
            with self._session.ask(self._session.prepare_request(request)) as response:
                self._obey(access.token, rest(response.headers))
                body = b"".join(bounded(response.iter_content(65_536), MAX_BODY))
        except (requests.RequestException, OSError, UnicodeError) as error:
            raise unavailable(f"Meta can't be reached: {cause(error)}") from None
        if len(body) > MAX_BODY:
            raise unavailable(f"Meta's answer is larger than {MAX_BODY:,} bytes")
        try:
            return loads(body), response.headers
        except Refusal:
            told = f"Meta answered {response.status_code} with something that is no JSON"
            raise unavailable(told, rest(response.headers)) from None

    def _obey(self, token: str, wait: float) -> None:
        if wait:
            self._rests[token] = time.monotonic() + wait


def path_of(*parts: str, **query: str) -> Path:
    """The path of an object (`me`), or of what it has (`me`, `accounts`), with what is wanted of it."""
    # A dot is escaped twice, because what sends the address takes back once what need not be escaped: `..` leads up.
    path = "/".join(quote(part, safe="").replace(".", "%252E") for part in parts)
    return Path(f"{path}?{urlencode(query, safe=',')}" if query else path)


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
    return error_of(document, rest(_headers(answer)), token)


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
