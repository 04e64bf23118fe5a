from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ingest.aisensy.client import Client
from ingest.aisensy.details import Details, Said
from ingest.errors import Place
from ingest.mapping.records import Account, Catalog, Request
from ingest.settings import Settings

TIMEOUT = 10.0  # seconds for AiSensy's answer
PATIENCE = 2  # campaigns of an account, one after another, that may stay without an answer before the rest is not asked

Told = Mapping[tuple[str, str], Details]


@dataclass(frozen=True, slots=True)
class Use:
    """A request of a mapping, and the campaign that it names; blank where an expression does."""

    account: str
    request: Request
    campaign: str

    @property
    def place(self) -> Place:
        """Where the campaign is named."""
        return self.request.texts["campaignName"].place


def uses(catalog: Catalog) -> Iterator[Use]:
    """Every request of the mappings."""
    for mapping in catalog.mappings.values():
        if mapping.translation:
            for route in mapping.translation.routes:
                name = route.request.texts["campaignName"].literal or ""
                yield Use(mapping.translation.account, route.request, name.strip())


def ask(pool: ThreadPoolExecutor, used: Iterable[Use], accounts: Mapping[str, Account], own: Settings) -> Told:
    """What AiSensy says of each campaign, by account and campaign; nothing of accounts that have no key."""
    wanted: dict[str, dict[str, None]] = {}
    for use in used:
        if use.campaign:
            wanted.setdefault(use.account, {})[use.campaign] = None
    client = Client(TIMEOUT)
    asked: dict[str, Future[dict[str, Details]]] = {}
    for name, campaigns in wanted.items():
        key = own.secrets.api_key(name)
        account = accounts.get(name)
        url = own.aisensy_of(account.url if account else None)
        if key:
            asked[name] = pool.submit(_ask_account, client, url, key, list(campaigns))
    told = {(name, each): about for name, future in asked.items() for each, about in future.result().items()}
    client.close()
    return told


def _ask_account(client: Client, url: str, key: str, campaigns: list[str]) -> dict[str, Details]:
    """One campaign after another; whoever refuses the account, or is silent, is not asked on."""
    told: dict[str, Details] = {}
    silent = 0
    for campaign in campaigns:
        answer = told[campaign] = client.details(url, key, campaign)
        silent = silent + 1 if answer.said is Said.UNASKED else 0
        if answer.said is Said.REFUSED or silent == PATIENCE:
            return dict.fromkeys(campaigns, answer) | told
    return told
