from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingest.channels.graph.errors import THROTTLING
from ingest.errors import GraphError

FACEBOOK, AISENSY, STORE, MAPPINGS = "facebook", "aisensy", "store", "mappings"
"""The areas that checks belong to."""

_PASSING = frozenset({0, 1, 2, 368}) | THROTTLING
"""Meta's codes that say nothing of what was asked about: nobody answered, a passing fault, a limit."""


class Health(StrEnum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"  # leads come, and will not for ever
    FAULT = "fault"  # leads are lost, or wait


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it stands, and what mends it. No secret stands in it."""

    area: str
    code: str  # what was found, or what is all right
    subject: str  # a variable, a page, a form, an account, …
    verdict: Health
    message: str
    mend: str = ""
    asked: bool = True  # False where nobody could be asked: it says nothing of the subject


def ok(area: str, code: str, subject: str, message: str) -> Check:
    """All is well."""
    return Check(area, code, subject, Health.OK, message)


def warned(area: str, code: str, subject: str, message: str, mend: str) -> Check:
    """It works, and will not for ever."""
    return Check(area, code, subject, Health.WARNING, message, mend)


def failing(area: str, code: str, subject: str, message: str, mend: str) -> Check:
    """It does not work."""
    return Check(area, code, subject, Health.FAULT, message, mend)


def says_nothing(error: GraphError) -> bool:
    """Whether Meta's error tells nothing of what was asked about."""
    return error.code in _PASSING


def unasked(subject: str, error: GraphError) -> Check:
    """Meta did not answer, or asks us to wait."""
    mend = "See whether this machine reaches the internet, then ask again." if error.code == 0 else "Ask again later."
    return Check(FACEBOOK, "not_asked", subject, Health.FAULT, f"{error.message}.", mend, asked=False)


def worst(checks: Iterable[Check]) -> Health:
    """The worst verdict."""
    found = {check.verdict for check in checks}
    return next((one for one in (Health.FAULT, Health.WARNING) if one in found), Health.OK)


def day(moment: datetime) -> str:
    """`2026-11-24 09:30 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
