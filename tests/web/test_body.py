from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.errors import Refusal
from ingest.web import body


def environ(stream: Any, **more: Any) -> dict[str, Any]:
    return {"wsgi.input": stream, "wsgi.input_terminated": True, **more}


class Line:
    """A body that comes over a real socket, as gunicorn reads it: whole pieces, or what there is at the end."""

    def __init__(self) -> None:
        self.sender, self._receiver = socket.socketpair()

    def environ(self, **more: Any) -> dict[str, Any]:
        return environ(self, **{"gunicorn.socket": self._receiver}, **more)

    def read(self, size: int) -> bytes:
        found = b""
        while len(found) < size and (piece := self._receiver.recv(size - len(found))):
            found += piece
        return found

    def close(self) -> None:
        self.sender.close()
        self._receiver.close()


@pytest.fixture
def line() -> Iterator[Line]:
    found = Line()
    yield found
    found.close()


def test_a_body_comes_whole_however_it_is_cut(line: Line) -> None:
    """In one piece or in many."""
    line.sender.sendall(b"a" * 100_000)
    line.sender.shutdown(socket.SHUT_WR)
    assert body.read(line.environ(CONTENT_LENGTH="100000"), 200_000) == b"a" * 100_000


def test_a_sender_that_drips_is_cut_off_in_all(line: Line) -> None:
    """A byte now and then keeps no thread: the time is for the whole body."""
    done = threading.Event()

    def drip() -> None:
        while not done.wait(0.01):
            line.sender.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(Refusal) as refused:
            body.read(line.environ(CONTENT_LENGTH="50000"), 100_000, seconds=0.3)
    finally:
        done.set()
        thread.join()
    assert (refused.value.status, refused.value.code) == (408, "too_slow")
    assert time.monotonic() - began < 5


def test_a_sender_that_stops_early_is_refused(line: Line) -> None:
    """Half a body is none, and is told so at once."""
    line.sender.sendall(b"half")
    line.sender.shutdown(socket.SHUT_WR)
    with pytest.raises(Refusal) as refused:
        body.read(line.environ(CONTENT_LENGTH="8"), 100)
    assert (refused.value.status, refused.value.code) == (400, "incomplete_body")


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    """Its length is told in advance, and nothing more is needed."""

    class Untouchable:
        def read(self, size: int) -> bytes:
            raise AssertionError(size)

    with pytest.raises(Refusal) as refused:
        body.read(environ(Untouchable(), CONTENT_LENGTH="101"), 100)
    assert refused.value.status == 413


def test_a_body_without_a_length_is_bounded_too() -> None:
    """Chunked bodies tell nothing in advance."""
    assert body.read(environ(io.BytesIO(b"x" * 100)), 100) == b"x" * 100
    with pytest.raises(Refusal) as refused:
        body.read(environ(io.BytesIO(b"x" * 101)), 100)
    assert refused.value.status == 413


def test_a_broken_chunk_is_the_senders_fault() -> None:
    """Whatever the server calls it."""

    class Broken:
        def read(self, _: int) -> bytes:
            raise RuntimeError("Invalid chunk size")

    with pytest.raises(Refusal) as refused:
        body.read(environ(Broken()), 100)
    assert refused.value.status == 400
