from __future__ import annotations

import secrets
from datetime import UTC, datetime

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_PLACES = tuple(range(90, -1, -10))


def new_id(now: datetime | None = None) -> str:
    """A sortable id of 20 characters: 9 of the time in milliseconds, 11 random."""
    number = (int((now or datetime.now(UTC)).timestamp() * 1000) << 55) | secrets.randbits(55)
    return "".join([_PAIRS[number >> place & 1023] for place in _PLACES])


def id_at(moment: datetime) -> str:
    """The beginning of all ids that are made at a time: those of earlier ones sort before it."""
    return new_id(moment)[:9]
