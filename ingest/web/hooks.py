from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ingest import log
from ingest.channels.base import Notice, Parsed
from ingest.errors import Refusal
from ingest.inbox.accepting import Accepted
from ingest.mapping.records import FormBlock
from ingest.models import LOOK_UP, Event, new_id, utcnow
from ingest.web import body, forms, identity, origins, waiting
from ingest.web.intakes import Endpoint
from ingest.web.request import inbound
from ingest.web.site import Site, site

hooks = Blueprint("hooks", __name__)

_logger = log.get()

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@hooks.route("/in/<path:name>", methods=_METHODS, provide_automatic_options=False)
def receive(name: str) -> ResponseReturnValue:
    """The one door for leads: what comes is read, proved, parsed, put on disk, and only then acknowledged."""
    here = site()
    g.endpoint, g.counts = name, here.refusals
    endpoint = here.intakes.find(name)
    _remember(endpoint)
    match "GET" if request.method == "HEAD" else request.method:
        case method if method not in endpoint.channel.methods:
            told = " and ".join(endpoint.channel.methods)
            raise Refusal(405, "method_not_allowed", f"This endpoint takes {told}.", "Post the lead to it.")
        case "GET":
            return _handshake(here, endpoint)
        case "OPTIONS":
            return _preflight(endpoint)
    return _post(here, endpoint)


@hooks.after_request
def let_pages_read(response: Response) -> Response:
    """Answers of form endpoints, refusals too, can be read by the pages that may post there."""
    response.headers.update(g.get("cors", {}))
    return response


def _remember(endpoint: Endpoint) -> None:
    """What the answer depends on, whatever becomes of the request."""
    g.methods = endpoint.channel.methods
    if endpoint.channel.browser:
        g.cors = origins.cors(request.headers, _block(endpoint).origins, _own_origin(endpoint))
        g.browser = forms.is_browser(request.headers)


def _block(endpoint: Endpoint) -> FormBlock:
    return endpoint.intake.form or forms.NO_BLOCK


def _own_origin(endpoint: Endpoint) -> str | None:
    """Our own origin, where it matters: it takes longer to tell than to read a form."""
    return origins.origin_of(request.host_url) if _block(endpoint).origins else None


def _handshake(here: Site, endpoint: Endpoint) -> ResponseReturnValue:
    challenge = endpoint.channel.handshake(inbound(b""), here.intakes.auth(endpoint))
    return Response(challenge, content_type="text/plain; charset=utf-8")


def _preflight(endpoint: Endpoint) -> ResponseReturnValue:
    origins.check(request.headers, _block(endpoint).origins, _own_origin(endpoint))
    return Response(status=204, headers={"Allow": ", ".join(endpoint.channel.methods), **origins.PREFLIGHT})


def _post(here: Site, endpoint: Endpoint) -> ResponseReturnValue:
    wait = waiting.seconds(request.args.get("wait"))
    if endpoint.channel.browser:
        origins.check(request.headers, _block(endpoint).origins, _own_origin(endpoint))
    sent = inbound(body.read(request.environ, here.settings.max_body))
    endpoint.channel.verify(sent, here.intakes.auth(endpoint))
    here.backlog.check(endpoint)
    parsed = endpoint.channel.parse(sent)
    if endpoint.channel.browser:
        for notice in parsed.notices:
            _check_fields(here, endpoint, notice)
    accepted = here.inbox.accept(_events(here, endpoint, parsed.notices))
    duplicates = sum(one.duplicate for one in accepted)
    _logger.info("lead_accepted", endpoint=endpoint.name, count=len(accepted), duplicates=duplicates)
    if g.get("browser"):
        target = forms.thanks(parsed.notices[0].payload, _block(endpoint))
        return redirect(target, 303) if target else render_template("web/thanks.html")
    return jsonify(_answer(here, parsed, accepted, wait))


def _check_fields(here: Site, endpoint: Endpoint, notice: Notice) -> None:
    if notice.hold is None:  # a robot is not told what it did wrong
        content = endpoint.channel.content(notice.payload)
        forms.check_fields(content, _block(endpoint), here.settings.default_country)


def _events(here: Site, called: Endpoint, notices: list[Notice]) -> list[Event]:
    received_at = utcnow()
    ids = sorted(new_id(received_at) for _ in notices)  # so that an array's leads keep its order
    events = []
    for lead, notice in zip(ids, notices, strict=True):
        owner = here.intakes.claimant(called, notice)
        known = identity.of(notice, called, owner, received_at, here.inbox)
        events.append(
            Event(
                id=lead,
                endpoint=owner.name,
                channel=owner.channel.name,
                received_at=received_at,
                identity=known.identity,
                external_id=known.external_id,
                body=notice.raw,
                account=owner.account,
                lane=f"{LOOK_UP}{owner.channel.name}:{notice.page_id or ''}" if owner.channel.remote else "",
                hold=notice.hold,
            )
        )
    return events


def _answer(here: Site, parsed: Parsed, accepted: list[Accepted], wait: float | None) -> dict[str, Any]:
    leads: list[dict[str, Any]] = [
        {"id": one.id, "status": "duplicate" if one.duplicate else "accepted"} for one in accepted
    ]
    if wait is not None:
        deliveries = here.waiting.deliveries([one.id for one in accepted], wait)
        leads = [{**lead, "deliveries": found} for lead, found in zip(leads, deliveries, strict=True)]
    return {"status": "accepted", "leads": leads} | ({"ignored": parsed.ignored} if parsed.ignored else {})
