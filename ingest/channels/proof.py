"""How senders prove that they know a secret. Every comparison takes the same time, right or wrong."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import time as clock
from collections.abc import Sequence

from ingest.channels.base import Auth, Inbound
from ingest.errors import Refusal
from ingest.models import Signature

_SECONDS = 11  # digits of a Unix time that is no milliseconds


def is_any(given: bytes, secrets: Sequence[str | bytes]) -> bool:
    """Whether what was given is one of the secrets."""
    known = [secret.encode() if isinstance(secret, str) else secret for secret in secrets]
    return sum(hmac.compare_digest(given, one) for one in known) > 0  # not any(): all are compared, always


def header_bytes(text: str) -> bytes:
    """A header's bytes as they came: WSGI gives each as one character."""
    return text.encode("latin-1", "replace")


def check_signature(inbound: Inbound, how: Signature, secrets: Sequence[str]) -> None:
    """Raise Refusal 403 unless the body, and the time where one is signed, is signed with one of the secrets."""
    if not secrets:
        raise Refusal(
            403,
            "bad_signature",
            f"This endpoint has no {_called(how)} yet, so no signature can be checked.",
            f"Set the variable that the mapping names under auth.{how.key}.",
        )
    given = inbound.headers.get(how.header, "").strip()
    time = inbound.headers.get(how.timestamp_header, "").strip() if how.timestamp_header else ""
    wanted = [_signature(how, inbound.body, header_bytes(time), secret) for secret in secrets]
    if not is_any(header_bytes(_lower(given, how)), wanted):
        raise Refusal(
            403,
            "bad_signature",
            "The signature is wrong." if given else "The request is not signed.",
            f"Sign the raw body with the {_called(how)}, in {how.header}: {_shape(how)}.",
        )
    if how.timestamp_header and not _is_of_now(time, how):
        raise Refusal(
            403,
            "stale_timestamp",
            f"The time in {how.timestamp_header} is not of now.",
            "Send each post with its own time, in seconds or milliseconds since 1970; and look at both clocks.",
        )


def sign(how: Signature, body: bytes, secret: str, now: float) -> dict[str, str]:
    """The headers of a post that is signed at a Unix time in seconds."""
    time = str(int(now))
    stamp = {how.timestamp_header: time} if how.timestamp_header else {}
    return {how.header: _signature(how, body, time.encode(), secret).decode("latin-1"), **stamp}


def _signature(how: Signature, body: bytes, time: bytes, secret: str) -> bytes:
    before = how.signed.removesuffix("{body}").encode().replace(b"{timestamp}", time)
    digest = hmac.new(secret.encode(), before + body, how.algorithm).digest()
    return how.prefix.encode() + (base64.b64encode(digest) if how.encoding == "base64" else digest.hex().encode())


def _lower(given: str, how: Signature) -> str:
    """A signature in hexadecimal digits is the same in capitals."""
    start = len(how.prefix)
    return given[:start] + given[start:].lower() if how.encoding == "hex" else given


def _is_of_now(time: str, how: Signature) -> bool:
    if not re.fullmatch(r"[0-9]{1,16}", time):
        return False
    seconds = int(time) / 1000 if len(time) > _SECONDS else int(time)
    return abs(clock.time() - seconds) <= how.tolerance.total_seconds()


def _called(how: Signature) -> str:
    return "app secret" if how.key == "app_secret" else "secret"


def _shape(how: Signature) -> str:
    time = f", with the time in {how.timestamp_header}, both as {how.signed}" if how.timestamp_header else ""
    return f"{how.prefix}<{how.encoding} HMAC-{how.algorithm.upper()}>{time}"


def check_named(inbound: Inbound, auth: Auth, how: Signature | None, secrets: str, *, parameter: str = "") -> None:
    """Raise Refusal unless the sender proves whatever the mapping names: the signature, the token, or both.

    `secrets` is the key in `auth` of those that sign.
    """
    if how and secrets in auth:
        check_signature(inbound, how, auth[secrets])
    if "token" in auth or secrets not in auth:
        check_token(inbound, auth.get("token", ()), parameter)


def check_token(inbound: Inbound, tokens: Sequence[str], parameter: str = "") -> None:
    """Raise Refusal 401 unless one of the tokens came: bearer, `X-Api-Key`, or basic authentication's password.

    Or as a parameter of the address, for senders that can be told nothing but an address.
    """
    if not tokens:
        raise Refusal(
            401,
            "no_token_configured",
            "This endpoint has no token yet, so it takes nothing.",
            "Name a variable under auth.token in the mapping, and set it.",
        )
    given = _given_tokens(inbound)
    hint = "Send it as `Authorization: Bearer <token>`, as `X-Api-Key: <token>`, or as the password of basic auth."
    if parameter:
        hint = (
            f"Put `?{parameter}=<token>` behind the webhook's address, or send it as `Authorization: Bearer <token>`."
        )
        given += [one.encode("utf-8", "replace") for one in [inbound.args.get(parameter, "").strip()] if one]
    if not sum(is_any(one, tokens) for one in given):
        raise Refusal(
            401,
            "wrong_token" if given else "missing_token",
            "The token is wrong." if given else "The request has no token.",
            hint,
        )


def _given_tokens(inbound: Inbound) -> list[bytes]:
    scheme, _, rest = inbound.headers.get("Authorization", "").strip().partition(" ")
    given = [header_bytes(inbound.headers.get("X-Api-Key", "").strip())]
    if scheme.lower() == "bearer":
        given.append(header_bytes(rest.strip()))
    elif scheme.lower() == "basic":
        given.append(_password(rest.strip()))
    return [one for one in given if one]


def _password(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
