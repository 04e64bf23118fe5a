from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ingest.errors import Finding, StoreError
from ingest.mapping.records import Catalog
from ingest.web.site import site

health = Blueprint("health", __name__)


@health.get("/healthz")
def lives() -> ResponseReturnValue:
    """The process lives."""
    return jsonify(status="ok")


@health.get("/readyz")
def is_ready() -> ResponseReturnValue:
    """We can store leads. Broken mappings are listed; they hold up nobody else."""
    mappings = _told(site().catalog.current())
    try:
        site().inbox.ping()
    except StoreError:
        return jsonify(status="unavailable", mappings=mappings), 503, {"Retry-After": "5"}
    return jsonify(status="ready", mappings=mappings)


def _told(catalog: Catalog) -> dict[str, Any]:
    """The names of what is broken, and the first finding of each, with how many there are."""
    broken = sorted(catalog.broken.items())
    return {"broken": [name for name, _ in broken], "findings": [_first(name, why) for name, why in broken]}


def _first(name: str, why: Sequence[Finding]) -> dict[str, Any]:
    one = why[0]
    return {"endpoint": name, "place": str(one.place), "code": one.code, "message": one.message, "count": len(why)}
