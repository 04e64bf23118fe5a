from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from ingest import outward
from ingest.outward import Fetched, NotFetched, Why, fetch, is_public
from tests.aisensy.scripted import Act, ScriptedServer, answer, drip, hang, raw, reset, scripted


def anyone(_: outward.Address) -> bool:
    return True


get = partial(fetch, timeout=5.0)


def at(server: ScriptedServer, host: str = "127.0.0.1", scheme: str = "http") -> str:
    return f"{scheme}://{host}:{server.url.split(':')[2].split('/')[0]}/a.jpg?sig=s3cret"


def why(url: str, **options: object) -> NotFetched:
    """Why an address is not fetched."""
    with pytest.raises(NotFetched) as caught:
        get(url, lambda _: 100, **options)  # type: ignore[arg-type] # any options
    assert "s3cret" not in f"{caught.value} {caught.value.leads_to}"
    return caught.value


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.0.8", "198.18.0.1", "203.0.113.7", "168.63.129.16"),  # noqa: S104
        *("::", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "2001:0:7f00::1"),
        *(
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::",
            "fe80::1%eth0",
        ),
    ],
)
def test_addresses_that_not_everybody_reaches_are_not_public(address: str) -> None:
    """Own, private, special and multicast addresses are refused, also where an IPv6 address stands for one of them."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_addresses_that_everybody_reaches_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "0.0.0.0"),  # noqa: S104
        *("10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1]"),
    ],
)
def test_however_a_private_host_is_written_nobody_connects_to_it(host: str) -> None:
    """Decimal, hex, octal, short and IPv6 spellings are the address that they are."""
    with scripted(answer()) as server:
        assert why(at(server, host)).why is Why.PRIVATE
        assert why(at(server, host, "https")).why is Why.PRIVATE
        assert server.connections == 0


def test_one_private_address_of_several_is_enough_to_refuse() -> None:
    """A name that leads inside with one of its addresses is not asked at any."""
    for addresses in (["8.8.8.8", "127.0.0.1"], ["::1", "8.8.8.8"]):
        assert why("http://acme.example/", resolve=lambda *_, told=addresses: told).why is Why.PRIVATE


def test_a_name_is_looked_up_once_and_its_address_is_the_one_that_is_connected_to() -> None:
    """A name that tells a second look-up another address gains nothing."""
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with scripted(answer(body=b"12345")) as server:
        url = at(server, "media.acme.example")
        assert get(url, lambda _: 100, allowed=anyone, resolve=resolve).size == 5
        assert b"\r\nhost: media.acme.example:" in server.heads[0].lower()
    assert asked == ["media.acme.example"]


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with scripted(answer(body=b"1")) as server:
        found = get(at(server, "a.example"), lambda _: 1, allowed=anyone, resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
    assert found.status == 200


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "acme.example/a.jpg",
            "ftp://acme.example/",
            "file:///etc/passwd",
            "http://",
            "http://:80/",
            "http://[::1",
        ),
        *("http://asha:s3cret@acme.example/", "http://acme.example:0/", "http://acme.example:99999/", "http://a b/"),
        *(r"http://127.0.0.1\@acme.example/", r"http://acme.example\@127.0.0.1/", "http://" + "a" * 70 + ".example/"),
        "http://a..example/",
    ],
)
def test_what_is_no_web_address_is_told_so(url: str) -> None:
    """Other schemes, passwords, impossible ports and hosts, and what two readers would read differently."""
    assert why(url).why is Why.ADDRESS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused_and_where_they_lead_is_told_without_its_secrets(status: int) -> None:
    with scripted(answer(status, Location="//u:s3cret@cdn.example/b.jpg?sig=s3cret")) as server:
        told = why(at(server), allowed=anyone)
    assert (told.why, told.leads_to) == (Why.REDIRECT, "http://cdn.example/b.jpg")


@pytest.mark.parametrize("there", ["", "http://[", "javascript:alert(1)", "http://a/\x1b[2J"])
def test_a_redirect_to_nowhere_is_told_without_where(there: str) -> None:
    with scripted(answer(302, Location=there)) as server:
        told = why(at(server), allowed=anyone)
    assert told.why is Why.REDIRECT
    assert told.leads_to in {"", at(server).partition("?")[0]}


def test_the_size_is_told_or_counted_to_one_more_than_is_wanted() -> None:
    """A large body is not read: Content-Length tells it, and without one reading ends early."""
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 500_000
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    told = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 123456789\r\n\r\n"
    with scripted(raw(endless), raw(chunks), raw(told)) as server:
        sizes = [get(at(server), lambda _: 100, allowed=anyone) for _ in range(3)]
    assert [found.size for found in sizes] == [101, 3, 123_456_789]
    assert sizes[2] == Fetched(200, {"content-type": "image/png", "content-length": "123456789"}, 123_456_789)


@pytest.mark.parametrize(
    "act",
    [
        hang,
        drip(b"HTTP/1.1 200 OK\r\n\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nX: "),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n"),
    ],
)
def test_an_answer_that_drips_ends_in_time(act: Act) -> None:
    """The time is for the whole answer, and not for each byte of it."""
    begun = time.monotonic()
    with scripted(act) as server:
        assert why(at(server), allowed=anyone, timeout=0.5).why is Why.SILENT
    assert time.monotonic() - begun < 4


def test_a_name_server_that_is_silent_is_waited_for_no_longer() -> None:
    over = threading.Event()
    told = why("http://acme.example/", resolve=lambda *_: [str(over.wait(30))], timeout=0.2)
    over.set()
    assert (told.why, told.message) == (Why.SILENT, "no answer in time")


def test_what_broke_is_told_in_words() -> None:
    with scripted(reset(after_reading=True), raw(b"no HTTP\r\n\r\n")) as server:
        assert why(at(server), allowed=anyone).message == "it broke the connection"
        assert why(at(server), allowed=anyone).message == "the connection broke"
    assert why(at(server), allowed=anyone).message == "it refused the connection"
    unknown = socket.gaierror("no such name")

    def resolve(*_: object) -> list[str]:
        raise unknown

    assert why("http://acme.example/", resolve=resolve).message == "its name is not known (DNS)"
    assert why("http://acme.example/", resolve=lambda *_: []).message == "its name is not known (DNS)"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of media.acme.example with its key, which nobody trusts."""
    path = tmp_path / "both.pem"
    names = ["-subj", "/CN=media.acme.example", "-addext", "subjectAltName=DNS:media.acme.example"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", path, "-out", path]
    subprocess.run([*command[:-3], tmp_path / "key.pem", "-out", path, *names], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "key.pem").read_text())
    return path


def test_the_certificate_is_checked_by_the_name_and_not_by_the_address(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS is asked for and proven by the host's name, although we connect to its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                try:
                    with context.wrap_socket(connection, server_side=True) as safe:
                        safe.recv(65_536)
                        safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        local = {"allowed": anyone, "resolve": lambda *_: ["127.0.0.1"]}
        port = listener.getsockname()[1]
        url = f"https://media.acme.example:{port}/a.jpg"
        assert why(url, **local).message == "its certificate is not trusted (TLS)"
        monkeypatch.setattr(outward, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
        assert get(url, lambda _: 9, allowed=anyone, resolve=lambda *_: ["127.0.0.1"]).size == 2
        assert why(f"https://other.example:{port}/", **local).message == "its certificate is not trusted (TLS)"
        thread.join(10)
    assert asked == ["media.acme.example", "media.acme.example", "other.example"]


def test_a_proxy_of_the_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with scripted(answer(body=b"1")) as server:
        assert get(at(server), lambda _: 1, allowed=anyone).size == 1
