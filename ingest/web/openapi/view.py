from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from ingest.channels.base import JSON
from ingest.web.origins import origin_of
from ingest.web.site import Site, site

openapi = Blueprint("openapi", __name__)


@openapi.route("/openapi.json", methods=("GET",), provide_automatic_options=False)
def describe() -> ResponseReturnValue:
    """What can be posted and asked for here, as OpenAPI 3.1: for everybody, pages of others too."""
    here = site()
    response = Response(here.described.text(here.intakes.all(), _server(here)), content_type=JSON)
    response.add_etag()
    response.cache_control.no_cache = True  # keep it, and ask whether it is still so
    response.headers["Access-Control-Allow-Origin"] = "*"
    etag, _ = response.get_etag()
    if etag and request.if_none_match.contains_weak(etag):
        response.status_code = 304
        response.set_data("")
    return response


def _server(here: Site) -> str:
    return (here.settings.public_url or origin_of(request.host_url) or "/").rstrip("/") or "/"
