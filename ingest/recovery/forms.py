"""Which lead forms there are, and with which token each is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from ingest.channels.base import Notice
from ingest.channels.graph import Access, Graph, LeadSource
from ingest.errors import GraphError
from ingest.inbox import Inbox, forms
from ingest.intake.access import access_names
from ingest.intake.endpoints import Endpoint, Intakes
from ingest.models import utcnow
from ingest.settings import Secrets

SEEN = timedelta(days=90)
"""How long Meta keeps leads, and we remember a form that brought one."""


@dataclass(frozen=True, slots=True)
class Form:
    """A lead form: the endpoint that its leads are taken at, and what reads them."""

    id: str
    page_id: str
    called: Endpoint
    source: LeadSource = field(repr=False)
    name: str = ""
    page_name: str = ""


@dataclass(slots=True)
class Known:
    """The forms that were found, and what stood in the way of others: pages or tokens, each with a sentence."""

    forms: list[Form] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormBook:
    """Finds all lead forms that leads may come from: those of all pages, those that mappings claim, those seen."""

    intakes: Intakes
    inbox: Inbox
    graph: Graph
    secrets: Secrets

    def find(self, page: str | None = None, form: str | None = None) -> Known:
        """All forms, or those of a page, or one. Raises StoreError."""
        known = Known()
        for apart in _by_app(self.intakes.all()):
            for one in self._of_app(apart, known, page):
                if form in (None, one.id) and one.id not in {other.id for other in known.forms}:
                    known.forms.append(one)
        return known

    def _of_app(self, endpoints: list[Endpoint], known: Known, only: str | None) -> Iterator[Form]:
        called = next((one for one in endpoints if not (one.intake.forms or one.intake.pages)), endpoints[0])
        here = {one.name for one in endpoints}
        with self.inbox.reading() as connection:
            seen = {one.id: one.page_id for one in forms.seen(connection, utcnow() - SEEN) if one.endpoint in here}
        named = {page for one in endpoints for page in (*one.intake.pages, *one.intake.access_tokens)}
        pages = dict.fromkeys((named | set(seen.values())) - {"", "0"}, "") | self._owned(called, known)
        for page_id, name in sorted(pages.items()):
            if only in (None, page_id):
                yield from self._of_page(called, page_id, name, known)
        claimed = dict.fromkeys((form for one in endpoints for form in one.intake.forms), "") | seen
        for form_id, page_id in sorted(claimed.items()):
            source = self._source(called, form_id, page_id)
            if source and only in (None, page_id):
                yield Form(form_id, page_id, called, source, "", pages.get(page_id, ""))

    def _owned(self, called: Endpoint, known: Known) -> dict[str, str]:
        """The pages of the token's owner; a page's own token has none, and none of that is needed."""
        source = self._source(called, "", "", known)
        try:
            owned = list(source.pages()) if source else []
        except GraphError:
            return {}
        return {str(one["id"]): str(one.get("name") or "") for one in owned if one.get("id")}

    def _of_page(self, called: Endpoint, page_id: str, name: str, known: Known) -> Iterator[Form]:
        source = self._source(called, "", page_id, known)
        try:
            listed = list(source.forms(page_id)) if source else []
        except GraphError as error:
            known.faults[f"page {page_id}"] = error.message
            return
        for one in listed:
            if source and one.get("id"):
                yield Form(str(one["id"]), page_id, called, source, str(one.get("name") or ""), name)

    def _source(self, called: Endpoint, form_id: str, page_id: str, known: Known | None = None) -> LeadSource | None:
        owner = self.intakes.claimant(called, Notice(None, b"", form_id=form_id or None, page_id=page_id or None))
        token_name, secret_name = access_names(owner.intake, page_id)
        token = self.secrets.get(token_name)
        if token is None:
            if known is not None:
                known.faults[token_name] = f"{token_name} is not set."
            return None
        return LeadSource(self.graph, Access(token, self.secrets.get(secret_name)))


def _by_app(endpoints: list[Endpoint]) -> list[list[Endpoint]]:
    """The endpoints of remote channels, those of one app together: they share a secret, and so their leads."""
    apps: dict[tuple[str, ...], list[Endpoint]] = {}
    for one in endpoints:
        if one.channel.remote:
            apps.setdefault(tuple(one.intake.auth.get("app_secret", ())), []).append(one)
    return list(apps.values())
