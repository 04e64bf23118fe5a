from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from flask import Flask, g, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ingest import log
from ingest.channels import payload as bodies
from ingest.channels.base import Inbound
from ingest.errors import Refusal, StoreError
from ingest.web.forms import leading, pages
from ingest.web.forms.fields import NO_BLOCK, InvalidFields

_STORE_BACK_IN = 5  # seconds, as told to senders
_PACKAGE = Path(__file__).parents[1]


def register(app: Flask) -> None:
    """Answer whatever is raised: refusals in words, all else without a word of the sender's data."""
    app.register_error_handler(Refusal, answer)
    app.register_error_handler(StoreError, _store)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(refusal: Refusal) -> ResponseReturnValue:
    """A refusal as JSON, or as a page where a browser posted a form; counted and logged where a lead was refused."""
    if "endpoint" in g:
        g.counts.add(refusal.code)
        log.get().warning(
            "lead_refused",
            endpoint=g.endpoint[:100],
            code=refusal.code,
            status=refusal.status,
            bytes=request.content_length or 0,
        )
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ingest"'
    if refusal.status == 405:
        headers["Allow"] = ", ".join(g.get("methods", ("GET",)))
    led = _led_on(refusal)
    if led:
        return redirect(led, 303)
    if g.get("browser", leading.is_browser(request.headers)):
        return _page(refusal), refusal.status, headers
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
    if isinstance(refusal, InvalidFields):
        error["fields"] = refusal.fields
    return jsonify(error=error), refusal.status, headers


def _led_on(refusal: Refusal) -> str | None:
    """The page of the site's own that a form wants to be shown for errors."""
    if "form" not in g or not g.browser:
        return None
    endpoint, sent = g.form
    return leading.on_error(_typed(sent), endpoint.intake.form or NO_BLOCK, refusal)


def _page(refusal: Refusal) -> Any:
    """The form once more, where one was posted: whatever is wrong, nobody types anything twice."""
    if "form" not in g:
        return render_template("web/refused.html", refusal=refusal)
    endpoint, sent = g.form
    return pages.refused(endpoint, _typed(sent), refusal)


def _typed(sent: Inbound) -> Any:
    """What a visitor typed, so far as it can be read."""
    try:
        return bodies.form(sent)
    except Refusal:
        return None


def _store(error: StoreError) -> ResponseReturnValue:
    log.get().error("store_unreachable", error=str(error))
    message = "The lead can't be stored right now; nothing of it was kept."
    return answer(Refusal(503, "store_unreachable", message, "Send it again.", retry_after=_STORE_BACK_IN))


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:  # a redirect of the router's
        return error.get_response()
    code = (error.name or "error").lower().replace(" ", "_")
    g.setdefault("methods", tuple(sorted(getattr(error, "valid_methods", None) or ("GET",))))
    return answer(Refusal(status, code, error.description or error.name))


def _unexpected(error: Exception) -> ResponseReturnValue:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    log.get().error("request_failed", error=type(error).__name__, place=place)  # its text may hold a person's data
    return answer(Refusal(500, "internal_error", "Something is wrong on our side.", "The log has the place."))
