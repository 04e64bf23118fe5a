"""A delivery that was stopped, as advice looks at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_ERROR = re.compile(
    r"(?:(?P<place>.+?:\d+:\d+): )?(?P<reason>[a-z_]+) (?:(?P<field>attributes\.[^:]+|[\w.\[\]]+): )?(?P<message>.+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Case:
    """A delivery, what stopped it, and what is known about that."""

    lead: str  # its id
    delivery: dict[str, Any]  # as reads.lead_story tells it
    message: str
    field: str = ""
    place: str = ""
    file: str = "the mapping"
    sources: tuple[tuple[str, Any], ...] = ()  # what came to the expression that failed
    sandbox: bool = False  # it stands in the sandbox's store

    @property
    def replay(self) -> str:
        """The command that tries it again."""
        return self.command(f"replay {self.lead}")

    @property
    def discard(self) -> str:
        """The command that gives it up."""
        return self.command(f"discard {self.lead}")

    def command(self, words: str) -> str:
        """A command to copy, which looks into the store that was looked into."""
        return f"`ingest {words}{' --sandbox' if self.sandbox else ''}`"

    @property
    def there(self) -> str:
        """Where to mend it."""
        return self.place or self.file

    @property
    def what(self) -> str:
        """The field, for a sentence."""
        return self.field or "the request"

    @property
    def account(self) -> str:
        """The account's name."""
        return str(self.delivery["account"])

    @property
    def destination(self) -> str:
        """The number of the request that was made."""
        return str((self.delivery["request"] or {}).get("destination") or "the person's number")

    def telling(self, text: str) -> str:
        """A sentence, with what was said about it."""
        return f"{text}: {self.message}" if self.message else text

    def due(self, key: str = "due_at") -> str:
        """` at 2026-…`, where there is a time."""
        return f" at {self.delivery[key]}" if self.delivery[key] else ""


def read(lead: str, delivery: dict[str, Any]) -> Case:
    """The case of a delivery: what its error tells."""
    error = (delivery["error"] or "").strip()
    parts = _ERROR.fullmatch(error)
    if parts is None or parts["reason"] != delivery["reason"]:
        return Case(lead, delivery, error.rstrip("."))
    return Case(lead, delivery, parts["message"].rstrip("."), parts["field"] or "", parts["place"] or "")
