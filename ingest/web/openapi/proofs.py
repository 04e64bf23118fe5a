"""How an endpoint's senders prove themselves: as OpenAPI tells it, without any secret or its variable."""

from __future__ import annotations

import re
from typing import Any

from ingest.models import Signature
from ingest.web.intakes import Endpoint

TOKENS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "The token is the password; the name does not matter."},
}
"""The ways in which a token may come, of which one is enough."""


def schemes(endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """What an endpoint adds to the ways in which all tokens may come."""
    found: dict[str, dict[str, Any]] = {}
    if name := endpoint.channel.parameter:
        found[_parameter(name)] = {"type": "apiKey", "in": "query", "name": name}
    if how := signature(endpoint):
        found[_signature(how)] = {"type": "apiKey", "in": "header", "name": how.header}
    return found


def security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    """What the sender must show: one of the alternatives, and all that stands in it."""
    how = signature(endpoint)
    signed: dict[str, list[str]] = {_signature(how): []} if how else {}
    if not has_token(endpoint):
        return [signed] if signed else []
    parameter = endpoint.channel.parameter
    tokens = [*TOKENS, *([_parameter(parameter)] if parameter else [])]
    return [signed | {token: []} for token in tokens]


def signature(endpoint: Endpoint) -> Signature | None:
    """How the endpoint's posts must be signed, if they must."""
    how = endpoint.intake.signature or endpoint.channel.signature
    named = how is not None and how.key.partition(".")[0] in endpoint.intake.auth
    return how if named or "token" not in endpoint.channel.auth else None


def has_token(endpoint: Endpoint) -> bool:
    """Whether the endpoint's posts must have a token, besides a signature or without one."""
    if "token" in endpoint.intake.auth:
        return True
    must = endpoint.channel.auth.get("token", "") is None  # blank: the mapping may leave it out
    return must and signature(endpoint) is None


def statuses(endpoint: Endpoint) -> set[int]:
    """With what those are refused who do not prove themselves."""
    how, token = signature(endpoint), has_token(endpoint)
    keyed = not how and None in endpoint.channel.auth.values()  # Google's key stands in the body
    foreign = endpoint.intake.form is not None and bool(endpoint.intake.form.origins)
    return ({401} if token or keyed else set()) | ({403} if how or foreign else set())


def words(how: Signature) -> str:
    """How a post is signed, in words."""
    digest = f"{how.encoding} HMAC-{how.algorithm.upper()} of `{how.signed}`"
    return f"`{how.header}` is `{how.prefix}` and the {digest}." if how.prefix else f"`{how.header}` is the {digest}."


def _signature(how: Signature) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", how.header).lower()


def _parameter(name: str) -> str:
    return f"{name}_in_address"
