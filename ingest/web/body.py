from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.wsgi import get_content_length, get_input_stream

from ingest.errors import Refusal

SECONDS = 15.0  # for a whole body, however many pieces it comes in
LOOK_EVERY = 0.25  # seconds between two looks at who is too slow
_PIECE = 65_536


class _Watch:
    """Cuts the line of senders that take too long: a socket's own time-out starts anew at each byte that drips in.

    One thread looks after all of a process's sockets. Cutting is ending the reading side: we can still answer.
    """

    def __init__(self) -> None:
        self._due: dict[object, tuple[float, socket.socket]] = {}
        self._awake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, line: socket.socket | None, until: float) -> Iterator[None]:
        """Watch a socket for as long as the block runs; servers that give none time out by themselves."""
        if line is None:
            yield
            return
        ticket = object()
        self._due[ticket] = until, line
        if not self._awake.is_set():  # seldom: while requests come it looks by itself, and costs them nothing
            self._wake()
        try:
            yield
        finally:
            self._due.pop(ticket, None)

    def _wake(self) -> None:
        with self._lock:
            self._awake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="slow-bodies", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            for ticket, (until, line) in list(self._due.items()):
                if until <= now and self._due.pop(ticket, (until, line)):
                    _cut(line)
            if not self._due:
                self._awake.clear()
                if self._due:  # it came between the two lines
                    self._awake.set()


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RD)
    except OSError:  # gone already
        return


_watch = _Watch()


def read(environ: dict[str, Any], limit: int, seconds: float = SECONDS) -> bytes:
    """A request's body, at most `limit` bytes, within `seconds` in all. Raises Refusal 400, 408, 413 or 415."""
    if environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in {"", "identity"}:
        raise Refusal(415, "content_encoding", "Compressed bodies are not read here.", "Send the body as it is.")
    length = get_content_length(environ)
    if length is not None and length > limit:
        raise _too_large(limit)
    until = time.monotonic() + seconds
    with _watch.over(environ.get("gunicorn.socket") if length != 0 else None, until):
        body = _drain(get_input_stream(environ), limit, until)
    if length is not None and len(body) < length:
        raise _incomplete(until)
    return body


def _drain(stream: Any, limit: int, until: float) -> bytes:
    body = bytearray()
    while True:
        try:
            piece = stream.read(_PIECE)
        except Exception:  # noqa: BLE001 - each server has errors of its own for a broken line or a broken chunk
            raise _incomplete(until) from None
        if not piece:
            return bytes(body)
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
        if time.monotonic() >= until:
            raise _incomplete(until)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too_large", f"The body is larger than {limit:,} bytes.", "INGEST_MAX_BODY sets the limit.")


def _incomplete(until: float) -> Refusal:
    if time.monotonic() >= until:
        return Refusal(408, "too_slow", "The body took too long.", "Send it in one go.")
    return Refusal(400, "incomplete_body", "The body ended before its end.", "Check the Content-Length.")
