"""Every operation that /openapi.json tells of. A new one is a line in one of the two tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ingest.channels.base import JSON, Channel
from ingest.channels.formdata import MULTIPART, URLENCODED
from ingest.web import schemas
from ingest.web.intakes import Endpoint
from ingest.web.openapi import proofs
from ingest.web.openapi.bodies import body
from ingest.web.openapi.refusals import PAGE, RETRY_AFTER, header, refused
from ingest.web.waiting import LONGEST

Operation = dict[str, Any]
"""As OpenAPI has it; marshmallow schemas stand for their own, and names for components."""

PARAMETERS: dict[str, tuple[str, Operation]] = {
    "wait": (
        "query",
        {
            "description": "For how many seconds the answer may wait for what becomes of the leads; more than "
            f"{LONGEST:g} counts as {LONGEST:g}.",
            "schema": {"type": "number", "minimum": 0, "maximum": 999_999},
        },
    ),
    "Idempotency-Key": (
        "header",
        {
            "description": "The sender's own name for this post: one with the same name is stored once.",
            "schema": {"type": "string"},
        },
    ),
}
"""Parameters of several operations, by name: where each stands, and what it is."""


def _json(description: str, schema: Any, **more: Any) -> Operation:
    return {"description": description, "content": {JSON: {"schema": schema}}, **more}


ALONE: tuple[tuple[str, str, Operation], ...] = (
    (
        "/optout",
        "post",
        {
            "tags": ["people"],
            "summary": "Message a person no more",
            "security": [{token: []} for token in proofs.TOKENS],
            "requestBody": {
                "required": True,
                "content": {kind: {"schema": schemas.PersonSchema} for kind in (JSON, URLENCODED, MULTIPART)},
            },
            "responses": {
                "200": _json("Done, or it was so before.", schemas.OptedOutSchema),
                **refused(400, 401, 408, 413, 415, 503),
            },
        },
    ),
    (
        "/healthz",
        "get",
        {
            "tags": ["health"],
            "summary": "Whether the process lives",
            "responses": {"200": _json("It does.", schemas.HealthSchema)},
        },
    ),
    (
        "/readyz",
        "get",
        {
            "tags": ["health"],
            "summary": "Whether leads can be stored",
            "responses": {
                "200": _json("They can. Mappings that are broken are listed.", schemas.ReadinessSchema),
                "503": _json("The store can't be reached.", schemas.ReadinessSchema, headers=RETRY_AFTER),
            },
        },
    ),
    (
        "/openapi.json",
        "get",
        {
            "tags": ["health"],
            "summary": "This document",
            "responses": {
                "200": _json("OpenAPI 3.1.", {"type": "object"}, headers={"ETag": header("Of this version of it.")}),
                "304": {"description": "It is still the one that `If-None-Match` names."},
            },
        },
    ),
)


_TIME = {"description": "When it is posted: seconds or milliseconds since 1970.", "pattern": "^[0-9]{1,16}$"}


def _post(endpoint: Endpoint) -> Operation:
    channel, how = endpoint.channel, proofs.signature(endpoint)
    timed = [_parameter("header", how.timestamp_header, _TIME)] if how and how.timestamp_header else []
    form = endpoint.intake.form
    rate = {429} if channel.patient or (form and (form.rate or form.phone_rate)) else set()
    usual = {400, 404, 408, 413, 415, 503}
    return {
        "summary": f"A lead for {endpoint.name}",
        "description": " ".join([_words(channel), *([proofs.words(how)] if how else [])]),
        "security": proofs.security(endpoint),
        "parameters": ["wait", *([] if channel.own_ids else ["Idempotency-Key"]), *timed],
        "requestBody": body(endpoint),
        "responses": {**_taken(channel), **refused(*usual, *rate, *proofs.statuses(endpoint))},
    }


def _taken(channel: Channel) -> Operation:
    taken = _json("The leads are on disk.", schemas.AcceptedSchema)
    if not channel.browser:
        return {"200": taken}
    taken["content"] |= PAGE  # browsers without a page of the form's own to be led to
    location = {"Location": header("The page.", required=True)}
    led = "A browser is led on, or, where the post is not taken, to the page that `_error` names."
    return {"200": taken, "303": {"description": led, "headers": location, "content": PAGE}}


def _handshake(endpoint: Endpoint) -> Operation | None:
    if "GET" not in endpoint.channel.methods:
        return None
    challenge = {"description": "The challenge.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {
        "summary": f"The handshake of {endpoint.name}",
        "security": [],
        "parameters": [_parameter("query", name, schema) for name, schema in endpoint.channel.asked.items()],
        "responses": {"200": challenge, **refused(403, 404, 405, 503)},
    }


def _preflight(endpoint: Endpoint) -> Operation | None:
    if "OPTIONS" not in endpoint.channel.methods:
        return None
    return {
        "summary": f"The preflight of {endpoint.name}",
        "description": "Browsers ask so (CORS) before a script of a page posts.",
        "security": [],
        "responses": {
            "204": {"description": "It may.", "headers": {"Allow": header("The methods.")}},
            **refused(404, 405, 503, *(proofs.statuses(endpoint) & {403})),
        },
    }


def _page(endpoint: Endpoint) -> Operation | None:
    if not endpoint.channel.browser:
        return None
    return {
        "summary": f"The page with the form of {endpoint.name}",
        "description": "Fields may be filled in by parameters of their names.",
        "security": [],
        "responses": {"200": {"description": "The page.", "content": PAGE}, **refused(404, 503)},
    }


def _sample(endpoint: Endpoint) -> Operation | None:
    by_token = "token" in endpoint.intake.auth and proofs.signature(endpoint) is None
    if not (endpoint.channel.browser or by_token):
        return None
    return {
        "summary": f"A lead as it is posted to {endpoint.name}",
        "description": "For tools that let people choose from its fields.",
        "security": proofs.security(endpoint),
        "responses": {
            "200": _json("The lead.", {"type": "object"}),
            **refused(404, 503, *(proofs.statuses(endpoint) & {401})),
        },
    }


OF_ENDPOINTS: tuple[tuple[str, str, Callable[[Endpoint], Operation | None]], ...] = (
    ("/in/{}", "post", _post),
    ("/in/{}", "get", _handshake),
    ("/in/{}", "options", _preflight),
    ("/form/{}", "get", _page),
    ("/sample/{}", "get", _sample),
)
"""What an endpoint has: where its name stands in the path, and the operation, or None where its channel has none."""

TEMPLATES = frozenset(path for path, *_ in (*ALONE, *OF_ENDPOINTS))
"""Every path that is told of; {} is an endpoint's name."""


def operations(endpoints: Sequence[Endpoint]) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and operation of everything that can be asked for."""
    for endpoint in endpoints:
        name = quote(endpoint.name, errors="replace")
        for template, method, make in OF_ENDPOINTS:
            operation = make(endpoint)
            if operation:
                path = template.format(name)
                tags = [endpoint.channel.name]
                yield path, method, {"tags": tags, "operationId": f"{method} {path}", **operation}
    for path, method, operation in ALONE:
        yield path, method, {"operationId": f"{method} {path}", "security": [], **operation}


def _parameter(where: str, name: str, schema: Mapping[str, Any]) -> Operation:
    return {"in": where, "name": name, "required": True, "schema": {"type": "string", **schema}}


def _words(channel: Channel) -> str:
    return " ".join((inspect.getdoc(type(channel)) or "").split())
