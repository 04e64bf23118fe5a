from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from ingest import __version__
from ingest.web.intakes import Endpoint
from ingest.web.openapi import proofs, refusals
from ingest.web.openapi.operations import PARAMETERS, operations

_ABOUT = "Takes leads, and sends each, once, to WhatsApp through AiSensy. Each endpoint is one mapping."


class Described:
    """The document of the endpoints as they are: made anew only when they have changed."""

    def __init__(self) -> None:
        self._made: tuple[Sequence[Endpoint], dict[str, Any]] | None = None

    def text(self, endpoints: Sequence[Endpoint], server: str) -> str:
        """It as JSON, for those who know us under this address."""
        if self._made is None or self._made[0] != endpoints:
            self._made = endpoints, document(endpoints)
        return json.dumps({**self._made[1], "servers": [{"url": server}]})


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The endpoints, and all else that programs may ask for, as OpenAPI 3.1."""
    info = {"description": _ABOUT}
    spec = APISpec("ingest", __version__, "3.1.0", [MarshmallowPlugin()], info=info)
    refusals.register(spec)
    schemes = dict(proofs.TOKENS)
    for endpoint in endpoints:
        schemes |= proofs.schemes(endpoint)
    for name, scheme in schemes.items():
        spec.components.security_scheme(name, scheme)
    for name, (where, parameter) in PARAMETERS.items():
        spec.components.parameter(name, where, parameter)
    for path, method, operation in operations(endpoints):
        spec.path(path, operations={method: operation})
    return spec.to_dict()
