from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ingest.channels.graph import Access, Graph, LeadSource
from ingest.channels.graph.errors import error_of
from ingest.channels.graph.usage import REST, rest
from ingest.errors import GraphError
from ingest.models import Reason
from ingest.sandbox import Sandbox

TOKEN = "EAAG-a-very-secret-token"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


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


def fetch(url: str, *ids: str) -> dict[str, Any]:
    graph = Graph(url, timeout=5)
    try:
        return LeadSource(graph, Access(TOKEN, "app-secret")).fetch(ids)
    finally:
        graph.close()


def test_leads_come_by_their_ids_fifty_a_call(box: Sandbox) -> None:
    """Each id has its own document, however many there are."""
    ids = [box.state.leads.add({"full_name": f"Lead {n} आशा"})["id"] for n in range(120)]
    found = fetch(f"{box.url}/v26.0", *ids)
    assert list(found) == ids
    for n, one in enumerate(ids):
        assert found[one]["field_data"] == [{"name": "full_name", "values": [f"Lead {n} आशा"]}]


def test_one_lead_that_is_gone_harms_no_other(box: Sandbox) -> None:
    """Each answer of a batch stands on its own."""
    there = box.state.leads.add({"full_name": "Asha"})["id"]
    found = fetch(f"{box.url}/v26.0", "404", there)
    assert found[there]["id"] == there
    assert isinstance(found["404"], GraphError)
    assert found["404"].reason == Reason.LEAD_GONE


def test_a_wrong_token_makes_leads_wait(box: Sandbox) -> None:
    """They come by themselves once the token is replaced."""
    box.state.tokens = frozenset({"another"})
    error = fetch(f"{box.url}/v26.0", "1")["1"]
    assert (error.reason, TOKEN in str(error)) == (Reason.LEAD_UNAVAILABLE, False)


def told(code: int, subcode: int | None = None, message: str = "(#1) no") -> dict[str, Any]:
    return {"error": {"message": message, "code": code} | ({"error_subcode": subcode} if subcode else {})}


@pytest.mark.parametrize(
    ("code", "subcode", "reason", "wait"),
    [
        (1, None, Reason.LEAD_UNAVAILABLE, None),
        (2, None, Reason.LEAD_UNAVAILABLE, None),
        (4, None, Reason.LEAD_UNAVAILABLE, 60),
        (613, None, Reason.LEAD_UNAVAILABLE, 60),
        (80005, 7, Reason.LEAD_UNAVAILABLE, 60),
        (10, None, Reason.LEAD_UNAVAILABLE, None),
        (200, None, Reason.LEAD_UNAVAILABLE, None),
        (190, 463, Reason.LEAD_UNAVAILABLE, None),
        (368, None, Reason.LEAD_UNAVAILABLE, None),
        (100, 33, Reason.LEAD_GONE, None),
        (100, None, Reason.LEAD_UNAVAILABLE, None),
        (99999, None, Reason.LEAD_UNAVAILABLE, None),
    ],
)
def test_every_error_says_whether_to_ask_again(
    code: int, subcode: int | None, reason: Reason, wait: float | None
) -> None:
    """As the table of Meta's codes has it; for one lead as for the whole call."""
    part = {"code": 400, "body": json.dumps(told(code, subcode))}
    for body in ([part], told(code, subcode)):
        with Canned(200, json.dumps(body).encode()) as meta:
            error = fetch(meta.url, "1")["1"]
        assert isinstance(error, GraphError)
        assert (error.reason, error.retry_after) == (reason, wait)


def test_meta_names_its_own_time_to_wait() -> None:
    """`Retry-After` goes before our guess."""
    with Canned(429, json.dumps(told(4)).encode(), {"Retry-After": "7"}) as meta:
        assert fetch(meta.url, "1")["1"].retry_after == 7


def test_a_token_that_meta_repeats_is_not_shown() -> None:
    """Its errors quote tokens that it can't read."""
    with Canned(400, json.dumps(told(190, None, f"Malformed access token {TOKEN}")).encode()) as meta:
        assert TOKEN not in str(fetch(meta.url, "1")["1"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"[null]",
        b"[7]",
        b'[{"code": 200}]',
        b'[{"code": 200, "body": "no json"}]',
        b'[{"code": 200, "body": "[]"}]',
        b'[{"code": 200, "body": "\\ud800"}]',
        b'[{"code": 500, "body": "{}"}]',
        b'[{"code": 200, "body": "{\\"error\\": 7}"}]',
        b'{"error": {"code": "x"}}',
        b"[" * 5000,
    ],
)
def test_an_answer_that_is_none_makes_leads_wait(body: bytes) -> None:
    """Whatever comes back, nothing is raised and nothing is given up."""
    with Canned(200, body) as meta:
        assert fetch(meta.url, "1")["1"].reason == Reason.LEAD_UNAVAILABLE


def test_the_token_is_in_no_address_and_an_id_can_not_leave_its_place() -> None:
    """Addresses stand in logs; and ids come from outside."""
    with Canned(200, b"[null]") as meta:
        fetch(meta.url, "1/../me?fields=x")
        (asked,) = meta.asked
    assert (asked["path"], asked["headers"]["Authorization"]) == ("/v26.0/", f"Bearer {TOKEN}")
    assert TOKEN not in asked["body"]
    assert "appsecret_proof=" in asked["body"]
    assert "1%252F..%252Fme%253Ffields%253Dx" in asked["body"]


def test_a_redirect_is_not_followed_and_an_absent_server_is_no_accident() -> None:
    """The token goes to the address that was set, and nowhere else."""
    with Canned(307, b"", {"Location": "http://127.0.0.1:1/"}) as meta:
        assert fetch(meta.url, "1")["1"].reason == Reason.LEAD_UNAVAILABLE
        url = meta.url
    assert "can't be reached" in str(fetch(url, "1")["1"])


def test_limits_that_are_no_sensible_numbers_harm_nothing() -> None:
    """Numbers beyond all bounds, and such as are none."""
    assert rest({"X-App-Usage": f'{{"call_count": 1{"0" * 400}}}'}) == REST
    assert rest({"X-App-Usage": '{"call_count": NaN}'}) == 0.0


def test_what_meta_says_can_be_stored() -> None:
    """Characters that no store takes are not kept of an error."""
    error = error_of(told(1, message="a\0b\ud800"), "", TOKEN)
    assert "ab?" in error.message
