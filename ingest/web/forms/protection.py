"""What stands between a form and its spam. Whatever is suspected is held, and told nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.channels.base import Notice
from ingest.errors import Refusal
from ingest.mapping.records import FormBlock
from ingest.models import Reason
from ingest.web.forms import fields, stamp
from ingest.web.forms.captcha import Judge, Verdict
from ingest.web.forms.rates import Rates, network

_CAPTCHA_AGAIN = 30  # seconds, as told to visitors


@dataclass(frozen=True, slots=True)
class Visit:
    """One post of a form: at which endpoint, from which address, its fields, and what asks whether it is known."""

    endpoint: str
    remote: str
    content: Any
    country: str
    is_known: Callable[[], bool]


@dataclass(frozen=True)
class Protection:
    """Looks at what is posted to forms, as their `form` blocks say. `key` gives the store's key."""

    judge: Judge
    key: Callable[[], bytes]
    rates: Rates = field(default_factory=Rates)

    def count(self, block: FormBlock, endpoint: str, remote: str) -> None:
        """Count a post of an address. Raises Refusal 429."""
        if block.rate:
            self.rates.count(block.rate, "address", endpoint, network(remote))

    def look(self, block: FormBlock, notice: Notice, visit: Visit) -> Notice:
        """The notice, held where it looks like spam. Raises Refusal: 400 its fields, 429, 503 the captcha's vendor."""
        if notice.hold:
            return notice
        if block.min_seconds and self._is_hasty(block, notice.payload):
            return _suspect(notice, f"It was filled in within {block.min_seconds:g} seconds.")
        fields.check_fields(visit.content, block, visit.country)
        solved = self._solved(block, notice, visit)
        if block.phone_rate and not solved.hold and not visit.is_known():  # a robot must not use up a person's number
            for number in fields.phones(visit.content, block, visit.country):
                self.rates.count(block.phone_rate, "phone", visit.endpoint, number)
        return solved

    def _is_hasty(self, block: FormBlock, payload: Any) -> bool:
        age = stamp.age(payload, self.key())
        return age is not None and age < block.min_seconds

    def _solved(self, block: FormBlock, notice: Notice, visit: Visit) -> Notice:
        captcha = block.captcha
        if captcha is None:
            return notice
        verdict = self.judge.verdict(captcha, notice.payload, visit.remote)
        if verdict is Verdict.PERSON or visit.is_known():  # an answer is good once, and a browser may post twice
            return notice
        if verdict is Verdict.ROBOT:
            return _suspect(notice, "The captcha was not solved.")
        match captcha.when_down:
            case "hold":
                return _suspect(notice, "The captcha's vendor could not be asked.")
            case "refuse":
                raise Refusal(
                    503,
                    "captcha_unavailable",
                    "The captcha can't be checked right now.",
                    "Send it again in a moment.",
                    retry_after=_CAPTCHA_AGAIN,
                )
        return notice


def _suspect(notice: Notice, why: str) -> Notice:
    return replace(notice, hold=Reason.SUSPECTED_SPAM, why=why)
