from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ingest.aisensy.media import KINDS, MB, kind_of
from ingest.errors import Finding
from ingest.mapping.expressions.compiling import Expression
from ingest.outward import Allowed, Fetched, NotFetched, Why, fetch

TIMEOUT = 10.0  # seconds for the whole answer of a host
_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,100}", re.ASCII)


def _fault(code: str, hint: str) -> tuple[str, str]:
    return code, hint


_NOT_FETCHED = {
    Why.ADDRESS: _fault("media_address", "write it whole, like https://acme.example/offer.jpg"),
    Why.PRIVATE: _fault("media_private", "put the file where everybody reaches it: AiSensy fetches it from outside"),
    Why.REDIRECT: _fault("media_redirect", "write the address of the file itself"),
    Why.SILENT: _fault("media_unreachable", "everybody must be able to fetch it: AiSensy does so for each message"),
}


def look(url: str, allowed: Allowed) -> Fetched | NotFetched:
    """What the host of a media URL answers. Never raises."""
    try:
        return fetch(url, _most, TIMEOUT, allowed)
    except NotFetched as error:
        return error


def judge(media: Mapping[str, Expression], found: Fetched | NotFetched, wanted: str | None) -> Iterator[Finding]:
    """What is wrong with a request's media. `wanted` is the kind that the campaign takes, where that is known."""
    place = media["url"].place
    if isinstance(found, NotFetched):
        code, hint = _NOT_FETCHED[found.why]
        hint = f"write where it leads to: {found.leads_to}" if found.leads_to else hint
        yield Finding(place, code, f"The media can't be fetched: {found.message}.", hint)
        return
    if found.status != 200:
        message = f"The media can't be fetched: its host answers HTTP {found.status}."
        yield Finding(place, "media_unreachable", message, _NOT_FETCHED[Why.SILENT][1])
        return
    type_ = _type(found.headers)
    kind = kind_of(type_)
    expected = KINDS.get(wanted or "")
    if kind is None or (expected and kind is not expected):
        why = "and WhatsApp does not take that" if kind is None else f"and the campaign takes {wanted}"
        message = f"The media is {type_ or 'of no type'}, {why}."
        takes = [one for each in ([expected] if expected else KINDS.values()) for one in each.types]
        hint = "that is a web page: write the address of the file itself" if type_ == "text/html" else ""
        yield Finding(place, "media_type", message, hint or f"its host must send one of these: {', '.join(takes)}")
        return
    if not 0 < found.size <= kind.limit:
        size = f"{found.size / MB:.1f} MB" if found.size > kind.limit + 1 else f"more than {kind.limit // MB} MB"
        message = f"The media has {size}: WhatsApp takes {kind.limit // MB} MB of {kind.name} at the most."
        yield Finding(place, "media_size", message if found.size else "The media is empty.", "put a smaller one there")
    yield from _filename(media.get("filename"), type_, kind.types[type_])


def _filename(name: Expression | None, type_: str, endings: tuple[str, ...]) -> Iterator[Finding]:
    """A name that says another type than the file has; one that says none is fine."""
    ending = (name.literal or "").strip().rpartition(".")[2].lower() if name else ""
    known = any(ending in kind.endings for kind in KINDS.values())
    if name and known and ending not in endings:
        message = f"The filename ends in .{ending}, and the media is {type_}."
        yield Finding(name.place, "media_filename", message, f"end it in .{endings[0]}", "warning")


def _type(headers: Mapping[str, str]) -> str:
    found = _TYPE.match(headers.get("content-type", "").strip())
    return found[0].lower() if found else ""


def _most(headers: Mapping[str, str]) -> int:
    kind = kind_of(_type(headers))
    return kind.limit if kind else 0
