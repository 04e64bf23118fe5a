from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ingest.errors import StoreError
from ingest.web.site import site

health = Blueprint("health", __name__)


@health.get("/healthz")
def lives() -> ResponseReturnValue:
    """The process lives."""
    return jsonify(status="ok")


@health.get("/readyz")
def is_ready() -> ResponseReturnValue:
    """We can store leads. Broken mappings are listed; they hold up nobody else."""
    mappings = site().catalog.current().mappings.values()
    broken = sorted(one.endpoint for one in mappings if one.intake is None or one.translation is None)
    try:
        site().inbox.ping()
    except StoreError:
        return jsonify(status="unavailable", mappings={"broken": broken}), 503, {"Retry-After": "5"}
    return jsonify(status="ready", mappings={"broken": broken})
