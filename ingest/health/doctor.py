from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.channels.graph import Graph
from ingest.errors import StoreError
from ingest.health import aisensy, facebook, silence, store
from ingest.health.records import MAPPINGS, STORE, Check, Health, failing, ok
from ingest.health.setup import SEEN, Setup, secrets_of, setup_of
from ingest.health.versions import version
from ingest.inbox import Inbox, forms, names
from ingest.inbox.forms import SeenForm
from ingest.mapping.lint.secrets import without_secrets
from ingest.mapping.records import Catalog
from ingest.models import utcnow
from ingest.settings import Settings


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store tells; nothing where it can't be read."""

    checks: list[Check] = field(default_factory=list)
    seen: list[SeenForm] = field(default_factory=list)
    rhythms: list[Check] = field(default_factory=list)  # of forms that brought leads
    paused: list[dict[str, Any]] = field(default_factory=list)


def examine(own: Settings, catalog: Catalog, inbox: Inbox | None) -> list[Check]:
    """Look at everything, and tell how it stands. Without an inbox the store is not looked at. Never raises."""
    stored = Stored() if inbox is None else _stored(inbox)
    setup = setup_of(catalog, stored.seen, own.secrets)
    asks: list[Callable[[], list[Check]]] = [
        lambda: _facebook(own, setup, stored) if setup.endpoints else [],
        lambda: aisensy.examine(own, catalog, stored.paused),
    ]
    with ThreadPoolExecutor(len(asks)) as pool:
        asked = [check for found in pool.map(lambda ask: ask(), asks) for check in found]
    found = [*_mappings(catalog), *asked, *stored.checks]
    secrets = secrets_of(own, catalog, setup)
    return [replace(one, message=without_secrets(one.message, secrets)) for one in found]


def _stored(inbox: Inbox) -> Stored:
    now = utcnow()
    try:
        inbox.ping()
        with inbox.reading() as connection:
            seen = list(forms.seen(connection, now - SEEN))
            rhythms = [silence.look(connection, form, now) for form in seen]
            return Stored(
                list(store.examine(connection, now)),
                seen,
                [*rhythms, *silence.compared(connection, now), *silence.missed(connection, now)],
                names.paused(connection),
            )
    except StoreError as error:
        mend = "See to DATABASE_URL, to the disk's space and rights, or to the database's server."
        return Stored([failing(STORE, "store_away", "store", f"{error}.", mend)])


def _facebook(own: Settings, setup: Setup, stored: Stored) -> list[Check]:
    graph = Graph(own.graph_url)
    try:
        found = facebook.examine(graph, own, setup)
    finally:
        graph.close()
    return [version(own.graph_url, utcnow().date()), *_with_rhythms(found, stored.rhythms)]


def _with_rhythms(found: list[Check], rhythms: list[Check]) -> list[Check]:
    """What Meta and what the store tell of forms, together: a form that is closed may be silent."""
    told = {one.subject: one for one in found if one.code in {"form", "form_closed"}}
    more: dict[str, Check] = {}
    for one in rhythms:
        at_meta = told.get(one.subject)
        if at_meta is None:
            more[one.subject] = one
        elif one.verdict is not Health.OK and at_meta.code == "form":
            more[one.subject] = replace(one, message=f"{at_meta.message} {one.message}")
    return [one for one in found if told.get(one.subject) is not one or one.subject not in more] + list(more.values())


def _mappings(catalog: Catalog) -> Iterator[Check]:
    """Whether mappings are broken: `ingest check` tells more."""
    for name, findings in catalog.broken.items():
        told = f" {findings[0].place}: {findings[0].message}" if findings else ""
        yield failing(MAPPINGS, "mapping_broken", name, f"It has faults.{told}", "`ingest check` tells them all.")
    if not catalog.broken:
        yield ok(MAPPINGS, "mappings", "mappings", "All can be read.")
