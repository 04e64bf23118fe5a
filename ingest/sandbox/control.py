from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, abort, render_template, request
from werkzeug.exceptions import HTTPException

from ingest.aisensy.schema import sentences
from ingest.sandbox import meta
from ingest.sandbox.faults import FaultSchema
from ingest.sandbox.records import KINDS
from ingest.sandbox.views import answer, document, state

control = Blueprint("control", __name__)

SHOWN = 100  # requests on the page
MAX_WAIT = 60.0  # seconds

_Text = ma.fields.String
_web_address = ma.validate.Regexp(r"https?://\S+\Z", error="Not a web address (http or https).")


class _Campaign(ma.Schema):
    params = ma.fields.Integer(strict=True, validate=ma.validate.Range(0, 100), allow_none=True)
    media = _Text(allow_none=True)
    live = ma.fields.Boolean()


class _Campaigns(ma.Schema):
    campaigns = ma.fields.Dict(keys=_Text(), values=ma.fields.Nested(_Campaign), required=True, allow_none=True)


class _Keys(ma.Schema):
    keys = ma.fields.Dict(keys=_Text(validate=ma.validate.Length(1)), values=_Text(), required=True)


class _Tags(ma.Schema):
    tags = ma.fields.List(_Text(), allow_none=True)
    attributes = ma.fields.List(_Text(), allow_none=True)


class _Leads(ma.Schema):
    leads = ma.fields.List(ma.fields.Dict(keys=_Text()), required=True, validate=ma.validate.Length(1, 10_000))
    page_id = _Text()
    form_id = _Text()


class _Names(ma.Schema):
    form_id = _Text()
    form = _Text()
    page_id = _Text()
    page = _Text()


class _Graph(ma.Schema):
    app_secret = _Text(allow_none=True)
    tokens = ma.fields.List(_Text(), allow_none=True)
    gone = ma.fields.List(_Text())


class _Handshake(ma.Schema):
    url = _Text(required=True, validate=_web_address)
    verify_token = _Text(required=True)


class _Order(_Leads):
    url = _Text(required=True, validate=_web_address)
    app_secret = _Text()
    batch = ma.fields.Integer(strict=True, validate=ma.validate.Range(1, meta.MAX_CHANGES))
    retries = ma.fields.Integer(strict=True, validate=ma.validate.Range(0, 20))
    pause = ma.fields.Float(validate=ma.validate.Range(0, 60))
    timeout = ma.fields.Float(validate=ma.validate.Range(0.1, 60))


class _Query(ma.Schema):
    where = _Text(load_default="aisensy", validate=ma.validate.OneOf(KINDS))
    taken = ma.fields.Boolean(load_default=None)
    since = ma.fields.Integer(load_default=0)
    count = ma.fields.Integer(load_default=0)
    wait = ma.fields.Float(load_default=0.0, validate=ma.validate.Range(0, MAX_WAIT))


@control.before_request
def only_json() -> Response | None:
    """A page of another site can post a form without asking, but no JSON."""
    if request.method == "POST" and not request.is_json:
        return answer(415, {"error": {"code": "not_json", "message": "Send JSON, with its content type."}}, None)
    return None


def _load(schema: type[ma.Schema], given: Any) -> Any:
    try:
        return schema().load(given)
    except ma.ValidationError as error:
        told = {"error": {"code": "invalid", "message": "; ".join(sentences(error.messages))}}
        abort(answer(400, told, None))


def _done(**facts: Any) -> Response:
    return answer(200, {"status": "done", **facts}, None)


@control.get("/")
def page() -> Response:
    """The page: what came in, newest first."""
    records = state().records
    shown = records.list()[: -SHOWN - 1 : -1]
    response = Response(render_template("sandbox.html", shown=shown, **records.count()))
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'"
    response.headers["Cache-Control"] = "no-store"
    return response


@control.get("/control/requests")
def list_requests() -> Response:
    """The requests, oldest first; with `count` and `wait` once so many were taken, or the seconds are over."""
    query = _load(_Query, request.args.to_dict())
    records = state().records
    records.wait(query["count"], query["wait"], query["where"])
    found = records.list(query["where"], query["taken"], query["since"])
    return answer(200, {**records.count(query["where"]), "requests": found}, None)


@control.delete("/control/requests")
def clear_requests() -> Response:
    """Forget what came."""
    state().records.clear()
    return _done()


@control.get("/control/contacts")
def list_contacts() -> Response:
    """The contacts that requests created or updated."""
    return answer(200, {"contacts": state().list_contacts()}, None)


@control.post("/control/fail")
def fail() -> Response:
    """From now on, do as this fault says."""
    state().faults.add(_load(FaultSchema, document()))
    return _done()


@control.delete("/control/fail")
def mend() -> Response:
    """No faults any more."""
    state().faults.clear()
    return _done()


@control.post("/control/campaigns")
def campaigns() -> Response:
    """The campaigns that exist; null for any."""
    state().add_campaigns(_load(_Campaigns, document())["campaigns"])
    return _done()


@control.post("/control/keys")
def keys() -> Response:
    """Keys that are known, each with its account."""
    state().keys.update(_load(_Keys, document())["keys"])
    return _done()


@control.post("/control/tags")
def tags() -> Response:
    """The tags and attributes that exist; null for any."""
    box = state()
    for name, known in _load(_Tags, document()).items():
        setattr(box, name, None if known is None else frozenset(known))
    return _done()


@control.post("/control/graph")
def graph() -> Response:
    """The app's secret and the tokens that the Graph API asks for (null for any), and leads that are gone."""
    box, told = state(), _load(_Graph, document())
    box.app_secret = told.get("app_secret", box.app_secret)
    if "tokens" in told:
        box.tokens = None if told["tokens"] is None else frozenset(told["tokens"])
    for lead_id in told.get("gone", ()):
        box.leads.remove(lead_id)
    return _done()


@control.post("/control/graph/leads")
def leads() -> Response:
    """Leads that the Graph API shows, without a word to anybody."""
    told = _load(_Leads, document())
    found = [state().leads.add(lead, **told) for lead in told.pop("leads")]
    return _done(ids=[lead["id"] for lead in found])


@control.post("/control/graph/names")
def names() -> Response:
    """The names of a form and its page."""
    state().leads.name(**_load(_Names, document()))
    return _done()


@control.post("/control/meta/handshake")
def handshake() -> Response:
    """Call an endpoint as Meta does when a webhook is set up."""
    return answer(200, meta.handshake(**_load(_Handshake, document())), None)


@control.post("/control/meta/leads")
def tell_leads() -> Response:
    """Create leads and tell them by signed webhooks."""
    box = state()
    return answer(200, meta.play(box.leads, meta.Order(**_load(_Order, document())), box.stopping), None)


@control.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    """Every refusal is JSON."""
    told = {"error": {"code": (error.name or "").lower().replace(" ", "_"), "message": error.description or ""}}
    return answer(error.code or 500, told, None)
