"""What all our clients of outside systems share: answers that are bounded in time, and words for what broke."""

from __future__ import annotations

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any, TypeVar

from requests import exceptions as http
from urllib3 import exceptions as wire

T = TypeVar("T")

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
