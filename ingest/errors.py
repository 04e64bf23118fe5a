"""What can go wrong, and what to do about it.

IngestError
├── SettingsError        the environment is wrong: every fault, each with its mend
├── Refusal              a sender's request is refused (HTTP status, code, message, hint)
├── Hold                 a delivery waits for a person or a mended mapping (reason, field, place)
│   └── Skip             a delivery is not wanted (reason)
├── MappingError         a mapping file is wrong: its findings
├── SheetError           a file of leads can't be read
├── GraphError           Meta's Graph API did not give a lead (reason, whether to try again)
└── StoreError           the store can't be reached or written
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.models import Reason


class IngestError(Exception):
    """The root: everything that this program raises on purpose."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a mapping: file, line and column, both from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in a mapping or a setting, as `ingest check` prints it."""

    place: Place
    code: str
    message: str
    hint: str = ""
    severity: str = "error"  # or "warning": it works, and hardly as it is meant; or "notice": good to know

    def __str__(self) -> str:
        return f"{self.place}: {self.code} {self.message}" + (f" ({self.hint})" if self.hint else "")


def is_broken(findings: Iterable[Finding]) -> bool:
    """Whether something stands in the way of work, beside what is only worth a look."""
    return any(finding.severity == "error" for finding in findings)


class SettingsError(IngestError):
    """The environment is wrong. `faults` names each variable and how to mend it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Refusal(IngestError):  # noqa: N818 - the word that users see
    """A sender's request is refused, and nothing of it is stored."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after = retry_after


class Hold(IngestError):  # noqa: N818 - the same
    """A delivery waits for a person or a mended mapping.

    `field` is the request's field (`templateParams[0]`) or the mapping's key (`let.name`), `place` its expression.
    The message never holds a person's data.
    """

    def __init__(self, reason: Reason, message: str, field: str = "", place: Place | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        field = f"{self.field}: " if self.field else ""
        return f"{where}{self.reason} {field}{self.message}"


class Skip(Hold):
    """A delivery is not wanted: a test lead, no consent, a duplicate."""


class MappingError(IngestError):
    """A mapping file, or a part of it, is wrong."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class SheetError(IngestError):
    """A file of leads can't be read; the message says what to do."""


class GraphError(IngestError):
    """Meta did not give a lead.

    `reason` is `lead_unavailable` (it comes later: token, throttle, fault) or `lead_gone` (gone, or no access).
    `retry_after` is in seconds, `code` is Meta's number.
    """

    def __init__(self, reason: Reason, message: str, retry_after: float | None = None, code: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.code = code


class StoreError(IngestError):
    """The store can't be reached or written; what was asked for has not happened."""
