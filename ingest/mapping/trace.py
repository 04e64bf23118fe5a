from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from typing import Any

from ingest.errors import Hold, Place
from ingest.mapping.expressions.native import Absent
from ingest.mapping.expressions.views import View
from ingest.values import number_text


@dataclass(frozen=True, slots=True)
class Step:
    """What an expression was made of and came to, for people. Holds the lead's data."""

    place: Place
    field: str
    source: str
    inputs: dict[str, Any]  # by name, None where absent; of the names of `let`, those that were asked for
    result: Any  # None where absent or failed
    problem: str | None  # why it is absent, or how it failed
    microseconds: int  # without those of the `let`s that it was the first to ask for
    route: int | None = None  # the index of the route for which it was evaluated
    literal: bool = False  # a text without expressions
    failed: bool = False  # it holds the lead


@dataclass(slots=True)
class Trace:
    """Records every expression of a translation, in the order of their evaluation."""

    whole: bool = False  # goes on after what holds a request, as far as the rest can be told
    steps: list[Step] = field(default_factory=list)
    route: int | None = None  # the index of the route that is being looked at; at the end, of the last one
    requested: int | None = None  # the route whose finished body an expression has looked at
    inner: float = 0.0  # seconds in expressions that the one under way has asked for


def failure(hold: Hold, name: str) -> str:
    """Why an expression failed, and where, if that is not in itself."""
    elsewhere = f" ({hold.field})" if hold.field not in {"", name} else ""
    return f"{hold.reason}: {hold.message}{elsewhere}"


def plain(value: Any) -> Any:
    """A value of an expression as JSON knows it; None where it is absent."""
    match value:
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case Decimal():
            return number_text(value)
        case str() | int() | float() | None:
            return str(value) if isinstance(value, float) and not isfinite(value) else value
        case Absent():
            return None
    return repr(value) if isinstance(value, View) else f"<{type(value).__name__}>"
