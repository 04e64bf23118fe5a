from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.aisensy.client import MAX_BODY, Client
from ingest.models import Verdict

from .scripted import Act, answer, drip, greet, hang, raw, reset, scripted

KEY = "eyJhbGciOi/secret+key"
REQUEST = {"campaignName": "welcome", "destination": "+919876543210", "userName": "Asha Räo", "tags": ["नया"]}
TAKEN = {"success": "true", "submitted_message_id": "f01937cb"}


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(timeout=5)
    yield client
    client.close()


@pytest.fixture
def hasty() -> Iterator[Client]:
    client = Client(timeout=0.4)
    yield client
    client.close()


def test_body_on_the_wire(client: Client) -> None:
    """AiSensy gets the request as UTF-8 JSON with the key first, and nothing else of ours."""
    with scripted(answer(body=TAKEN)) as server:
        outcome = client.send(server.url, KEY, REQUEST)
    assert (outcome.verdict, outcome.message_id, outcome.status) == (Verdict.SENT, "f01937cb", 200)
    assert server.bodies == [json.dumps({"apiKey": KEY, **REQUEST}, ensure_ascii=False).encode()]
    assert b"content-type: application/json" in server.heads[0].lower()
    assert b"cookie" not in server.heads[0].lower()


def test_connections_are_kept(client: Client) -> None:
    """Three requests one after another need one connection."""
    with scripted(*[answer(body=TAKEN, Set_Cookie="a=b")] * 3) as server:
        verdicts = [client.send(server.url, KEY, REQUEST).verdict for _ in range(3)]
    assert verdicts == [Verdict.SENT] * 3
    assert server.connections == 1
    assert not any(b"cookie" in head.lower() for head in server.heads)


def test_connection_closed_while_idle(client: Client) -> None:
    """A kept connection that AiSensy closed meanwhile is replaced, and makes nothing ambiguous."""
    with scripted(answer(body=TAKEN, keep=False), answer(body=TAKEN, keep=False)) as server:
        first = client.send(server.url, KEY, REQUEST)
        assert server.closed.wait(5)
        second = client.send(server.url, KEY, REQUEST)
    assert (first.verdict, second.verdict, server.connections) == (Verdict.SENT, Verdict.SENT, 2)


def test_nobody_listens(client: Client) -> None:
    """A refused connection surely sent nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = client.send(f"http://127.0.0.1:{port}/", KEY, REQUEST)
    assert outcome.verdict is Verdict.TRANSIENT
    assert outcome.message == "AiSensy was not reached: it refused the connection."


def test_unknown_name(client: Client) -> None:
    """A host whose name is not known surely got nothing."""
    outcome = client.send("https://backend.aisensy.invalid/", KEY, REQUEST)
    assert outcome.verdict is Verdict.TRANSIENT
    assert "DNS" in outcome.message


def test_no_tls(client: Client) -> None:
    """A server that speaks no TLS got nothing of the request."""
    with scripted(greet) as server:
        outcome = client.send(server.url.replace("http:", "https:"), KEY, REQUEST)
    assert outcome.verdict is Verdict.TRANSIENT
    assert "TLS" in outcome.message


def test_connect_timeout(hasty: Client) -> None:
    """A connection that does not come about in time surely sent nothing."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        outcome = hasty.send(f"http://127.0.0.1:{full.getsockname()[1]}/", KEY, REQUEST)
        for one in waiting:
            one.close()
    assert outcome.verdict is Verdict.TRANSIENT
    assert outcome.message == "AiSensy was not reached: no connection in time."


def test_reset_before_all_was_written(client: Client) -> None:
    """A request that could not be handed over whole can't have been read whole: it is tried again."""
    with scripted(reset(after_reading=False)) as server:
        outcome = client.send(server.url, KEY, REQUEST | {"source": "x" * 30_000_000})
    assert outcome.verdict is Verdict.TRANSIENT


def test_reset_before_reading(client: Client) -> None:
    """A connection that breaks at once is never taken for success, nor for a refusal."""
    with scripted(reset(after_reading=False)) as server:
        assert client.send(server.url, KEY, REQUEST).verdict in {Verdict.TRANSIENT, Verdict.AMBIGUOUS}


