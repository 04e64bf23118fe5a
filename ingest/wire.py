"""What all our clients of outside systems share: connections, answers that are bounded, and words for what broke."""

from __future__ import annotations

import io
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import requests
from requests import exceptions as http
from requests.adapters import HTTPAdapter
from urllib3 import exceptions as wire
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ingest import __version__
from ingest.models import utcnow

CONNECT_TIMEOUT = 5.0  # seconds
MAX_RETRY_AFTER = 86_400.0  # seconds
T = TypeVar("T")

written: ContextVar[bool] = ContextVar("written", default=True)
"""Whether the request under way was handed to its connection whole. Set it to False before each request."""

_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (wire.NameResolutionError, "its name is not known (DNS)"),
    (ssl.SSLCertVerificationError, "its certificate is not trusted (TLS)"),
    (ssl.SSLError, "no safe connection (TLS)"),
    (http.ConnectTimeout, "no connection in time"),
    (ConnectionRefusedError, "it refused the connection"),
    (wire.NewConnectionError, "no connection"),
    (wire.ConnectTimeoutError, "no connection in time"),
    (http.ReadTimeout, "no answer in time"),
    (wire.ReadTimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (ConnectionResetError, "it broke the connection"),
    (BrokenPipeError, "it broke the connection"),
    (http.ConnectionError, "the connection broke"),
    (wire.ProtocolError, "the connection broke"),
    (http.ChunkedEncodingError, "the answer broke off"),
)


def cause(error: BaseException) -> str:
    """Why no answer came, in words; never the error's own text, which may name the address."""
    chain = list(_chain(error))
    return next((words for kind, words in _CAUSES for link in chain if isinstance(link, kind)), type(error).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        inner = getattr(error, "reason", None) or next(iter(error.args), None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a call gives that knows no time-out of its own. Raises what it raises, and TimeoutError."""
    told: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            told.put((call(), None))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            told.put((None, error))

    threading.Thread(target=run, name="within", daemon=True).start()
    try:
        value, error = told.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value] # T, where there is no error


class TimedResponse(HTTPResponse):
    """An answer whose status, headers and body together take the socket's time-out at most."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = io.BufferedReader(_TimedReader(sock, self.fp.detach()))


class _TimedReader(io.RawIOBase):
    """Reads an answer until its time is up, however slowly it drips (a socket's time-out begins anew at each byte)."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._until = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


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


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}


class Session(requests.Session):
    """Kept connections that tell whether a request was `written`, and whose answers are bounded. Threads may share it.

    `timeout` is the time for an answer in seconds, from its first byte to its last; `pool` how many connections are
    kept for each of so many `hosts`. Redirects are not followed; proxies, `.netrc` and cookies don't come into play.

    A kept connection that the server closed while it was idle is seen before anything is written, and replaced.
    """

    def __init__(self, timeout: float, pool: int, hosts: int = 1) -> None:
        super().__init__()
        self._timeouts = (min(CONNECT_TIMEOUT, timeout), timeout)
        self.trust_env = False  # a proxy or a .netrc of the machine must not see people's data
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = f"ingest/{__version__}"
        adapter = _Adapter(pool_connections=hosts, pool_maxsize=pool, max_retries=0)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def ask(self, request: requests.PreparedRequest) -> requests.Response:
        """An answer, whose body is yet to be read, and which is to be closed. Raises RequestException."""
        return self.send(request, timeout=self._timeouts, allow_redirects=False, stream=True)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """None: where a redirect leads is never asked, so that its body is not read without bounds."""
        return None


def bounded(parts: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The parts of a body, together at most one byte more than is worth reading."""
    left = most + 1
    for part in parts:
        yield part[:left]
        left -= len(part)
        if left <= 0:
            return


def retry_after(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds from now: a number, or a date (RFC 9110 section 10.2.3)."""
    value = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", value):
        seconds = float(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        now = utcnow()
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)) - now).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
