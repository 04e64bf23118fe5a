"""From bytes to JSON values and back, within bounds. What can't be read is a Refusal that says why in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import simplejson
from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header

from ingest.channels.base import Inbound
from ingest.channels.formdata import MAX_FIELDS, MULTIPART, URLENCODED, Fields, multipart, too_many_fields, urlencoded
from ingest.errors import Refusal
from ingest.values import MAX_DEPTH, scalar

MAX_TEXT = 65_536  # bytes of one field
MAX_ITEMS = 1000
_NODES = (dict, list)
_JSON = "application/json"
_MARKS = ("{", "[", "<")
CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252"}


class Number(Decimal):
    """A JSON number with a fraction or an exponent, which keeps its text: `2500.50`, `9.19877E+11`."""

    text: str

    def __new__(cls, text: str) -> Number:  # noqa: D102 - made like any Decimal
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


class _TwiceError(Exception):
    """A key stands twice in an object: nobody knows which of the values is meant."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


_DECODER = simplejson.JSONDecoder(parse_float=Number, object_pairs_hook=_object)
_ENCODERS = {
    sort_keys: simplejson.JSONEncoder(use_decimal=True, sort_keys=sort_keys, separators=(",", ":"))
    for sort_keys in (False, True)
}


def loads(body: bytes, charset: str = "") -> Any:
    """The JSON value of a body: strict, at most 32 levels deep. Raises Refusal 400 or 415."""
    return parse(decode(body, charset))


def decode(body: bytes, charset: str = "") -> str:
    """The text of a body, without a byte order mark. Raises Refusal 400 or 415."""
    _check_charset(charset)
    try:
        text = body.decode("utf-8-sig" if charset in {"", "utf-8", "utf8"} else charset)
    except UnicodeDecodeError as error:
        raise Refusal(400, "invalid_encoding", f"Byte {error.start} of the body is no {charset or 'utf-8'}.") from None
    if not text.strip():
        raise _empty()
    return text


def parse(text: str) -> Any:
    """The JSON value of a text: strict, at most 32 levels deep. Raises Refusal 400."""
    try:
        value = _DECODER.decode(text)
    except simplejson.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        hint = "Let a JSON library write it; texts stand in double quotes."
        raise Refusal(400, "invalid_json", f"The body is no JSON: {error.msg} ({where}).", hint) from None
    except RecursionError:
        raise _too_deep() from None
    except _TwiceError:
        message = "A key stands twice in an object of the body."
        raise Refusal(400, "duplicate_key", message, "Send each field once; several values as a list.") from None
    except (ValueError, InvalidOperation):  # Python reads no integer of more than 4,300 digits
        raise Refusal(400, "invalid_json", "A number in the body is too long.", "Send it as text.") from None
    _check_depth(value)
    return value


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """JSON text in ASCII: numbers as they came, and characters that no store takes (lone surrogates) escaped."""
    return _ENCODERS[sort_keys].encode(value).encode()


def read(inbound: Inbound) -> tuple[Any, bytes]:
    """A body as a JSON value, be it JSON or a form, and its JSON text. Raises Refusal 400, 413 or 415.

    JSON is recognised under any content type: many senders name none, or a wrong one.
    """
    kind, start = inbound.content_type, inbound.body.lstrip()[:1]
    _check_charset(inbound.charset)
    if not start:
        raise _empty()
    fields = form(inbound)
    if fields is not None:
        return fields, dumps(fields)
    if "xml" in kind or start == b"<":
        raise Refusal(
            415, "xml", "XML is not read here.", "Send JSON or a form; in Zapier choose the payload type json."
        )
    try:
        text = decode(inbound.body, inbound.charset)
        return parse(text), text.strip().encode()
    except Refusal as refusal:
        if refusal.code.startswith("invalid_") and "json" not in kind and kind not in {"", "text/plain", URLENCODED}:
            raise Refusal(415, "unsupported_type", "Bodies of this type are not read here.", "Send JSON.") from None
        raise


def form(inbound: Inbound) -> Fields | None:
    """The fields of a body that a form posted; None where it is something else. Raises Refusal 400 or 413."""
    if inbound.content_type == MULTIPART:
        return multipart(inbound)
    is_json = inbound.body.lstrip()[:1] in {b"{", b"["}  # curl calls all that it posts a form
    if inbound.content_type != URLENCODED or is_json:
        return None
    return urlencoded(inbound.body, inbound.charset)


def posted(payload: Any, headers: Mapping[str, str]) -> Inbound:
    """The post of a payload, as a mapping's tests have it: text is the body as it came, anything else its JSON."""
    sent = Headers(list(headers.items()))
    kind, options = parse_options_header(sent.get("Content-Type", ""))
    charset = options.get("charset", "").strip().lower()
    if not isinstance(payload, str):
        return Inbound("POST", sent, {}, dumps(payload), _JSON)
    try:
        body = payload.encode(charset or "utf-8", "replace")
    except LookupError:
        body = payload.encode("utf-8", "replace")
    guessed = _JSON if payload.lstrip()[:1] in _MARKS else URLENCODED
    return Inbound("POST", sent, {}, body, kind.lower() or guessed, charset)


def document(inbound: Inbound, what: str) -> tuple[dict[str, Any], bytes]:
    """A body that is one JSON object, as `what` posts it, and its JSON text. Raises Refusal 400, 413 or 415."""
    text = decode(inbound.body, inbound.charset)
    value = parse(text)
    if not isinstance(value, dict):
        raise wrong("The body", "is no object", what)
    check_item(value)
    return value, text.strip().encode()


def wrong(where: str, fault: str, what: str) -> Refusal:
    """The refusal of a body in another shape than a vendor's."""
    return Refusal(400, "invalid_payload", f"{where} {fault}.", f"Post what {what} posts.")


def own_id(value: Any) -> str | None:
    """A vendor's id, be it told as text or as a number; None where it is neither."""
    return scalar(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def check_item(value: Any) -> None:
    """Raise Refusal 413 where one lead has more than 1,000 fields, or a field of more than 64 kB."""
    count, nodes = 0, [value]
    while nodes:
        match nodes.pop():
            case dict() as node:
                count += len(node)
                nodes += [*node, *node.values()]
            case list() as node:
                count += len(node)
                nodes += node
            case str() as text if len(text) * 4 > MAX_TEXT and len(text.encode("utf-8", "replace")) > MAX_TEXT:
                raise Refusal(413, "field_too_large", "A field is larger than 64 kB.")
    if count > MAX_FIELDS:
        raise too_many_fields()


def keys(inbound: Inbound, count: int, *, numbered: bool) -> list[str | None]:
    """The `Idempotency-Key` for each of a request's items: `key#0`, `key#1`, … in an array; none where none came."""
    key = inbound.headers.get("Idempotency-Key", "").strip()
    if not key:
        return [None] * count
    return [f"{key}#{index}" for index in range(count)] if numbered else [key] * count


def _check_charset(charset: str) -> None:
    if charset not in CHARSETS:
        raise Refusal(415, "unknown_charset", "The body's charset is not one that we read.", "Send UTF-8.")


def _empty() -> Refusal:
    return Refusal(400, "empty_body", "The body is empty.", "Post the lead's fields.")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below = [node.values() if isinstance(node, dict) else node for node in level if isinstance(node, _NODES)]
        if not below:
            return
        level = [node for nodes in below for node in nodes]
    raise _too_deep()


def _too_deep() -> Refusal:
    return Refusal(400, "too_deep", f"The body is nested more than {MAX_DEPTH} levels deep.", "Send flat fields.")
