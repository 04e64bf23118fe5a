from __future__ import annotations

import time
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ingest.models import iso, utcnow
from ingest.sandbox import meta
from ingest.sandbox.state import Endpoint, State, Telling
from ingest.sandbox.views import state

page = Blueprint("page", __name__)

SHOWN = 100  # requests on the page
PATIENCE = 3.0  # seconds in which a lead that was told has mostly arrived
CSP = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@page.get("/")
def show() -> Response:
    """The page: what came in, newest first, and buttons that have Meta tell a lead."""
    box = state()
    shown = box.records.list()[: -SHOWN - 1 : -1]
    told = [(one, box.leads.is_read(one.lead_id)) for one in reversed(box.tellings)]
    response = Response(
        render_template("sandbox.html", shown=shown, endpoints=box.endpoints(), told=told, **box.records.count())
    )
    response.headers["Content-Security-Policy"] = CSP
    response.headers["Cache-Control"] = "no-store"
    return response


@page.post("/lead")
def tell() -> ResponseReturnValue:
    """Make a lead, or a test lead, tell it, and show what became of it."""
    if urlsplit(request.headers.get("Origin", f"http://{request.host}")).netloc != request.host:
        abort(403, "Another site's page can't tell leads.")
    box, wanted = state(), request.form.get("endpoint")
    endpoint = next((one for one in box.endpoints() if one.name == wanted), None)
    if endpoint is None:
        abort(404, "There is no such endpoint for Facebook.")
    _tell(box, endpoint, test=request.form.get("kind") == "test")
    return redirect("./#told", 303)


def _tell(box: State, endpoint: Endpoint, *, test: bool) -> None:
    taken = box.records.count()["taken"]
    told = meta.play(box.leads, _order(endpoint, test), box.stopping)
    [lead_id], [delivery] = told["ids"], told["deliveries"]
    box.tellings.append(Telling(iso(utcnow()), lead_id, endpoint.name, test, delivery["status"]))
    if delivery["status"] != 200:
        return
    if test:
        _wait(box, lead_id)
    else:
        box.records.wait(taken + 1, PATIENCE)


def _order(endpoint: Endpoint, test: bool) -> meta.Order:
    return meta.Order(
        endpoint.url,
        [endpoint.answers],
        app_secret=endpoint.app_secret,
        page_id=endpoint.page_id,
        form_id=endpoint.form_id,
        retries=0,
        test=test,
    )


def _wait(box: State, lead_id: str) -> None:
    """Wait until a lead was asked for; a test lead shows itself by nothing else."""
    until = time.monotonic() + PATIENCE
    while not box.leads.is_read(lead_id) and time.monotonic() < until:
        if box.stopping.wait(0.05):
            return
