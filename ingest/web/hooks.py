from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from ingest import log
from ingest.channels.base import Notice, Parsed
from ingest.errors import Refusal
from ingest.inbox.accepting import Accepted
from ingest.intake import identity
from ingest.intake.endpoints import Endpoint
from ingest.intake.entrance import Entrance
from ingest.mapping.records import FormBlock
from ingest.models import utcnow
from ingest.web import body, origins, waiting
from ingest.web.forms import leading, pages
from ingest.web.forms.fields import NO_BLOCK
from ingest.web.forms.protection import Visit
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
        g.cors = origins.cors(request.headers, _block(endpoint).origins, _own_origins(endpoint))
        g.browser = leading.is_browser(request.headers)


def _block(endpoint: Endpoint) -> FormBlock:
    return endpoint.intake.form or NO_BLOCK


def _own_origins(endpoint: Endpoint) -> set[str | None]:
    """Our own origins, where they matter: it takes longer to tell them than to read a form."""
    return origins.own(request.host_url, site().settings.public_url) if _block(endpoint).origins else set()


def _handshake(here: Site, endpoint: Endpoint) -> ResponseReturnValue:
    challenge = endpoint.channel.handshake(inbound(b""), here.intakes.auth(endpoint))
    return Response(challenge, content_type="text/plain; charset=utf-8")


def _preflight(endpoint: Endpoint) -> ResponseReturnValue:
    origins.check(request.headers, _block(endpoint).origins, _own_origins(endpoint))
    return Response(status=204, headers={"Allow": ", ".join(endpoint.channel.methods), **origins.PREFLIGHT})


def _post(here: Site, endpoint: Endpoint) -> ResponseReturnValue:
    wait = waiting.seconds(request.args.get("wait"))
    if endpoint.channel.browser:
        origins.check(request.headers, _block(endpoint).origins, _own_origins(endpoint))
    sent = inbound(body.read(request.environ, here.settings.max_body))
    if endpoint.channel.browser:
        g.form = endpoint, sent  # so that a page with a refusal keeps what was typed
        here.protection.count(_block(endpoint), endpoint.name, sent.remote)
    endpoint.channel.verify(sent, here.intakes.auth(endpoint))
    here.backlog.check(endpoint)
    parsed = endpoint.channel.parse(sent)
    if endpoint.channel.browser:
        parsed = replace(parsed, notices=[_looked_at(here, endpoint, one, sent.remote) for one in parsed.notices])
    accepted = Entrance(here.intakes, here.inbox).take(endpoint, parsed.notices)
    duplicates = sum(one.duplicate for one in accepted)
    _logger.info("lead_accepted", endpoint=endpoint.name, count=len(accepted), duplicates=duplicates)
    answer = _answer(here, parsed, accepted, wait)
    if not endpoint.channel.browser:
        return jsonify(answer)
    payload = parsed.notices[0].payload
    target = leading.thanks(payload, _block(endpoint))
    if g.browser:
        return redirect(target, 303) if target else pages.thanks(endpoint, endpoint.channel.content(payload))
    return jsonify(answer | ({"next": target} if target else {}))


def _looked_at(here: Site, endpoint: Endpoint, notice: Notice, remote: str) -> Notice:
    def is_known() -> bool:
        known = identity.of(notice, endpoint, endpoint, utcnow(), here.inbox).identity
        return here.inbox.knows(known)

    content = endpoint.channel.content(notice.payload)
    visit = Visit(endpoint.name, remote, content, here.settings.default_country, is_known)
    return here.protection.look(_block(endpoint), notice, visit)


def _answer(here: Site, parsed: Parsed, accepted: list[Accepted], wait: float | None) -> dict[str, Any]:
    leads: list[dict[str, Any]] = [
        {"id": one.id, "status": "duplicate" if one.duplicate else "accepted"} for one in accepted
    ]
    if wait is not None:
        deliveries = here.waiting.deliveries([one.id for one in accepted], wait)
        told = [
            [waiting.TAKEN] if notice.hold else found for notice, found in zip(parsed.notices, deliveries, strict=True)
        ]
        leads = [{**lead, "deliveries": found} for lead, found in zip(leads, told, strict=True)]
    return {"status": "accepted", "leads": leads} | ({"ignored": parsed.ignored} if parsed.ignored else {})
