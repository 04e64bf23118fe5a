"""What a sender can do wrong, over real sockets: a refusal in bounded time and memory, and the next request works."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.e2e.program import Program

FORM = """
channel: form
request: {campaignName: welcome, destination: "{{ lead.phone | phone }}", userName: "{{ lead.name }}"}
"""
JSON = """
channel: json
auth: {token: JSON_TOKEN}
request: {campaignName: welcome, destination: "{{ lead.phone | phone }}", userName: "{{ lead.name }}"}
"""
MB = 1_000_000
HEAD = "POST /in/{endpoint} HTTP/1.1\r\nHost: acme.example\r\nAuthorization: Bearer sandbox-json-token\r\n"
URLENCODED, TYPE = "application/x-www-form-urlencoded", "application/json"
LEAD = b'{"name": "Asha", "phone": "98765 43210"}'
MULTIPART = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb'
MANY = dict.fromkeys(map(str, range(5000)), 1)
BOMB = gzip.compress(b'{"a": "%s"}' % (b"x" * 50 * MB))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("bad"), "--sandbox")
    program.mapping("website", FORM)
    program.mapping("json", JSON)
    with program:
        yield program


class Line:
    """A connection on which anything can be said."""

    def __init__(self, program: Program) -> None:
        parts = urlsplit(program.url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=25)

    def say(self, data: bytes) -> Line:
        """Send it, as far as the other side takes it."""
        with suppress(OSError):  # it has answered, and reads no more
            self._socket.sendall(data)
        return self

    def hang_up_half(self) -> Line:
        """No more comes from us."""
        self._socket.shutdown(socket.SHUT_WR)
        return self

    def status(self) -> int:
        """Of the answer; 0 where the connection was cut instead."""
        try:
            head = self._socket.recv(12)
        except ConnectionResetError:
            return 0
        finally:
            self._socket.close()
        return int(head[9:12]) if head else 0


def request(endpoint: str, kind: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    told = len(body) if length is None else length
    lines = [f"Content-Type: {kind}", f"Content-Length: {told}", "Connection: close", *headers]
    return (HEAD.format(endpoint=endpoint) + "\r\n".join(lines)).encode() + b"\r\n\r\n" + body


def fields(count: int) -> bytes:
    return b"&".join(b"f%d=x" % number for number in range(count))


WRONG = {
    "XML": (request("json", "text/xml", b"<lead/>"), {415}),
    "a picture": (request("json", "image/png", b"\x89PNG\r\n\x1a\n"), {415}),
    "an unknown charset": (request("json", "application/json; charset=utf-16", LEAD), {415}),
    "a charset that is none": (request("website", f"{URLENCODED}; charset=..%00", b"a=b"), {415}),
    "no UTF-8": (request("json", TYPE, b'{"a": "\xff\xfe"}'), {400}),
    "a broken multipart": (request("website", MULTIPART, PART), {400}),
    "a multipart without a boundary": (request("website", "multipart/form-data", b"--x--"), {400}),
    "20 MB": (request("website", URLENCODED, b"a=" + b"x" * 20 * MB), {413, 0}),
    "20 MB of which only the length is told": (request("website", URLENCODED, b"", length=20 * MB), {413}),
    "5,000 fields": (request("website", URLENCODED, fields(5000)), {413}),
    "5,000 fields of JSON": (request("json", TYPE, json.dumps(MANY).encode()), {413}),
    "5,000 parts": (request("website", MULTIPART, (PART + b"\r\n") * 5000 + b"--x--\r\n"), {413}),
    "a key twice": (request("json", TYPE, b'{"phone": "9876543210", "phone": "9876543211"}'), {400}),
    "NaN": (request("json", TYPE, b'{"phone": NaN}'), {400}),
    "a number of 5,000 digits": (request("json", TYPE, b'{"phone": %s}' % (b"9" * 5000)), {400}),
    "depth": (request("json", TYPE, b"[" * 100_000), {400}),
    "a bomb": (request("json", TYPE, BOMB, "Content-Encoding: gzip"), {415}),
    "less than the length says": (None, {400}),
    "a length that is none": (request("json", TYPE, LEAD).replace(b"Length: 40", b"Length: ten"), {400, 0}),
    "two lengths": (request("json", TYPE, LEAD, "Content-Length: 7"), {400, 0}),
    "broken chunks": (
        (HEAD.format(endpoint="json") + f"Content-Type: {TYPE}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").encode(),
        {400, 0},
    ),
    "a name that is none": (request("%ff/../..//etc", TYPE, LEAD), {404, 400}),
}


def test_every_one_is_refused_and_the_next_request_works(program: Program) -> None:
    """Also while one drips its body, which is cut off after 15 seconds (408); and no lead comes of any of it."""
    slow = Line(program).say(request("json", TYPE, b'{"name"', length=40))
    web = program.child("web")
    before = sum(one.memory_info().rss for one in [web, *web.children(recursive=True)])
    for what, (said, wanted) in WRONG.items():
        line = Line(program)
        if said is None:
            line.say(request("json", TYPE, LEAD[:20], length=40)).hang_up_half()
        else:
            line.say(said)
        assert line.status() in wanted, what
        assert program.post("website", data={"name": what, "phone": "98765 43210"}).status_code == 200, what
    after = sum(one.memory_info().rss for one in [web, *web.children(recursive=True)])
    assert after - before < 60 * MB
    assert slow.status() == 408
    assert len(program.leads()) == len(WRONG)
