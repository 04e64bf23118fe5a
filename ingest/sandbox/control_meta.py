"""The part of the control API that is about Meta."""

from __future__ import annotations

from flask import Response

from ingest.sandbox import connections, meta, orders
from ingest.sandbox.control import control, done, load
from ingest.sandbox.views import answer, document, state

__all__ = ["control"]  # with these views


@control.post("/control/graph")
def graph() -> Response:
    """The app's secret and the tokens that the Graph API asks for (null for any), and leads that are gone."""
    box, told = state(), load(orders.Graph, document())
    box.app_secret = told.get("app_secret", box.app_secret)
    if "tokens" in told:
        box.tokens = None if told["tokens"] is None else frozenset(told["tokens"])
    for lead_id in told.get("gone", ()):
        box.leads.remove(lead_id)
    return done()


@control.post("/control/graph/token")
def token() -> Response:
    """When a token expires, and what it may do."""
    state().access.tell(**load(orders.Token, document()))
    return done()


@control.post("/control/graph/page")
def page() -> Response:
    """What may be had of a page (everything, where nothing else is told), and whether it is subscribed."""
    box, told = state(), load(orders.Page, document())
    subscribed = told.pop("subscribed")
    if subscribed is not None:
        box.leads.subscribe(told["page_id"], connections.app(["leadgen"]) if subscribed else {})
    box.access.page(**told)
    return done()


@control.post("/control/graph/usage")
def usage() -> Response:
    """How much of Meta's limits is used up."""
    state().usage.tell(**load(orders.Usage, document()))
    return done()


@control.post("/control/graph/leads")
def leads() -> Response:
    """Leads that the Graph API shows, without a word to anybody."""
    told = load(orders.Leads, document())
    found = [state().leads.add(lead, **told) for lead in told.pop("leads")]
    return done(ids=[lead["id"] for lead in found])


@control.post("/control/graph/names")
def names() -> Response:
    """The names of a form and its page."""
    state().leads.name(**load(orders.Names, document()))
    return done()


@control.post("/control/meta/handshake")
def handshake() -> Response:
    """Call an endpoint as Meta does when a webhook is set up."""
    return answer(200, meta.handshake(**load(orders.Handshake, document())), None)


@control.post("/control/meta/leads")
def tell_leads() -> Response:
    """Create leads and tell them by signed webhooks."""
    box = state()
    return answer(200, meta.play(box.leads, meta.Order(**load(orders.Order, document())), box.stopping), None)
