"""When one of our own forms was drawn: a time that nobody can make up, in the control field `_started`."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any

FIELD = "_started"
_SHAPE = re.compile(r"([0-9]{1,15})\.([0-9a-f]{32})")


def make(key: bytes, now: float | None = None) -> str:
    """The stamp of now; `key` is the store's, the same in all processes."""
    told = str(int((time.time() if now is None else now) * 1000))
    return f"{told}.{_signed(key, told)}"


def age(payload: Any, key: bytes) -> float | None:
    """How many seconds ago a payload's form was drawn; None where it does not say so, or made it up."""
    told = payload.get(FIELD) if isinstance(payload, dict) else None
    found = _SHAPE.fullmatch(told) if isinstance(told, str) else None
    if not found or not hmac.compare_digest(_signed(key, found[1]), found[2]):
        return None
    return max(time.time() - int(found[1]) / 1000, 0.0)


def _signed(key: bytes, told: str) -> str:
    return hmac.new(key, f"form {told}".encode(), hashlib.sha256).hexdigest()[:32]
