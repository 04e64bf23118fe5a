"""Apps, pages and tokens: what `ingest doctor` and `ingest facebook connect` ask of the Graph API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, abort, request

from ingest.aisensy.schema import sentences
from ingest.sandbox.leads import APP, PAGE_TOKEN
from ingest.sandbox.state import State
from ingest.sandbox.views import answer, document, state

control = Blueprint("connections", __name__)


class _Token(ma.Schema):
    token = ma.fields.String(required=True)
    app_id = ma.fields.String()
    type = ma.fields.String()
    profile_id = ma.fields.String()
    is_valid = ma.fields.Boolean()
    expires_at = ma.fields.Integer()
    data_access_expires_at = ma.fields.Integer()
    scopes = ma.fields.List(ma.fields.String())


class _Page(ma.Schema):
    page_id = ma.fields.String(required=True)
    subscribed = ma.fields.Boolean(required=True)


def is_known(box: State, token: str) -> bool:
    """Whether a token is one: told, a page's own, or the app's (`id|secret`) with the right secret."""
    if "|" in token:
        return box.app_secret is None or token.partition("|")[2] == box.app_secret
    return box.tokens is None or token in box.tokens or token.startswith(PAGE_TOKEN)


def misplaced(box: State, path: str, token: str) -> tuple[str, int] | None:
    """The error of a call that wants a token of another kind; any will do until tokens are told."""
    if box.tokens is None:
        return None
    if path.endswith("/subscriptions") and "|" not in token:
        return "(#15) This method must be called with an app access_token.", 15
    if path.endswith("/subscribed_apps") and not token.startswith(PAGE_TOKEN):
        return "(#210) A page access token is required to request this resource.", 210
    return None


def debug_token(box: State, token: str, scopes: Sequence[str]) -> dict[str, Any]:
    """What is known of a token."""
    valid = bool(token) and is_known(box, token)
    facts = {"app_id": APP, "type": "SYSTEM_USER", "application": "Sandbox", "expires_at": 0, "is_valid": valid}
    if token.startswith(PAGE_TOKEN):
        facts |= {"type": "PAGE", "profile_id": token.removeprefix(PAGE_TOKEN)}
    told = {"data_access_expires_at": 0, "scopes": list(scopes) if valid else []}
    return {**facts, **told, **box.token_facts.get(token, {})}


def app(fields: Sequence[str]) -> dict[str, Any]:
    """A page's subscription, as the page tells it."""
    return {"id": APP, "name": "Sandbox", "subscribed_fields": list(fields)}


def webhook(url: str, fields: Sequence[str]) -> dict[str, Any]:
    """An app's subscription, as the app tells it."""
    named = [{"name": name, "version": "v26.0"} for name in fields]
    return {"object": "page", "callback_url": url, "fields": named, "active": True}


def told(url: str, pages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The subscriptions without which no webhook of these pages would come to an address."""
    return {APP: webhook(url, ["leadgen"]), **{page: app(["leadgen"]) for page in pages}}


@control.post("/control/graph/token")
def token() -> Response:
    """What `debug_token` tells of a token."""
    facts = _load(_Token())
    state().token_facts[facts.pop("token")] = facts
    return answer(200, {"status": "done"}, None)


@control.post("/control/graph/page")
def page() -> Response:
    """Whether a page is subscribed."""
    facts = _load(_Page())
    fields = app(["leadgen"]) if facts["subscribed"] else {}
    state().leads.subscribe(facts["page_id"], fields)
    return answer(200, {"status": "done"}, None)


def _load(schema: ma.Schema) -> Any:
    if not request.is_json:
        abort(415)  # a page of another site can post a form without asking, but no JSON
    try:
        return schema.load(document())
    except ma.ValidationError as error:
        faults = {"error": {"code": "invalid", "message": "; ".join(sentences(error.messages))}}
        abort(answer(400, faults, None))
