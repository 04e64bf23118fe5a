from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from requests import exceptions as http
from urllib3.exceptions import LocationValueError

from ingest.models import Outcome, Verdict
from ingest.values import clean
from ingest.wire import cause, retry_after

MAX_ANSWER = 2_000  # characters that are kept
MAX_MESSAGE = 500

_BY_STATUS = {
    401: Verdict.ACCOUNT,  # the key
    402: Verdict.ACCOUNT,  # credits
    403: Verdict.ACCOUNT,  # the key
    408: Verdict.TRANSIENT,
    425: Verdict.TRANSIENT,
    429: Verdict.TRANSIENT,
}
_BY_CLASS = {
    3: Verdict.ACCOUNT,  # never followed: AISENSY_URL or the account's url leads elsewhere
    5: Verdict.TRANSIENT,
}
_NO_CREDIT = r"insufficient .*(credit|balance|wcc)"
_NO_PLAN = r"\bno (active )?plan\b|plan (is |has )?(not active|inactive|expired)"
_NO_KEY = r"(invalid|wrong|unknown|expired|missing) api ?key|api ?key .*(invalid|expired|wrong|missing|not)"
_PARAMS = r"template param|params? .*match|number of .*param"
_NOT_LIVE = r"campaign .*(exist|live|found|active|paused)"
_MEDIA = r"media url|url .*media|media .*(missing|required|invalid|access)"
_NUMBER = r"invalid (\w+ ){0,2}(number|destination)\b(?! of)|(number|destination) (is )?(invalid|not valid)"

# In lower case, a blank for each run of anything but letters and digits; the first that is found counts.
_BY_TEXT = (
    (Verdict.ACCOUNT, re.compile(f"{_NO_CREDIT}|{_NO_PLAN}|{_NO_KEY}")),
    (Verdict.CAMPAIGN, re.compile(f"{_PARAMS}|{_NOT_LIVE}|{_MEDIA}")),
    (Verdict.NUMBER, re.compile(_NUMBER)),
)
_BY_REST = {  # statuses that tell enough where the text tells nothing
    404: Verdict.ACCOUNT,  # the URL leads elsewhere
    405: Verdict.ACCOUNT,
    410: Verdict.ACCOUNT,
    413: Verdict.INVALID,
    414: Verdict.INVALID,
    431: Verdict.INVALID,
}
_ERROR_KEYS = ("errorMessage", "error", "errors")
_TEXT_KEYS = (*_ERROR_KEYS, "message", "name")
_NOTHING = {"", "0", "false", "null", "none", "[]", "{}"}


def outcome(
    status: int, headers: Mapping[str, str], body: bytes, hide: Callable[[str], str] = lambda text: text
) -> Outcome:
    """What AiSensy's answer means. `hide` takes the secrets out of a text.

    A 4xx of unknown text holds its lead alone (INVALID), because it may be about that lead; one that is no JSON object
    does not come from AiSensy's API, so that the account's URL is wrong. A 2xx that names an error was refused, and is
    read like a 4xx; one that says `success` and an error of unknown text at once is ambiguous.
    """
    text = hide(clean(body.decode("utf-8", "replace")))
    document = _document(text)
    if document is None:
        texts = [] if text.lstrip().startswith("<") else [text]
    else:
        texts = [hide(clean(said)) for said in _texts(document)]
    verdict = _success(document, texts) if 200 <= status < 300 else _refusal(status, document, texts)
    sent = verdict is Verdict.SENT
    return Outcome(
        verdict,
        message="" if sent else _message(status, document, texts),
        status=status,
        answer=text[:MAX_ANSWER],
        retry_after=None if sent else retry_after(headers),
        message_id=_message_id(document, hide) if sent else None,
    )


def _success(document: dict[str, Any] | None, texts: list[str]) -> Verdict:
    if document is None:
        return Verdict.AMBIGUOUS
    success = document.get("success")
    failed = any(str(document.get(key) or "").strip().lower() not in _NOTHING for key in _ERROR_KEYS)
    if str(success).strip().lower() == "true":
        return (_by_text(texts) or Verdict.AMBIGUOUS) if failed else Verdict.SENT
    return _by_text(texts) or (Verdict.INVALID if failed or success is not None else Verdict.SENT)


def _refusal(status: int, document: dict[str, Any] | None, texts: list[str]) -> Verdict:
    sure = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100)
    if sure or status // 100 != 4:
        return sure or Verdict.AMBIGUOUS
    return _by_text(texts) or _BY_REST.get(status) or (Verdict.ACCOUNT if document is None else Verdict.INVALID)


def _by_text(texts: list[str]) -> Verdict | None:
    words = " ".join(re.sub(r"[\W_]+", " ", text[:MAX_ANSWER].lower()) for text in texts)
    return next((verdict for verdict, pattern in _BY_TEXT if pattern.search(words)), None)


def _document(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _texts(node: Any, depth: int = 4) -> Iterator[str]:
    """What an answer says in words, once each."""
    if isinstance(node, str) and node.strip():
        yield node.strip()
    elif isinstance(node, dict) and depth:
        yield from dict.fromkeys(text for key in _TEXT_KEYS for text in _texts(node.get(key), depth - 1))
    elif isinstance(node, list) and depth:
        for item in node[:10]:
            yield from _texts(item, depth - 1)


def _message(status: int, document: dict[str, Any] | None, texts: list[str]) -> str:
    words = "; ".join(texts) if document is not None else "an answer that is no JSON object"
    return f"HTTP {status}: {words or 'no reason given'}"[:MAX_MESSAGE]


def _message_id(document: dict[str, Any] | None, hide: Callable[[str], str]) -> str | None:
    found = (document or {}).get("submitted_message_id")
    return hide(clean(str(found)))[:200] if found else None


_WRONG_ADDRESS = (http.InvalidURL, http.MissingSchema, http.InvalidSchema, LocationValueError)


def failure(error: Exception, written: bool = True) -> Outcome:
    """What it means that no answer came. `written`: whether the whole request was handed to the connection.

    A request that was not handed over whole can't have been read whole: surely not sent. Of any other nobody knows.
    The message never holds the error's own text, which may name the URL.
    """
    if not written and isinstance(error, _WRONG_ADDRESS):
        return Outcome(Verdict.ACCOUNT, "The account's URL is no web address.")
    if written:
        return Outcome(Verdict.AMBIGUOUS, f"AiSensy may have taken it: {cause(error)}.")
    return Outcome(Verdict.TRANSIENT, f"AiSensy was not reached: {cause(error)}.")
