"""What only AiSensy, and the hosts of media, can tell of mappings: `ingest check --live`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from ingest.aisensy.details import Details, Said
from ingest.cli import media
from ingest.errors import Finding, Place
from ingest.health.campaigns import Told, Use, ask
from ingest.health.campaigns import uses as every_use
from ingest.mapping.accounts_writing import write_accounts
from ingest.mapping.near import near
from ingest.mapping.records import Account, Campaign, Catalog
from ingest.outward import Allowed, is_public
from ingest.settings import Settings, key_name

HANDFUL = 4  # accounts, and hosts of media, that are asked at a time


def look(catalog: Catalog, own: Settings, *, write: bool = False, allowed: Allowed = is_public) -> list[Finding]:
    """Ask AiSensy about every campaign that a mapping names, and fetch every media URL that is written out.

    `write` puts what AiSensy tells into `_accounts.yaml`. Keys are in no finding.
    """
    uses = list(every_use(catalog))
    registry = own.mappings / "_accounts.yaml"
    unknown = any(finding.place.file == str(registry) for finding in catalog.findings)
    with ThreadPoolExecutor(HANDFUL) as pool:
        fetched = {url: pool.submit(media.look, url, allowed) for url in dict.fromkeys(filter(None, map(_url, uses)))}
        told = {} if unknown else ask(pool, uses, catalog.accounts, own)
        found = [] if unknown else list(_campaigns(uses, told, catalog.accounts, _again(own)))
        for use in uses:
            url = _url(use)
            if url:
                found += media.judge(use.request.media, fetched[url].result(), _kind(use, told, catalog.accounts))
    if unknown:
        message = "AiSensy was not asked: accounts may have addresses of their own, and this file has faults."
        found.append(Finding(Place(str(registry)), "live_not_asked", message, "mend them first"))
    elif write:
        found += write_accounts(registry, _known(told, catalog.accounts))
    return list(dict.fromkeys(found))


def _url(use: Use) -> str | None:
    """The media URL of a request, where it is no expression."""
    text = use.request.media.get("url")
    return text.literal.strip() if text and text.literal else None


def _kind(use: Use, told: Told, accounts: Mapping[str, Account]) -> str | None:
    """The kind of media that a request's campaign takes, as AiSensy tells, or else `_accounts.yaml`."""
    about = told.get((use.account, use.campaign))
    return (about.kind if about else None) or _registered(use.account, use.campaign, accounts).media


def _registered(name: str, campaign: str, accounts: Mapping[str, Account]) -> Campaign:
    account = accounts.get(name)
    return ((account and account.campaigns) or {}).get(campaign, Campaign())


def _again(own: Settings) -> str:
    return f"the sandbox was asked, at {own.sandbox}" if own.sandbox else "see what it says, and try again"


def _campaigns(uses: Iterable[Use], told: Told, accounts: Mapping[str, Account], again: str) -> Iterator[Finding]:
    """What is wrong with the campaigns; what concerns a whole account is told once in each file."""
    seen: set[tuple[str, str, Said | None]] = set()
    for use in (use for use in uses if use.campaign):
        about = told.get((use.account, use.campaign))
        said = about.said if about else None
        if about and said is Said.UNASKED:
            message = f"AiSensy could not be asked about the campaign `{use.campaign}`: {_line(about.message)}"
            yield Finding(use.place, "live_not_asked", message, again)
        elif about and said in {Said.TOLD, Said.UNKNOWN}:
            yield from _campaign(use, about, accounts)
        elif (use.place.file, use.account, said) not in seen:
            seen.add((use.place.file, use.account, said))
            yield _account(use, about)


def _account(use: Use, about: Details | None) -> Finding:
    variable = key_name(use.account)
    if about is None:
        message = f"AiSensy was not asked about the account `{use.account}`: {variable} is not set."
        return Finding(use.place, "live_not_asked", message, f"set {variable} in the environment")
    if about.said is Said.NO_ENDPOINT:
        message = f"Campaigns of the account `{use.account}` can't be asked for: {_line(about.message)}"
        hint = "its AiSensy has no campaign-details; list the campaigns in _accounts.yaml instead"
        return Finding(use.place, "live_no_endpoint", message, hint, "notice")
    message = f"AiSensy refuses the account `{use.account}`: {_line(about.message)}"
    return Finding(use.place, "live_account_refused", message, f"see to {variable}, and to the account's plan and url")


def _campaign(use: Use, about: Details, accounts: Mapping[str, Account]) -> Iterator[Finding]:
    name, request = f"`{use.campaign}`", use.request
    if about.said is Said.UNKNOWN:
        account = accounts.get(use.account)
        hint = near(use.campaign, {*((account and account.campaigns) or ())} - {use.campaign})
        message = f"AiSensy does not take the campaign {name}: {_line(about.message)}"
        yield Finding(
            use.place, "live_unknown_campaign", message, hint or "write its name as it is there, and set it Live"
        )
        return
    count = len(request.params)
    if about.params is not None and about.params != count:
        place = request.params[0].place if request.params else use.place
        message = f"The campaign {name} takes {about.params} templateParams in AiSensy, and gets {count}."
        less = about.params < count
        hint = f"leave {count - about.params} out" if less else f"add {about.params - count}"
        yield Finding(place, "live_params_mismatch", message, hint)
    if about.media and not request.media:
        message = f"The campaign {name} needs `media` in AiSensy" + (f": {_a(about.kind)}." if about.kind else ".")
        yield Finding(use.place, "live_media_missing", message, "media: {url: https://…, filename: …}")
    if about.media is False and request.media:
        message = f"The campaign {name} has no media in AiSensy."
        place = request.media.get("url", request.texts["campaignName"]).place
        yield Finding(place, "live_media_unwanted", message, "leave `media` out", "warning")


def _known(told: Told, accounts: Mapping[str, Account]) -> dict[str, dict[str, Campaign]]:
    """What AiSensy told, as `_accounts.yaml` says it."""
    known: dict[str, dict[str, Campaign]] = {}
    for (name, campaign), about in told.items():
        if about.said is Said.TOLD:
            before = _registered(name, campaign, accounts).media
            wanted = {True: about.kind or before or "any", False: "", None: None}[about.media]
            known.setdefault(name, {})[campaign] = Campaign(about.params, wanted)
    return known


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _line(text: str) -> str:
    return " ".join(text.split())
