from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from ingest import wire
from ingest.aisensy import answers, details
from ingest.aisensy.details import Details
from ingest.models import Outcome, Verdict

MAX_BODY = 65_536  # bytes of an answer that are read
T = TypeVar("T")

_HOSTS = 32  # accounts may have URLs of their own


class Client:
    """Sends requests to AiSensy, over kept connections. Threads may share it.

    `timeout` is the time for an answer in seconds, from its first byte to its last; `pool` how many connections are
    kept for each host.
    """

    def __init__(self, timeout: float, pool: int = 8) -> None:
        self._known: dict[str, requests.PreparedRequest] = {}
        self._session = wire.Session(timeout, pool, _HOSTS)

    def send(self, url: str, key: str, request: dict[str, Any]) -> Outcome:
        """Send one request (without apiKey) and tell what came of it. Never raises; the key is in no outcome."""
        try:
            body = json.dumps({"apiKey": key, **request}, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError):
            return Outcome(Verdict.INVALID, "The request can't be written as JSON.")
        wire.written.set(False)
        try:
            return self._post(url, body, partial(answers.outcome, hide=_hider(key)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be taken for a request that was not sent
            return answers.failure(error, wire.written.get())

    def details(self, url: str, key: str, campaign: str) -> Details:
        """Ask what a campaign wants, at the account whose requests go to `url`; sends nothing. Never raises."""
        try:
            body = json.dumps({"apiKey": key, "campaignName": campaign}).encode()
            return self._post(details.address(url), body, partial(details.read, hide=_hider(key)))
        except Exception as error:  # noqa: BLE001 - the same
            return details.failure(error)

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _post(self, url: str, body: bytes, read: Callable[[int, Mapping[str, str], bytes], T]) -> T:
        request = self._prepared(url)
        request.prepare_body(body, None)
        with self._session.ask(request) as response:
            return read(response.status_code, response.headers, _read(response))

    def _prepared(self, url: str) -> requests.PreparedRequest:
        """A request to that address, all but its body: made once, because it takes longer than to translate a lead."""
        known = self._known.get(url)
        if known is None:
            request = requests.Request("POST", url, headers={"Content-Type": "application/json"})
            known = self._known[url] = self._session.prepare_request(request)
        return known.copy()


def _read(response: requests.Response) -> bytes:
    """The answer's body, or as much of it as came: what is not whole is no JSON object, so never a success."""
    body = bytearray()
    with suppress(requests.RequestException, OSError):
        for part in wire.bounded(response.iter_content(8_192), MAX_BODY):
            body += part
    return bytes(body)


@lru_cache(maxsize=_HOSTS)
def _hider(key: str) -> Callable[[str], str]:
    """A function that takes the key out of a text, also where JSON or a URL has escaped it."""
    spellings = {key, json.dumps(key)[1:-1], key.replace("/", "\\/"), quote(key), quote(key, safe="")} - {""}
    pattern = re.compile("|".join(re.escape(one) for one in sorted(spellings, key=len, reverse=True)) or r"(?!)")
    return lambda text: pattern.sub("***", text)
