from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from ingest.aisensy.schema import sentences
from ingest.sandbox import orders
from ingest.sandbox.faults import FaultSchema
from ingest.sandbox.views import answer, document, state

control = Blueprint("control", __name__)


@control.before_request
def only_json() -> Response | None:
    """A page of another site can post a form without asking, but no JSON."""
    if request.method == "POST" and not request.is_json:
        return answer(415, {"error": {"code": "not_json", "message": "Send JSON, with its content type."}}, None)
    return None


def load(schema: type[ma.Schema], given: Any) -> Any:
    """What was told, once it is right; else the answer is a refusal."""
    try:
        return schema().load(given)
    except ma.ValidationError as error:
        told = {"error": {"code": "invalid", "message": "; ".join(sentences(error.messages))}}
        abort(answer(400, told, None))


def done(**facts: Any) -> Response:
    """The answer to what was done."""
    return answer(200, {"status": "done", **facts}, None)


@control.get("/control/requests")
def list_requests() -> Response:
    """The requests, oldest first; with `count` and `wait` once so many were taken, or the seconds are over."""
    query = load(orders.Query, request.args.to_dict())
    records = state().records
    records.wait(query["count"], query["wait"], query["where"])
    found = records.list(query["where"], query["taken"], query["since"])
    return answer(200, {**records.count(query["where"]), "requests": found}, None)


@control.delete("/control/requests")
def clear_requests() -> Response:
    """Forget what came."""
    state().records.clear()
    return done()


@control.get("/control/contacts")
def list_contacts() -> Response:
    """The contacts that requests created or updated."""
    return answer(200, {"contacts": state().list_contacts()}, None)


@control.post("/control/fail")
def fail() -> Response:
    """From now on, do as this fault says."""
    state().faults.add(load(FaultSchema, document()))
    return done()


@control.delete("/control/fail")
def mend() -> Response:
    """No faults any more."""
    state().faults.clear()
    return done()


@control.post("/control/campaigns")
def campaigns() -> Response:
    """The campaigns that exist; null for any."""
    state().add_campaigns(load(orders.Campaigns, document())["campaigns"])
    return done()


@control.post("/control/keys")
def keys() -> Response:
    """Keys that are known, each with its account."""
    state().keys.update(load(orders.Keys, document())["keys"])
    return done()


@control.post("/control/tags")
def tags() -> Response:
    """The tags and attributes that exist; null for any."""
    box = state()
    for name, known in load(orders.Tags, document()).items():
        setattr(box, name, None if known is None else frozenset(known))
    return done()


@control.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    """Every refusal is JSON."""
    told = {"error": {"code": (error.name or "").lower().replace(" ", "_"), "message": error.description or ""}}
    return answer(error.code or 500, told, None)
