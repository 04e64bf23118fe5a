"""Where browsers are led after a post, and who is one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from ingest.channels.base import Headers
from ingest.errors import Refusal
from ingest.mapping.records import FormBlock
from ingest.web import origins

_NEXT = ("_next", "redirect")
_ERROR = ("_error",)


def thanks(payload: Any, block: FormBlock) -> str | None:
    """Where to lead a browser after its post: `_next` if one of the origins is there, else `form.thanks`."""
    return _asked(payload, _NEXT, block) or block.thanks


def on_error(payload: Any, block: FormBlock, refusal: Refusal) -> str | None:
    """The page of the site's own for posts that were not taken: `_error` if one of the origins is there.

    It is told the refusal's code, and the names of the fields that are wrong, and nothing that was typed.
    """
    asked = _asked(payload, _ERROR, block)
    if asked is None:
        return None
    told = {"error": refusal.code} | ({"fields": ",".join(refusal.fields)} if hasattr(refusal, "fields") else {})
    parts = urlsplit(asked)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(told))))))


def _asked(payload: Any, names: tuple[str, ...], block: FormBlock) -> str | None:
    asked = [payload.get(name) for name in names] if isinstance(payload, dict) else []
    wanted = (url.strip() for url in asked if isinstance(url, str))
    return next((url for url in wanted if origins.is_allowed(url, block.origins)), None)


def is_browser(headers: Headers) -> bool:
    """Whether a person waits for a page: a script asks for JSON, or says that it is one."""
    accept = headers.get("Accept", "")
    return "text/html" in accept and "application/json" not in accept and "X-Requested-With" not in headers
