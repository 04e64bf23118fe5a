"""How senders prove that they know a secret. Every comparison takes the same time, right or wrong."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from ingest.channels.base import Inbound
from ingest.errors import Refusal


def is_any(given: bytes, secrets: Sequence[str | bytes]) -> bool:
    """Whether what was given is one of the secrets."""
    known = [secret.encode() if isinstance(secret, str) else secret for secret in secrets]
    return sum(hmac.compare_digest(given, one) for one in known) > 0  # not any(): all are compared, always


def header_bytes(text: str) -> bytes:
    """A header's bytes as they came: WSGI gives each as one character."""
    return text.encode("latin-1", "replace")


def check_signature(given: str, body: bytes, secrets: Sequence[str]) -> None:
    """Raise Refusal 403 unless `given` is `sha256=<hex HMAC-SHA256>` of the body with one of the secrets."""
    if not secrets:
        raise Refusal(
            403,
            "bad_signature",
            "This endpoint has no app secret yet, so no signature can be checked.",
            "Set the variable that the mapping names under auth.app_secret (by default FACEBOOK_APP_SECRET).",
        )
    wanted = [b"sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not is_any(header_bytes(given.strip()), wanted):
        raise Refusal(
            403,
            "bad_signature",
            "The signature is wrong." if given else "The request is not signed.",
            "Sign the raw body with the app secret, in X-Hub-Signature-256: sha256=<hex HMAC-SHA256>.",
        )


def check_token(inbound: Inbound, tokens: Sequence[str], *, in_query: bool = False) -> None:
    """Raise Refusal 401 unless one of the tokens came: bearer, `X-Api-Key`, or basic authentication's password.

    With `in_query` also as `?token=`, for senders that know an address and nothing else.
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
    if in_query:
        hint = "Put `?token=<token>` behind the webhook's address, or send it as `Authorization: Bearer <token>`."
        given += [one.encode("utf-8", "replace") for one in [inbound.args.get("token", "").strip()] if one]
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
