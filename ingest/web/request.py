from __future__ import annotations

from typing import cast
from urllib.parse import parse_qsl

import flask
from werkzeug.datastructures import MultiDict
from werkzeug.utils import cached_property

from ingest.channels.base import Inbound


def inbound(content: bytes) -> Inbound:
    """The request at hand as channels see it, with its body that was read whole."""
    request = flask.request
    return Inbound(
        method=request.method,
        headers=request.headers,
        args=request.args,
        body=content,
        content_type=request.mimetype,
        charset=request.mimetype_params.get("charset", "").strip().lower(),
        remote=request.remote_addr or "",
    )


class Request(flask.Request):
    """A request whose query is read whatever bytes are in it; werkzeug raises at those that are no UTF-8."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query's parameters."""
        query = self.query_string.decode("utf-8", "replace")
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
        return cast("MultiDict[str, str]", self.parameter_storage_class(pairs))
