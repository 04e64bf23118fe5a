from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page


class Site:
    """A website of somebody's, on an origin of its own: `url`; and the same as a stranger's: `foreign`."""

    def __init__(self) -> None:
        pages: dict[str, tuple[str, str]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text, policy = pages.get(self.path.partition("?")[0], ("<h1>A page</h1>", ""))
                body = f"<!doctype html><html lang=en><title>Site</title><link rel=icon href='data:,'>{text}".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.pages = pages
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        port = self.server.server_address[1]
        self.url, self.foreign = f"http://localhost:{port}", f"http://127.0.0.1:{port}"

    def page(self, text: str, path: str = "/contact", policy: str = "") -> str:
        """Put up a page; gives its address."""
        self.pages[path] = f"<main>{text}</main>", policy
        return self.url + path


@contextmanager
def site_running() -> Iterator[Site]:
    """A site that is served until the end of the block."""
    site = Site()
    threading.Thread(target=site.server.serve_forever, daemon=True).start()
    yield site
    site.server.shutdown()
    site.server.server_close()


class Window:
    """A visitor's window, and what its console told."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def expect(self, *texts: str) -> None:
        """That the console told these errors, and no others; they are forgotten then."""
        assert len(self.errors) == len(texts), self.errors
        assert all(text in error for text, error in zip(texts, self.errors, strict=True)), self.errors
        self.errors.clear()

    def is_fit_for_all(self) -> None:
        """That axe-core finds nothing serious, in light and in dark."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(self.page).response["violations"]
            assert [one for one in found if one["impact"] in {"serious", "critical"}] == []


@contextmanager
def window(browser: Browser, **how: Any) -> Iterator[Window]:
    """A window of a new visitor. Its console must have told no error that a test did not expect."""
    context = browser.new_context(**how)
    context.set_default_timeout(10_000)
    opened = Window(context.new_page())
    yield opened
    context.close()
    assert opened.errors == []
