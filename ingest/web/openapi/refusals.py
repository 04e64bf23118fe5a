from __future__ import annotations

from typing import Any

from apispec import APISpec

from ingest.channels.base import JSON
from ingest.web.schemas import RefusalSchema

PAGE = {"text/html": {"schema": {"type": "string"}}}


def header(description: str, kind: str = "string", *, required: bool = True) -> dict[str, Any]:
    """A header of an answer."""
    return {"description": description, "required": required, "schema": {"type": kind}}


RETRY_AFTER = {"Retry-After": header("Seconds after which to send it again.", "integer")}

_REFUSALS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("It can't be understood.", {}),
    401: ("No token, or a wrong one.", {"WWW-Authenticate": header("Always `Bearer`.")}),
    403: ("A signature or a token is missing or wrong, or a browser posts from a page that is not listed.", {}),
    404: ("There is no such endpoint any more.", {}),
    405: ("The endpoint is of another channel by now, and takes other methods.", {"Allow": header("The methods.")}),
    408: ("The body took too long.", {}),
    413: ("The body, a field or the number of fields or leads is too large.", {}),
    415: ("XML, a compressed body, an unknown charset, or neither JSON nor a form.", {}),
    429: ("Too many posts.", RETRY_AFTER),
    503: ("It can't be stored now: the store is away, or the endpoint's mapping is broken.", RETRY_AFTER),
}


def register(spec: APISpec) -> None:
    """Have every refusal among the components: JSON, or a page where the sender accepts HTML and no JSON."""
    for status, (description, headers) in _REFUSALS.items():
        answer = {"description": description, "content": {JSON: {"schema": RefusalSchema}, **PAGE}}
        spec.components.response(_name(status), answer | ({"headers": headers} if headers else {}))


def refused(*statuses: int) -> dict[str, str]:
    """The answers of an operation that may refuse so, each by its component's name."""
    return {str(status): _name(status) for status in sorted(statuses)}


def _name(status: int) -> str:
    return f"refused_{status}"
