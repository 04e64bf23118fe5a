from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma

from ingest.sandbox.records import KINDS

RESET = "ingest.sandbox.reset"
"""The key of the WSGI environment under which a view tells our server to break the connection."""

EACH = "*"
_RANDOM = random.Random()  # noqa: S311 - picks which requests fail


@dataclass(slots=True)
class Fault:
    """What is done to some requests: the next N, a share of them, or all; of one kind, campaign, account or lead."""

    next: int | None = None
    share: float | None = None
    where: str = "aisensy"
    campaign: str | None = None
    key: str | None = None  # an API key, or an account's name
    lead: str | None = None  # graph: only the look-up of this lead, alone or within a batch; `*` is each one's
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    delay: float = 0.0  # seconds before the answer
    reset: str | None = None  # before | after the request is processed
    hang: float = 0.0  # seconds without an answer, then the connection is broken
    null: bool = False  # graph: null instead of an answer within a batch
    take: bool | None = None  # whether the request is processed all the same
    over: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)  # wait no longer

    @property
    def processes(self) -> bool:
        """Whether the request is processed: a message would be sent."""
        if self.take is not None:
            return self.take
        return self.reset == "after" or not (self.status or self.reset or self.hang or self.null)

    @property
    def breaks(self) -> bool:
        """Whether the connection is broken instead of an answer."""
        return bool(self.reset or self.hang)

    def __str__(self) -> str:
        said = ((name, getattr(self, name)) for name in ("status", "delay", "reset", "hang", "null"))
        return ", ".join(f"{name} {value}" for name, value in said if value)


class FaultSchema(ma.Schema):
    """The body of `POST /control/fail`."""

    next = ma.fields.Integer(validate=ma.validate.Range(1), allow_none=True, strict=True)
    share = ma.fields.Float(validate=ma.validate.Range(0, 1), allow_none=True)
    where = ma.fields.String(validate=ma.validate.OneOf(KINDS))
    campaign = ma.fields.String(allow_none=True)
    key = ma.fields.String(allow_none=True)
    lead = ma.fields.String(allow_none=True)
    status = ma.fields.Integer(validate=ma.validate.Range(200, 599), allow_none=True, strict=True)
    headers = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    body = ma.fields.Raw(allow_none=True)
    delay = ma.fields.Float(validate=ma.validate.Range(0, 600))
    reset = ma.fields.String(validate=ma.validate.OneOf(["before", "after"]), allow_none=True)
    hang = ma.fields.Float(validate=ma.validate.Range(0, 600))
    null = ma.fields.Boolean()
    take = ma.fields.Boolean(allow_none=True)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Fault:
        """The fault."""
        return Fault(**data)


class Faults:
    """The faults in force, in the order in which they were told. Threads may share it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._over = threading.Event()
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """From now on, do this."""
        with self._lock:
            fault.over = self._over
            self._faults.append(fault)

    def clear(self) -> None:
        """Answer everything as it should be, and those at once that wait."""
        with self._lock:
            self._faults.clear()
            self._over.set()
            self._over = threading.Event()

    def pick(
        self, where: str, campaign: str | None = None, keys: tuple[str | None, ...] = (), lead: str | None = None
    ) -> Fault | None:
        """The first fault that is meant for such a request, counted as used; None for none."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                meant = (
                    fault.where == where
                    and (fault.lead == lead or (lead is not None and fault.lead == EACH))
                    and fault.campaign in (None, campaign)
                    and (fault.key is None or fault.key in keys)
                    and (fault.share is None or _RANDOM.random() < fault.share)
                )
                if meant:
                    self._use(fault)
                    return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.next is not None:
            fault.next -= 1
            if fault.next <= 0:
                self._faults.remove(fault)
