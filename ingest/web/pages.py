from __future__ import annotations

from flask import Blueprint, Flask, Response

from ingest.web.site import site

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

pages = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static/web")
"""The templates and the style sheet of our few public pages."""


def register(app: Flask) -> None:
    """Serve the pages, and put the headers on every answer that keep browsers strict."""
    app.register_blueprint(pages)
    app.context_processor(lambda: {"sandbox": site().settings.sandbox})
    app.after_request(_strict)


def _strict(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not `no-referrer`: with it, browsers post our own forms with `Origin: null`.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Content-Security-Policy", CSP)
    return response
