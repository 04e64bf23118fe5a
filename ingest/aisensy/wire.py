from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ingest.wire import TimedResponse

written: ContextVar[bool] = ContextVar("written", default=True)
"""Whether the request under way was handed to its connection whole. Set it to False before each request."""


class _Connection(HTTPConnection):
    response_class = TimedResponse

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        written.set(True)


class _SafeConnection(HTTPSConnection):
    response_class = TimedResponse

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        written.set(True)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class Adapter(HTTPAdapter):
    """Pooled connections that tell whether a request was `written`, and whose answers are bounded in time.

    A pooled connection that the server closed while it was idle is seen before anything is written, and replaced.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of our own connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}
