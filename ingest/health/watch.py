from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from ingest import log
from ingest.catalog import LiveCatalog
from ingest.channels.graph import Graph, path_of
from ingest.errors import GraphError, StoreError
from ingest.health import facebook, pages, silence
from ingest.health.facebook import Known
from ingest.health.records import FACEBOOK, Check, Health, ok
from ingest.health.setup import SEEN, Setup, secrets_of, setup_of
from ingest.health.versions import version
from ingest.inbox import Inbox, forms, jobs, watched
from ingest.inbox.watched import Look, Watched
from ingest.mapping.lint.secrets import without_secrets
from ingest.models import utcnow
from ingest.settings import Settings

JOB = "watch"
EVERY = timedelta(hours=1)
FIRST = timedelta(minutes=5)

_logger = log.get()


@dataclass(frozen=True)
class Watch:
    """Looks, every hour, whether something is about to cost leads, and tells each finding once until it changes.

    One worker of all does it. What was told is in the store, so that a restart does not repeat it.
    """

    settings: Settings
    inbox: Inbox
    live: LiveCatalog

    def is_due(self) -> bool:
        """Whether it is for us to look now. Raises StoreError."""
        mappings = self.live.current().mappings.values()
        if not any(one.intake and one.intake.channel == "facebook" for one in mappings):
            return False
        return self.inbox.write(jobs.claim, (JOB, EVERY, FIRST)) is not None

    def run(self) -> None:
        """Look, and log what is new. Never raises."""
        try:
            checks = self._look()
            told = self.inbox.write(watched.settle, _found(checks))
        except StoreError as error:
            _logger.warning("watch_failed", error=str(error), hint="It is tried again in an hour")
            return
        except Exception as error:  # noqa: BLE001 - a fault of ours in looking must not end the worker's thread
            _logger.error("watch_failed", error=type(error).__name__)  # noqa: TRY400 - the text may hold anything
            return
        for one in told.new:
            level = _logger.error if one.verdict == Health.FAULT else _logger.warning
            level(f"watch_{one.verdict}", **_said(one))
        looked_at = {(one.area, one.subject) for one in checks}
        for one in told.ended:
            if (one.area, one.subject) in looked_at:  # else it is gone: nobody wants its leads any more
                _logger.info("watch_recovered", **_said(one))

    def _look(self) -> list[Check]:
        """The checks that cost little: a call for each token, its pages, and each page of which leads are wanted."""
        now = utcnow()
        with self.inbox.reading() as connection:
            seen = list(forms.seen(connection, now - SEEN))
            rhythms = [silence.look(connection, form, now) for form in seen]
            rhythms += silence.missed(connection, now)
        setup = setup_of(self.live.current(), seen, self.settings.secrets)
        if not setup.endpoints:
            return []
        graph = Graph(self.settings.graph_url)
        try:
            known = [facebook.known_by(graph, self.settings, token) for token in setup.tokens]
            asked = [*_pages(graph, setup, known), *_closed(graph, rhythms, setup, known)]
        finally:
            graph.close()
        found = [version(self.settings.graph_url, now.date()), *_tokens(known), *asked]
        secrets = secrets_of(self.settings, self.live.current(), setup)
        return [replace(one, message=without_secrets(one.message, secrets)) for one in found]


def _tokens(known: list[Known]) -> Iterator[Check]:
    """How the tokens stand; one that is not set is missed only where leads of a page are wanted."""
    for one in known:
        yield from (check for check in one.checks if check.code != "token_unset" or one.token.pages)


def _pages(graph: Graph, setup: Setup, known: list[Known]) -> Iterator[Check]:
    """Whether the pages of which leads are wanted are subscribed."""
    silent = False
    for page, app_id in facebook.pages_of(known):
        if page.id in setup.pages:
            check = _unasked(page.subject) if silent else pages.subscription(graph, page, app_id)
            silent |= not check.asked  # with many pages, waiting for each would take hours
            yield check
    for one in known:
        if one.facts is None:  # nobody could be asked with this token
            yield from (_unasked(f"page {page}") for page in sorted(one.token.pages))


def _closed(graph: Graph, rhythms: list[Check], setup: Setup, known: list[Known]) -> Iterator[Check]:
    """The forms' rhythms; one that is silent because it was closed at Meta is well."""
    by_page = {page.id: page for page, _ in facebook.pages_of(known)}
    for check in rhythms:
        form = setup.seen.get(check.subject.removeprefix("form "))
        page = by_page.get(form.page_id) if form else None
        access = page.leads if page else None
        if check.code == "form_silent" and form and access:
            try:
                status = str(graph.get(path_of(form.id), access, fields="id,status").get("status") or "")
            except GraphError:
                status = ""
            if status not in {"", "ACTIVE"}:
                yield ok(FACEBOOK, "form_closed", check.subject, f"It is {status.lower()}.")
                continue
        yield check


def _unasked(subject: str) -> Check:
    return Check(FACEBOOK, "not_asked", subject, Health.FAULT, "", asked=False)


def _found(checks: list[Check]) -> Look:
    """What is to be kept. That Meta can't be asked is no finding: leads wait then, and that is told elsewhere."""
    found = [
        Watched(one.area, one.subject, one.code, one.verdict, one.message, one.mend)
        for one in checks
        if one.asked and one.verdict is not Health.OK
    ]
    return Look(found, frozenset((one.area, one.subject) for one in checks if not one.asked))


def _said(one: Watched) -> dict[str, str]:
    return {"area": one.area, "subject": one.subject, "code": one.code, "message": one.message, "mend": one.mend}
