from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from ingest.channels.graph import Access
from ingest.inbox.forms import SeenForm
from ingest.intake.access import access_names
from ingest.mapping.records import Catalog, Intake
from ingest.settings import SECRET_NAMES, Secrets, Settings, key_name

SEEN = timedelta(days=90)
"""How long a form that brought a lead is looked after; Meta keeps leads as long."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token by its variable, and the pages whose leads are fetched with it."""

    name: str
    secret_name: str  # the variable of its app's secret
    pages: frozenset[str]

    def access(self, secrets: Secrets) -> Access | None:
        """What to ask with; None where it is not set."""
        token = secrets.get(self.name)
        return Access(token, secrets.get(self.secret_name)) if token else None


@dataclass(frozen=True, slots=True)
class Setup:
    """What the mappings and the leads that came tell of Facebook."""

    tokens: tuple[Token, ...] = ()
    endpoints: frozenset[str] = frozenset()
    claimed: dict[str, str] = field(default_factory=dict)  # form -> the endpoint that claims it
    seen: dict[str, SeenForm] = field(default_factory=dict)  # by form

    @property
    def pages(self) -> frozenset[str]:
        """Every page of which leads are wanted."""
        return frozenset(page for token in self.tokens for page in token.pages)


def setup_of(catalog: Catalog, seen: Iterable[SeenForm], secrets: Secrets) -> Setup:
    """Which tokens are used for which pages: those that mappings name, and those that brought leads."""
    forms = {form.id: form for form in seen}
    intakes = {
        name: one.intake for name, one in catalog.mappings.items() if one.intake and one.intake.channel == "facebook"
    }
    pages: dict[tuple[str, str], set[str]] = {}
    for name, intake in intakes.items():
        own = {form.page_id for form in forms.values() if form.endpoint == name and form.page_id}
        for page in {*intake.pages, *intake.access_tokens, *own}:
            pages.setdefault(access_names(intake, page), set()).add(page)
        if not intake.access_tokens or secrets.get(_default(intake)[0]):
            pages.setdefault(_default(intake), set())
    return Setup(
        tuple(Token(token, secret, frozenset(of)) for (token, secret), of in sorted(pages.items())),
        frozenset(intakes),
        {form: name for name, intake in intakes.items() for form in intake.forms},
        forms,
    )


def _default(intake: Intake) -> tuple[str, str]:
    return access_names(intake, None)


def secrets_of(own: Settings, catalog: Catalog, setup: Setup) -> list[str]:
    """What must stand in no message."""
    named = {*SECRET_NAMES, *(name for token in setup.tokens for name in (token.name, token.secret_name))}
    named |= {key_name(one.translation.account) for one in catalog.mappings.values() if one.translation}
    return [secret for name in sorted(named) if (secret := own.secrets.get(name))]
