from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingest.channels.graph import Access, Graph, LeadSource

TOKEN = "EAAG-a-very-secret-token"


class Canned:
    """A server that gives one answer to everything, and remembers what it was asked."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        canned = self
        self.asked: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
                canned.asked.append({"path": self.path, "headers": dict(self.headers), "body": sent})
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v26.0"

    def __enter__(self) -> Canned:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def told(code: int, subcode: int | None = None, message: str = "(#1) no") -> dict[str, Any]:
    """An error as Meta tells it."""
    return {"error": {"message": message, "code": code} | ({"error_subcode": subcode} if subcode else {})}


def fetch(url: str, *ids: str, timeout: float = 5) -> dict[str, Any]:
    """Leads by their ids."""
    graph = Graph(url, timeout)
    try:
        return LeadSource(graph, Access(TOKEN, "app-secret")).fetch(ids)
    finally:
        graph.close()
