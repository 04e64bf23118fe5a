"""Which lead forms there are, and with which token each is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ingest import values
from ingest.channels.base import Notice
from ingest.channels.graph import BATCH, PARAMETER, Access, Graph, LeadSource, NameBook
from ingest.errors import GraphError
from ingest.inbox import Inbox, forms
from ingest.inbox.forms import SeenForm
from ingest.intake.access import access_names
from ingest.intake.endpoints import Endpoint, Intakes
from ingest.models import utcnow
from ingest.settings import Secrets

_WHOSE = "Tokens of several apps are for it, and no mapping names it: name it under `match.pages` of the one it is for."
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
    is_open: bool = True  # so far as Meta says; one that is archived or deleted brings no new leads


@dataclass(slots=True)
class Known:
    """The forms that were found, and what stood in the way of others: pages or tokens, each with a sentence."""

    forms: list[Form] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class App:
    """The endpoints of one app at Meta, and the forms that they have leads of, the latest first."""

    endpoints: list[Endpoint]
    seen: tuple[SeenForm, ...]

    @property
    def first(self) -> Endpoint:
        """The endpoint that stands for the app."""
        whole = (one for one in self.endpoints if not (one.intake.forms or one.intake.pages))
        return next(whole, self.endpoints[0])

    @property
    def pages(self) -> set[str]:
        """The pages that mappings name, or that brought leads."""
        named = {page for one in self.endpoints for page in (*one.intake.pages, *one.intake.access_tokens)}
        return (named | {one.page_id for one in self.seen}) - {"", "0"}

    @property
    def forms(self) -> dict[str, str]:
        """The forms that mappings claim, or that brought leads, with their pages where these are known."""
        claimed = dict.fromkeys((form for one in self.endpoints for form in one.intake.forms), "")
        return claimed | {one.id: one.page_id for one in self.seen}


@dataclass(frozen=True)
class FormBook:
    """Finds all lead forms that leads may come from: those of all pages, those that mappings claim, those seen."""

    intakes: Intakes
    inbox: Inbox
    graph: Graph
    secrets: Secrets
    names: NameBook = field(default_factory=NameBook)

    def find(self, page: str | None = None, form: str | None = None) -> Known:
        """All forms, or those of a page, or one. Raises StoreError.

        What mappings of another app name, or have leads of, is left to that app: a lead that two apps take would be
        messaged twice.
        """
        known = Known()
        with self.inbox.reading() as connection:
            seen = list(forms.seen(connection, utcnow() - SEEN))
        apps = [App(apart, tuple(_of(apart, seen))) for apart in _by_app(self.intakes.all())]
        owned = [self._owned(app, known) for app in apps]
        for app, listed in zip(apps, owned, strict=True):
            others = [one for one in apps if one is not app]
            theirs = {page for one in others for page in one.pages} - app.pages
            unsure = {page for other in owned if other is not listed for page in other} - app.pages - theirs
            for one in sorted(listed.keys() & unsure):
                known.faults[f"page {one}"] = _WHOSE
            pages = {one: name for one, name in listed.items() if one not in theirs | unsure}
            apart = {one for other in others for one in other.forms} - app.forms.keys()
            for found in self._of_app(app, pages, known, page):
                if form in (None, found.id) and found.id not in apart | {other.id for other in known.forms}:
                    known.forms.append(found)
        known.forms = self._named(known.forms)
        return known

    def _of_app(self, app: App, owned: dict[str, str], known: Known, only: str | None) -> Iterator[Form]:
        pages = dict.fromkeys(app.pages, "") | owned
        for page_id, name in sorted(pages.items()):
            if only in (None, page_id):
                yield from self._of_page(app, page_id, name, known)
        for form_id, page_id in sorted(app.forms.items()):
            called = self._called(app, form_id, page_id)
            source = self._source(called, form_id, page_id) if called else None
            if called and source and only in (None, page_id):
                yield Form(form_id, page_id, called, source, "", pages.get(page_id, ""))

    def _called(self, app: App, form_id: str, page_id: str) -> Endpoint | None:
        """The endpoint at which Meta would tell of a form's leads; None where nothing tells, and no mapping takes them.

        A mapping that claims form or page has them wherever they are told. All others are for the endpoint that took
        the last ones, and never for a mapping that claims only others.
        """
        first = app.endpoints[0]
        owner = self.intakes.claimant(first, _notice(form_id, page_id))
        if form_id in owner.intake.forms or page_id in owner.intake.pages:
            return owner
        whole = {one.name: one for one in app.endpoints if not (one.intake.forms or one.intake.pages)}
        may = whole or {one.name: one for one in app.endpoints}
        told = [one for one in app.seen if one.endpoint in may]
        same = [one for one in told if one.id == form_id] or [one for one in told if page_id and one.page_id == page_id]
        last = same or (told if whole else [])
        return may[last[0].endpoint] if last else next(iter(whole.values()), None)

    def _named(self, found: list[Form]) -> list[Form]:
        """The forms with the names that no list told: a lead has the same fields, however it came."""
        wanted: dict[LeadSource, set[str]] = {}
        for one in found:
            lacking = {one.id if not one.name else "", one.page_id if not one.page_name else ""} - {"", "0"}
            wanted.setdefault(one.source, set()).update(lacking)
        names: dict[str, str] = {}
        for source, ids in wanted.items():
            for start in range(0, len(ids), BATCH):
                names |= self.names.of(source, sorted(ids)[start : start + BATCH])
        return [
            replace(one, name=one.name or names.get(one.id, ""), page_name=one.page_name or names.get(one.page_id, ""))
            for one in found
        ]

    def _owned(self, app: App, known: Known) -> dict[str, str]:
        """The pages of the token's owner; a page's own token has none, and none of that is needed."""
        source = self._source(app.first, "", "", known)
        try:
            owned = list(source.pages()) if source else []
        except GraphError as error:
            if error.code != PARAMETER:
                known.faults[self._token(app.first, "")[0]] = error.message
            return {}
        return {str(one["id"]): values.scalar(one.get("name")) or "" for one in owned if one.get("id")}

    def _of_page(self, app: App, page_id: str, name: str, known: Known) -> Iterator[Form]:
        source = self._source(self._called(app, "", page_id) or app.first, "", page_id, known)
        try:
            listed = list(source.forms(page_id)) if source else []
        except GraphError as error:
            known.faults[f"page {page_id}"] = error.message
            return
        for one in listed:
            form_id = str(one.get("id") or "")
            called = self._called(app, form_id, page_id) if form_id else None
            if source and called:
                is_open = one.get("status") in {None, "", "ACTIVE"}
                yield Form(form_id, page_id, called, source, values.scalar(one.get("name")) or "", name, is_open)

    def _source(self, called: Endpoint, form_id: str, page_id: str, known: Known | None = None) -> LeadSource | None:
        token_name, secret_name = self._token(called, form_id, page_id)
        token = self.secrets.get(token_name)
        if token is None:
            if known is not None:
                known.faults[token_name] = f"{token_name} is not set."
            return None
        return LeadSource(self.graph, Access(token, self.secrets.get(secret_name)))

    def _token(self, called: Endpoint, form_id: str, page_id: str = "") -> tuple[str, str]:
        """The variables of the token that reads a form or a page, and of its app's secret."""
        return access_names(self.intakes.claimant(called, _notice(form_id, page_id)).intake, page_id)


def _notice(form_id: str, page_id: str) -> Notice:
    return Notice(None, b"", form_id=form_id or None, page_id=page_id or None)


def _of(endpoints: list[Endpoint], seen: Iterable[SeenForm]) -> list[SeenForm]:
    """The forms of which endpoints took the last lead, the latest first."""
    here = {one.name for one in endpoints}
    return sorted((one for one in seen if one.endpoint in here), key=lambda one: one.last_at, reverse=True)


def _by_app(endpoints: list[Endpoint]) -> list[list[Endpoint]]:
    """The endpoints of remote channels, those of one app together: they share a secret, and so their leads."""
    apps: list[tuple[set[str], list[Endpoint]]] = []
    for one in endpoints:
        if one.channel.remote:
            names = set(one.intake.auth.get("app_secret", ()))
            same = [app for app in apps if app[0] & names or not (app[0] or names)]
            apps = [app for app in apps if app not in same]
            apps.append((names.union(*(app[0] for app in same)), [*(e for app in same for e in app[1]), one]))
    return [sorted(app, key=lambda one: one.name) for _, app in apps]
