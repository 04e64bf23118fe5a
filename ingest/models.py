from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

Value = str | list[str]
"""What a field of a lead holds: trimmed text, or a list of it. Never blank: such a field is absent."""


class Status(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"  # to be sent now
    WAITING = "waiting"  # to be sent at a time, or when a cause is gone
    SENDING = "sending"  # the request may have left
    SENT = "sent"  # AiSensy took it
    HELD = "held"  # for a person or a mended mapping
    FAILED = "failed"  # refused for good, or tried too often
    SKIPPED = "skipped"  # not wanted


class Reason(StrEnum):
    """Why a delivery waits, is held, failed or was skipped."""

    RETRY = "retry"  # waiting: the last attempt failed for a while
    NO_KEY = "no_key"  # waiting: the account has no API key
    ACCOUNT_PAUSED = "account_paused"  # waiting: the account can't send (key, credits, plan), or a person paused it
    QUIET_HOURS = "quiet_hours"  # waiting: the mapping's quiet hours
    LEAD_UNAVAILABLE = "lead_unavailable"  # waiting: Meta does not give the lead now (token, throttle, fault)

    NO_ROUTE = "no_route"  # held: no route's `when` holds
    MISSING_VALUE = "missing_value"  # held: a required field came out absent
    PHONE_INVALID = "phone_invalid"  # held: no number that can be called
    PHONE_AMBIGUOUS = "phone_ambiguous"  # held: two different numbers in one field
    EXPRESSION_FAILED = "expression_failed"  # held: an expression raised an error
    REQUEST_INVALID = "request_invalid"  # held: AiSensy would not take the body
    MAPPING_BROKEN = "mapping_broken"  # held: the mapping has findings
    CAMPAIGN_REJECTED = "campaign_rejected"  # held: AiSensy refused the campaign, its parameters or its media
    AMBIGUOUS = "ambiguous"  # held: nobody knows whether AiSensy sent it
    SUSPECTED_SPAM = "suspected_spam"  # held: honeypot, too fast, captcha
    TOO_OLD = "too_old"  # held: older than max_age
    LEAD_GONE = "lead_gone"  # held: Meta says that the lead is gone, or hides it

    NUMBER_REJECTED = "number_rejected"  # failed: AiSensy says that the number is no number
    RETRIES_EXHAUSTED = "retries_exhausted"  # failed: tried for a day

    TEST_LEAD = "test_lead"  # skipped: a vendor's test lead
    NO_CONSENT = "no_consent"  # skipped: `consent` does not hold
    OPTED_OUT = "opted_out"  # skipped: the person asked for no messages
    DUPLICATE = "duplicate"  # skipped: the same message was sent a short while ago
    CAP_REACHED = "cap_reached"  # skipped: the person has had enough messages
    DISCARDED = "discarded"  # skipped: by a person


STEPS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.WAITING, Status.SENDING, Status.HELD, Status.SKIPPED}),
    Status.WAITING: frozenset({Status.PENDING, Status.SENDING, Status.HELD, Status.SKIPPED, Status.SENT}),
    Status.SENDING: frozenset({Status.SENT, Status.WAITING, Status.HELD, Status.FAILED}),
    Status.HELD: frozenset({Status.PENDING, Status.WAITING, Status.SENT, Status.FAILED, Status.SKIPPED}),
    Status.FAILED: frozenset({Status.PENDING, Status.SKIPPED}),
    Status.SKIPPED: frozenset({Status.PENDING}),
    Status.SENT: frozenset({Status.PENDING}),
}
"""Every change of a delivery's status that there is; docs/delivery.md draws it. Staying as it is needs no step."""

WAIVABLE = frozenset({Reason.TOO_OLD, Reason.DUPLICATE, Reason.CAP_REACHED})
"""Reasons that a person who replays a delivery overrules; nobody overrules a missing consent or an opt-out."""

MENDABLE = frozenset(
    {
        Reason.NO_ROUTE,
        Reason.MISSING_VALUE,
        Reason.PHONE_INVALID,
        Reason.PHONE_AMBIGUOUS,
        Reason.EXPRESSION_FAILED,
        Reason.REQUEST_INVALID,
        Reason.MAPPING_BROKEN,
        Reason.CAMPAIGN_REJECTED,
    }
)
"""Reasons that a new version of the mapping may cure: such deliveries are tried again, once per version."""