@pytest.mark.parametrize(
    "act",
    [
        reset(after_reading=True),
        raw(b""),
        raw(b"HTTP/1.1 200"),
        raw(b"nonsense\r\n\r\n"),
        raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":'),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        raw(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"success"'),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
        raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n"),
    ],
    ids=[
        "reset",
        "closed",
        "half a line",
        "no http",
        "half a chunk",
        "no chunk",
        "half a body",
        "no gzip",
        "204",
        "heads",
    ],
)
def test_answer_broken_after_the_request_was_read(client: Client, act: Act) -> None:
    """Once the request was written, an answer that nobody understands leaves open whether the message went out."""
    with scripted(act) as server:
        outcome = client.send(server.url, KEY, REQUEST)
    assert outcome.verdict is Verdict.AMBIGUOUS
    assert len(server.bodies) == 1, "sent once"


@pytest.mark.parametrize(
    "act",
    [
        hang,
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["hangs", "drips a line", "drips heads", "drips a body", "drips chunks", "drips continues"],
)
def test_time_for_an_answer_is_bounded(hasty: Client, act: Act) -> None:
    """However slowly AiSensy answers, after the time-out the attempt is over, and ambiguous."""
    with scripted(act) as server:
        start = time.monotonic()
        outcome = hasty.send(server.url, KEY, REQUEST)
        took = time.monotonic() - start
    assert outcome.verdict is Verdict.AMBIGUOUS
    assert took < 2


def test_slow_refusal_is_a_refusal(hasty: Client) -> None:
    """A status that says no is believed, even if its text never ends."""
    with scripted(drip(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n")) as server:
        outcome = hasty.send(server.url, KEY, REQUEST)
    assert (outcome.verdict, outcome.retry_after) == (Verdict.TRANSIENT, 7)


def test_size_of_an_answer_is_bounded(client: Client) -> None:
    """Of an endless answer only the beginning is read, and 2,000 characters are kept."""
    endless = b'{"success":"true","x":"' + b"x" * (MAX_BODY * 20) + b'"}'
    with scripted(answer(body=endless, keep=False)) as server:
        outcome = client.send(server.url, KEY, REQUEST)
    assert outcome.verdict is Verdict.AMBIGUOUS
    assert len(outcome.answer) == 2_000


def test_redirects_are_not_followed(client: Client) -> None:
    """A redirect means that the account's URL is wrong; the key goes nowhere else."""
    with scripted() as other, scripted(answer(307, b"x" * 10, Location=other.url)) as server:
        outcome = client.send(server.url, KEY, REQUEST)
    assert outcome.verdict is Verdict.ACCOUNT
    assert other.connections == 0


@pytest.mark.parametrize("echo", [KEY, json.dumps(KEY), KEY.replace("/", "\\/"), "eyJhbGciOi%2Fsecret%2Bkey"])
def test_key_is_never_kept(client: Client, echo: str) -> None:
    """A server that answers with our key does not bring it into the store."""
    body = (
        f'{{"message":"{"x" * 1_985} {echo.strip(chr(34))} is wrong","submitted_message_id":"{echo.strip(chr(34))}"}}'
    )
    for status in (200, 400, 401, 500):
        with scripted(answer(status, body.encode())) as server:
            outcome = client.send(server.url, KEY, REQUEST)
        assert "secret" not in repr(outcome)
        assert "eyJ" not in repr(outcome)


def test_proxies_of_the_environment_are_not_used(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """People's data takes no way that a variable of the machine names."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with scripted(answer(body=TAKEN)) as server:
        assert client.send(server.url, KEY, REQUEST).verdict is Verdict.SENT


@pytest.mark.parametrize("url", ["", "backend", "ftp://host/", "http://", "http://[::1", "http://a b/"])
def test_wrong_url(client: Client, url: str) -> None:
    """An account's URL that is none stops the account, and raises nothing."""
    assert client.send(url, KEY, REQUEST).verdict is Verdict.ACCOUNT


@pytest.mark.parametrize("request_", [{"userName": "\ud800"}, {"source": object()}, {"source": float("nan")}])
def test_request_that_is_no_json(client: Client, request_: dict[str, Any]) -> None:
    """A request that can't be written is refused before anything leaves."""
    assert client.send("http://127.0.0.1:1/", KEY, request_).verdict is Verdict.INVALID
