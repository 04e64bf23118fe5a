"""What a mapping's own tests ask of the program around it: a post goes through its channel as a real one does."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import Headers

from ingest.aisensy import schema
from ingest.channels import CHANNELS, Channel
from ingest.channels.base import Inbound, Notice
from ingest.channels.formdata import URLENCODED
from ingest.channels.payload import loads, posted
from ingest.delivery import policy
from ingest.errors import Hold, Refusal
from ingest.mapping.records import FormBlock, Intake, Mapping, Policy
from ingest.mapping.suite.suite import Posted, Result, run_tests
from ingest.models import Lead, Reason, iso
from ingest.web import origins
from ingest.web.forms.fields import NO_BLOCK, check_fields


@dataclass(frozen=True)
class Poster:
    """Takes posts for an endpoint as the web side does, without asking who sends them. `country` is the phones'."""

    intake: Intake
    country: str

    def post(self, payload: Any, headers: MappingABC[str, str]) -> list[Posted]:
        """The leads of a post. A payload that is text is the body as it came. Raises Refusal."""
        return self._taken(posted(payload, headers))

    def post_body(self, body: bytes) -> list[Posted]:
        """The leads of a body as it would come, JSON or a form. Raises Refusal."""
        kind = "" if body.lstrip()[:1] in {b"{", b"["} else URLENCODED
        return self._taken(Inbound("POST", Headers(), {}, body, kind))

    def _taken(self, sent: Inbound) -> list[Posted]:
        if self._channel.remote:
            return [self._posted(Notice(one, b"")) for one in _documents(sent.body)]
        if self._channel.browser:
            origins.check(sent.headers, self._form.origins, ())
        notices = self._channel.parse(sent).notices
        for notice in notices:
            if self._channel.browser and notice.hold is None:
                check_fields(self._channel.content(notice.payload), self._form, self.country)
        return [self._posted(notice) for notice in notices]

    def fill(self, content: Any) -> Posted:
        """The lead that has these fields. Nothing is asked of them but whether a robot filled them in."""
        hold = None
        if self._channel.browser:
            with suppress(Refusal):
                hold = next((one.hold for one in self._channel.parse(posted(content, {})).notices), None)
        return self._posted(Notice(content, b"", hold=hold))

    def _posted(self, notice: Notice) -> Posted:
        lead = self._channel.lead(notice.payload, notice.payload if self._channel.remote else None)
        spam = Hold(notice.hold, notice.why.rstrip("."), "payload") if notice.hold else None
        own_id = lead.fields.get("leadgen_id") if self._channel.own_ids else None
        return Posted(lead, notice.external_id or (own_id if isinstance(own_id, str) else ""), spam)

    @property
    def _channel(self) -> Channel:
        return CHANNELS[self.intake.channel]

    @property
    def _form(self) -> FormBlock:
        return self.intake.form or NO_BLOCK


def own_tests(mapping: Mapping, country: str) -> list[Result]:
    """What a mapping's own tests come to, each post as a real one; none where it is broken."""
    if mapping.intake is None:
        return []
    poster = Poster(mapping.intake, country)
    return run_tests(mapping, poster.post, schema.check, fill=poster.fill, limits=limits)


def limits(rules: Policy, lead: Lead, now: datetime) -> list[Hold]:
    """What a policy says of a lead that came now, so far as no other lead matters."""
    old = policy.overdue(rules, lead, now)
    quiet = policy.quiet_until(rules.quiet_hours, now)
    waits = Hold(Reason.QUIET_HOURS, f"It waits until {iso(quiet)}", "policy.quiet_hours") if quiet else None
    return [one for one in (old, waits) if one]


def _documents(body: bytes) -> Iterator[Any]:
    document = loads(body)
    if isinstance(document, dict) and "entry" in document:
        raise Refusal(400, "no_lead", "This is Meta's notice, which holds no lead: give the Graph API's document.")
    return iter(document if isinstance(document, list) else [document])
