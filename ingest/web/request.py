from __future__ import annotations

from typing import cast
from urllib.parse import parse_qsl

import flask
from werkzeug.datastructures import MultiDict
from werkzeug.utils import cached_property


class Request(flask.Request):
    """A request whose query is read whatever bytes are in it; werkzeug raises at those that are no UTF-8."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query's parameters."""
        query = self.query_string.decode("utf-8", "replace")
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
        return cast("MultiDict[str, str]", self.parameter_storage_class(pairs))
