from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ingest.channels.base import Headers
from ingest.errors import Refusal

_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\\@\x7f-\xa0\ud800-\udfff]")


def origin_of(url: str) -> str | None:
    """`https://acme.example` of an address there, without a port that goes without saying; None if it is none.

    A host in another script is in ASCII (`xn--…`), as browsers tell it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if _UNSAFE.search(url) or parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else _ascii(parts.hostname)
    return host and f"{parts.scheme}://{host}" + (f":{port}" if port and port != _PORTS[parts.scheme] else "")


def _ascii(host: str) -> str | None:
    try:
        return host if host.isascii() else parse_url(f"https://{host}").host
    except LocationParseError:
        return None


def own(host_url: str, public_url: str | None) -> set[str | None]:
    """Our own origins: as the request has it, the same behind a proxy that ends TLS, and as the settings have it."""
    called = origin_of(host_url)
    return {called, called and called.replace("http://", "https://", 1), origin_of(public_url or "")}


def is_allowed(url: str, allowed: Sequence[str], own: Collection[str | None] = ()) -> bool:
    """Whether an address belongs to one of the allowed origins, or to ours."""
    origin = origin_of(url)
    return origin is not None and (origin in own or origin in map(origin_of, allowed))


def check(headers: Headers, allowed: Sequence[str], own: Collection[str | None]) -> None:
    """Raise Refusal 403 where the mapping lists origins and this post comes from another.

    Browsers tell the origin in `Origin`, or in `Referer`; servers tell neither, and are let in.
    """
    told = headers.get("Origin") or headers.get("Referer")
    if allowed and told and not is_allowed(told, allowed, own):
        hint = "Add the page's origin (https://www.example.com) under form.origins in the mapping."
        if told == "null":
            hint = "The page hides where it is: a file, or a frame with `sandbox`, can't post where origins are listed."
        raise Refusal(403, "foreign_origin", "This form may not be posted from that page.", hint)


def cors(headers: Headers, allowed: Sequence[str], own: Collection[str | None]) -> dict[str, str]:
    """The headers that let a page's script read our answer: for allowed origins, or for all where none is listed."""
    if not allowed:
        return {"Access-Control-Allow-Origin": "*"}
    told = headers.get("Origin", "")
    return {"Vary": "Origin"} | ({"Access-Control-Allow-Origin": told} if is_allowed(told, allowed, own) else {})


PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Content-Type, Idempotency-Key, X-Requested-With, *",
    "Access-Control-Max-Age": "600",
}
