"""Every web address that somebody has written and that we fetch is fetched here, so that nobody leads us inside."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

from requests.adapters import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3 import exceptions as faults
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import parse_url

from ingest import __version__
from ingest.errors import IngestError
from ingest.wire import TimedResponse, bounded, cause, within

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]
Resolve = Callable[[str, int], Sequence[str]]

_V6 = ipaddress.IPv6Network("2000::/3")  # all that is given out to the world
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = tuple(  # what older Pythons call global, and nobody's media stands on
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20"))  # 168…: Azure's own
)
_HEADERS = {"User-Agent": f"ingest/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}


class Why(StrEnum):
    """Why an address was not fetched."""

    ADDRESS = "address"  # it is no web address
    PRIVATE = "private"  # it leads to a machine that not everybody reaches
    REDIRECT = "redirect"  # it leads on to another address
    SILENT = "silent"  # no answer, or not in time


class NotFetched(IngestError):  # noqa: N818 - the word for it
    """An address was not fetched. `leads_to` is where a redirect leads, without its secrets."""

    def __init__(self, why: Why, message: str, leads_to: str = "") -> None:
        super().__init__(message)
        self.why = why
        self.message = message
        self.leads_to = leads_to


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, its headers by their names in lower case, its size in bytes, and what was read of it."""

    status: int
    headers: Mapping[str, str]
    size: int
    body: bytes = b""


def is_public(address: Address) -> bool:
    """Whether everybody on the internet may reach an address; what stands for another address counts as that one."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, ipaddress.IPv6Address) and address not in _V6:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)


def _inner(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host; its own where it is one. Raises OSError or UnicodeError."""
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def fetch(
    url: str,
    most: Callable[[Mapping[str, str]], int],
    timeout: float,
    allowed: Allowed = is_public,
    resolve: Resolve = resolve,
    *,
    form: bytes | None = None,
) -> Fetched:
    """Ask for an address within `timeout` seconds, by GET, or by POST where there is a (URL-encoded) form to send.

    Raises NotFetched, whose message does not name the address.

    Its host is looked up once; all that it resolves to must be `allowed`, and to that we connect. Redirects are
    refused, proxies of the machine not used. `most` tells from the headers how many bytes are worth reading: the size
    is that of Content-Length, or else what was read, one byte more than `most` where there is more.
    """
    pool, target = _pool(url, allowed, resolve)
    try:
        with pool:
            response = pool.urlopen(
                "GET" if form is None else "POST",
                target,
                form,
                _HEADERS if form is None else {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"},
                timeout=Timeout(total=timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with response:
                if 300 <= response.status < 400:
                    raise _redirect(url, response)
                headers = {name.lower(): value for name, value in response.headers.items()}
                told = _told(headers) if form is None else None
                if told is not None:
                    return Fetched(response.status, headers, told)
                body = b"".join(bounded(response.stream(65_536, decode_content=False), most(headers)))
                return Fetched(response.status, headers, len(body), body)
    except (faults.HTTPError, OSError, http.client.HTTPException) as error:
        raise NotFetched(Why.SILENT, cause(error)) from None


def _pool(url: str, allowed: Allowed, resolve: Resolve) -> tuple[HTTPConnectionPool, str]:
    """Connections to a host, and what to ask it for."""
    try:
        parts = parse_url(url)
    except faults.HTTPError:
        raise NotFetched(Why.ADDRESS, "it is no web address") from None
    host = parts.host if parts.scheme in {"http", "https"} and not parts.auth and parts.port != 0 else None
    if not host or "\\" in url:  # which some readers take for a slash
        raise NotFetched(Why.ADDRESS, "it is no web address with http or https, a host and no password")
    guard: dict[str, Any] = {"allowed": allowed, "resolve": resolve}
    if parts.scheme == "http":
        return _Pool(host, parts.port or 80, **guard), parts.request_uri
    guard |= {"cert_reqs": "CERT_REQUIRED", "ca_certs": DEFAULT_CA_BUNDLE_PATH}
    return _SafePool(host, parts.port or 443, **guard), parts.request_uri


def _redirect(url: str, response: BaseHTTPResponse) -> NotFetched:
    """The refusal to follow. What follows `?` in an address may be a secret."""
    try:
        there = urlsplit(urljoin(url, response.headers.get("Location", "")))
        shown = f"{there.scheme}://{there.netloc.rpartition('@')[2]}{there.path}"
    except ValueError:
        shown = ""
    good = shown.startswith(("http://", "https://")) and shown.isprintable() and len(shown) <= 200
    message = f"it leads on to another address (HTTP {response.status})"
    return NotFetched(Why.REDIRECT, message, shown if good else "")


def _told(headers: Mapping[str, str]) -> int | None:
    """The size that the headers tell."""
    told = headers.get("content-length", "")
    return int(told) if told.isdecimal() and len(told) < 20 and "transfer-encoding" not in headers else None


class _Guarded(HTTPConnection):
    """A connection to an address that was looked at: the very one, so that a second look-up can't tell another."""

    def __init__(self, *args: Any, allowed: Allowed, resolve: Resolve, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allowed = allowed
        self._resolve = resolve

    def _new_conn(self) -> socket.socket:
        until = time.monotonic() + float(self.timeout or 0)
        addresses = self._addresses(until)
        if not all(map(self._allowed, map(ipaddress.ip_address, addresses))):
            raise NotFetched(Why.PRIVATE, "its host has an address that is not public")
        error: OSError = TimeoutError()
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), max(until - time.monotonic(), 0.001))
            except OSError as failed:
                error = failed
        raise error

    def _addresses(self, until: float) -> Sequence[str]:
        try:
            host, port = self._dns_host.strip("[]"), self.port or 0
            found = within(until - time.monotonic(), lambda: self._resolve(host, port))
        except UnicodeError:
            raise NotFetched(Why.ADDRESS, "its host is no name") from None
        except socket.gaierror as error:
            raise faults.NameResolutionError(self.host, self, error) from None
        if not found:
            raise faults.NameResolutionError(self.host, self, socket.gaierror("nothing"))
        return found


class _Connection(_Guarded):
    response_class = TimedResponse


class _SafeConnection(_Guarded, HTTPSConnection):
    response_class = TimedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection
