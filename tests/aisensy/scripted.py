from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

Act = Callable[["ScriptedServer", socket.socket], bool]
"""What is done with a connection; whether the connection is kept for the next act."""


class ScriptedServer:
    """A TCP server on 127.0.0.1 that does one act of its script after another, on as few connections as it can."""

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/campaign/t1/api"
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.closed = threading.Event()  # a connection was closed while it was idle
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def documents(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]

    def _serve(self) -> None:
        while self._acts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(OSError):
                while self._acts and self._acts.pop(0)(self, connection):
                    pass
            self.closed.set()

    def read(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._some(connection)
        head, _, body = received.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        length = int(lines[0][15:]) if lines else 0
        while len(body) < length:
            body += self._some(connection)
        self.heads.append(head)
        self.bodies.append(body)

    @staticmethod
    def _some(connection: socket.socket) -> bytes:
        received = connection.recv(65_536)
        if not received:
            raise ConnectionError
        return received

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@contextmanager
def scripted(*acts: Act) -> Iterator[ScriptedServer]:
    server = ScriptedServer(*acts)
    try:
        yield server
    finally:
        server.close()


def answer(status: int = 200, body: bytes | Any = b"", keep: bool = True, **headers: str) -> Act:
    """Read a request and answer it; `keep` is whether the connection stays open afterwards."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + content, keep)


def raw(data: bytes, keep: bool = False) -> Act:
    """Read a request and answer these bytes."""

    def act(server: ScriptedServer, connection: socket.socket) -> bool:
        server.read(connection)
        connection.sendall(data)
        return keep

    return act


def reset(after_reading: bool) -> Act:
    """Break the connection with a RST."""

    def act(server: ScriptedServer, connection: socket.socket) -> bool:
        if after_reading:
            server.read(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return act


def greet(server: ScriptedServer, connection: socket.socket) -> bool:  # noqa: ARG001
    """Speak first, and no TLS."""
    connection.sendall(b"HTTP/1.1 400 No\r\n\r\n")
    return False


def hang(server: ScriptedServer, connection: socket.socket) -> bool:
    """Read a request and never answer."""
    server.read(connection)
    server.over.wait(30)
    return False


def drip(head: bytes, drop: bytes = b"x") -> Act:
    """Read a request, answer the head, then one drop after another for as long as anybody listens."""

    def act(server: ScriptedServer, connection: socket.socket) -> bool:
        server.read(connection)
        connection.sendall(head)
        while not server.over.wait(0.05):
            connection.sendall(drop)
        return False

    return act