class Verdict(StrEnum):
    """What an attempt came to; the worker's next step follows from it alone."""

    SENT = "sent"  # AiSensy took it
    TRANSIENT = "transient"  # surely not sent; try again
    AMBIGUOUS = "ambiguous"  # may have been sent
    ACCOUNT = "account"  # the account can't send: key, credits, plan
    CAMPAIGN = "campaign"  # the campaign, its parameters or its media are wrong
    NUMBER = "number"  # this number is refused for good
    INVALID = "invalid"  # the body is refused for another reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt's result: what it came to, and what AiSensy said (text cut, without the key)."""

    verdict: Verdict
    message: str = ""
    status: int | None = None  # HTTP
    answer: str = ""  # the body as it came, at most 2,000 characters
    retry_after: float | None = None  # seconds, as AiSensy asked
    message_id: str | None = None  # AiSensy's submitted_message_id


@dataclass(frozen=True, slots=True)
class Signature:
    """How a sender signs what it posts: an HMAC over the raw body, and over the time where it sends one."""

    header: str
    algorithm: str = "sha256"  # or sha512
    encoding: str = "hex"  # or base64
    prefix: str = ""  # before the signature in its header: `sha256=`
    timestamp_header: str = ""  # a Unix time in seconds or milliseconds
    tolerance: timedelta = timedelta(minutes=5)  # how old, or how early, that time may be
    signed: str = "{body}"  # what is signed: text around the body and the time
    key: str = "secret"  # in `auth`, under which the secret's variable is named


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an event the same as another: any of `sources` (channel and app or secret), and the id within it.

    The id outlives the event, so it is a vendor's own or a keyed hash: nothing that a sender wrote stands in it.
    """

    sources: tuple[str, ...]
    external_id: str
    expires_at: datetime | None = None  # hashes of bodies expire, vendors' ids never do
    also: tuple[tuple[str, str], ...] = ()  # further names: source and id
    lasting: tuple[tuple[str, str], ...] = ()  # those that never expire, whatever becomes of the others

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Every source and id that it is known by; any of them makes two events the same."""
        return (*((source, self.external_id) for source in self.sources), *self.also, *self.lasting)


class Via(StrEnum):
    """How a lead came to us."""

    WEBHOOK = "webhook"  # its source posted it
    BACKFILL = "backfill"  # a person had its source asked for it
    RECONCILIATION = "reconciliation"  # the worker asked, and found that its webhook never came
    IMPORT = "import"  # out of a file


@dataclass(frozen=True, slots=True)
class Event:
    """One raw notice, as it came. `body` is the JSON of this one lead or notice, in UTF-8."""

    id: str
    endpoint: str
    channel: str
    received_at: datetime
    identity: Identity
    body: bytes
    external_id: str | None = None  # as the vendor or the sender calls it; none where content is its identity
    account: str = "default"
    lane: str = ""  # whose turn it waits for, where that is not its account's
    hold: Reason | None = None  # suspected_spam: stored, but not sent before a person releases it
    why: str = ""  # it is held, in a sentence
    lead: bytes | None = None  # remote channels: what a look-up would give, where it is known already
    form_id: str | None = None  # the vendor's, of leads that must not go missing
    page_id: str | None = None
    via: Via = Via.WEBHOOK
    waived: str = ""  # reasons that a person overrules from the beginning
    erased: bool = False  # its people's data was taken out


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead's fields, resolved and flat, under their normalised names; `payload` is what came, untouched."""

    fields: Mapping[str, Value]
    payload: Any
    created_at: datetime | None = None  # when the person sent it, where the vendor says so
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Meta:
    """What expressions see as `meta`."""

    channel: str
    endpoint: str
    id: str = ""
    external_id: str = ""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at sending a delivery. Attempts are only ever added."""

    number: int
    started_at: datetime
    duration_ms: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request for one lead, as the worker claims it, with its event."""

    id: str
    event: Event
    status: Status
    account: str
    position: int = 0  # 0 for the first route that held, 1 for the next
    attempts: int = 0  # begun so far
    round: int = 0  # of them, those before a person replayed it
    fetches: int = 0  # failed look-ups of the lead so far
    lane: str = ""  # whose turn it waited for
    route: str | None = None  # its name, where it was translated before
    tried: str = ""  # the mapping's versions that were found wanting, with spaces between
    lead: bytes | None = None  # what a look-up gave (Facebook: the Graph document), JSON
    waived: frozenset[str] = frozenset()  # reasons that a person has overruled by replaying it
    probe: bool = False  # the one that tries whether its paused account works again


LOOK_UP = "look-up:"
"""What the lanes of leads begin with that a vendor has still to be asked for."""


def utcnow() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-11-23T23:50:31.042Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
