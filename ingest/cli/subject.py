"""A stored lead with the mapping that translates it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import click

from ingest.aisensy import schema
from ingest.channels import CHANNELS
from ingest.channels.base import Channel
from ingest.channels.payload import loads
from ingest.cli.mappings import catalog_of
from ingest.cli.posting import limits
from ingest.errors import Hold, Skip
from ingest.ids import new_id
from ingest.mapping.records import Mapping, Translation
from ingest.mapping.render import Rendered, translate
from ingest.models import Lead, Meta, Reason
from ingest.settings import Settings


@dataclass(frozen=True, slots=True)
class Subject:
    """A lead that is captured, and the mapping that translates it."""

    mapping: Mapping
    translation: Translation
    payload: Any
    meta: Meta
    country: str  # of phones that name none

    @property
    def meta_of_tests(self) -> Meta:
        """What tests have of it: an id of their own."""
        return replace(self.meta, id=new_id(self.meta.received_at), external_id="")

    def translated(self, payload: Any, meta: Meta | None = None) -> tuple[list[Rendered], Hold | None]:
        """What the mapping makes of a payload, and why it is not sent."""
        channel = CHANNELS[self.meta.channel]
        lead = channel.lead(payload, payload if channel.remote else None)
        found = translate(self.translation, lead, meta or self.meta_of_tests)
        if lead.is_test:
            return found, Skip(Reason.TEST_LEAD, "A test lead")
        return found, next((problem for problem in (self._problem(one, lead) for one in found) if problem), None)

    def _problem(self, rendered: Rendered, lead: Lead) -> Hold | None:
        late = [one for one in limits(rendered.policy, lead, self.meta.received_at) if one.reason == Reason.TOO_OLD]
        return rendered.problem or rendered.refused(schema.check(rendered.request or {})) or next(iter(late), None)

    def outcome(self, payload: Any) -> object:
        """What must not change when a payload is anonymised."""
        found, problem = self.translated(payload)
        return _told(problem), [(one.route, one.account, _told(one.problem), _parts(one.request)) for one in found]


def _told(problem: Hold | None) -> object:
    return problem and (type(problem), problem.reason, problem.field)


def _parts(request: dict[str, Any] | None) -> object:
    """The parts that a body has, the campaign itself, and how many of each list."""
    if request is None:
        return None
    sizes = {key: len(value) for key, value in request.items() if isinstance(value, list)}
    names = {key: list(value) for key, value in request.items() if isinstance(value, dict)}
    return list(request), request["campaignName"], sizes, names


def subject_of(story: dict[str, Any], own: Settings) -> Subject:
    """What there is to capture. Raises ClickException that says what to do."""
    endpoint, channel = story["endpoint"], CHANNELS.get(story["channel"])
    if story["erased_at"]:
        raise click.ClickException(f"The lead's data was erased at {story['erased_at']}: nothing is left to capture.")
    body, fetched = loads(story["body"]), loads(story["lead"]) if story["lead"] else None
    if channel is None or (channel.remote and fetched is None):
        raise click.ClickException("The lead was not fetched from the vendor yet: capture it when it has been.")
    mapping = catalog_of(own).mappings.get(endpoint)
    if mapping is None:
        raise click.ClickException(f"There is no mapping for {endpoint} in {own.mappings}: put its file back.")
    if mapping.translation is None or mapping.intake is None:
        findings = "\n".join(map(str, mapping.findings))
        raise click.ClickException(f"The mapping is broken: mend it first, then capture.\n{findings}")
    if mapping.intake.channel != channel.name:
        message = f"The lead came by {channel.name}, and {mapping.file} is for {mapping.intake.channel} now."
        raise click.ClickException(message)
    received_at = datetime.fromisoformat(story["received_at"])
    meta = Meta(channel.name, endpoint, story["id"], story["external_id"] or "", received_at)
    payload = body if fetched is None else _whole(channel, body, fetched)
    subject = Subject(mapping, mapping.translation, payload, meta, own.default_country)
    if _told(subject.translated(payload, meta)[1]) != _told(subject.translated(payload)[1]):
        raise click.ClickException("What becomes of this lead hangs on its id in `meta`, which tests do not have.")
    return subject


def _whole(channel: Channel, notice: Any, document: Any) -> Any:
    """A fetched document with what only the notice told of the lead."""
    wanted = channel.lead(notice, document).fields
    for key, value in notice.items() if isinstance(notice, dict) and isinstance(document, dict) else ():
        more = {**document, key: value}
        if not document.get(key) and _alike(channel, more, wanted) > _alike(channel, document, wanted):
            document = more
    return document


def _alike(channel: Channel, document: Any, wanted: Any) -> int:
    fields = channel.lead(document, document).fields
    return sum(fields.get(key) == value for key, value in wanted.items())
