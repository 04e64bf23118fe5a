from __future__ import annotations

import io
import signal
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.routing import BaseConverter

from ingest.sandbox import connections, graph
from ingest.sandbox.aisensy import aisensy
from ingest.sandbox.captcha import captcha
from ingest.sandbox.control import control
from ingest.sandbox.faults import RESET
from ingest.sandbox.state import State
from ingest.sandbox.views import json_text

MAX_BODY = 5_000_000  # bytes
_RST = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class _Version(BaseConverter):
    regex = graph.VERSION


def create_app(state: State) -> Flask:
    """The sandbox: AiSensy, the Graph API, the control API and the page, over one state."""
    app = Flask("ingest.sandbox")
    app.url_map.converters["version"] = _Version
    app.extensions["sandbox"] = state
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.jinja_env.filters["pretty"] = partial(json_text, indent=2)
    app.jinja_env.filters["compact"] = json_text
    for blueprint in (aisensy, graph.graph, captcha, control, connections.control):
        app.register_blueprint(blueprint)
    return app


class _Handler(BaseHTTPRequestHandler):
    """WSGI over connections that are kept, and that a view can have broken: Werkzeug's own server does neither."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75  # seconds that a connection may be idle
    server: Server

    def answer(self) -> None:
        """Read one request whole and let the app answer it."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > MAX_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            self.close_connection = True
            return
        environ = self._environ(self.rfile.read(int(length)))
        told: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
            told[:] = [status, headers]
            return lambda _: None

        body = _whole(self.server.app.wsgi_app(environ, start_response))
        if environ.get(RESET):
            self._reset()
            return
        status, headers = told
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers if name != "Content-Length")]
        lines += [f"Content-Length: {len(body)}", f"Connection: {'close' if self.close_connection else 'keep-alive'}"]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        return {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()},
        }

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the sandbox shows what came on its page."""


def _whole(pieces: Iterable[bytes]) -> bytes:
    try:
        return b"".join(pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()


class Server(socketserver.ThreadingTCPServer):
    """A sandbox that listens; `url` is its address. Port 0 is any free one."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, state: State) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.app = create_app(state)
        self._state = state
        self._open: set[Any] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        super().__init__((host, port), _Handler)
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        self.url = f"http://{shown}:{self.server_address[1]}"

    def start(self) -> None:
        """Answer from now on, in threads."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and listen no more."""
        self._state.stopping.set()
        self._state.faults.clear()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            self.shutdown_request(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a new connection in a thread of its own."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection is over."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def serve(host: str, port: int, on_ready: Callable[[str], None] | None = None) -> None:
    """Be the sandbox until SIGTERM or SIGINT; `on_ready` is told the address."""
    over = threading.Event()
    server = Server(host, port, State())
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    server.start()
    try:
        if on_ready:
            on_ready(server.url)
        over.wait()
    finally:
        server.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
