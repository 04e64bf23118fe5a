"""What `_accounts.yaml` contradicts: AiSensy ignores tags and attributes that it does not know, without a word."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC

from ingest.errors import Finding
from ingest.mapping.near import near
from ingest.mapping.records import Account, Request, Translation


def unknown_to_accounts(translation: Translation, accounts: MappingABC[str, Account]) -> Iterator[Finding]:
    """What a mapping sends that its account does not have."""
    account = accounts.get(translation.account)
    if account is None:
        message = f"_accounts.yaml has no account `{translation.account}`."
        hint = near(translation.account, accounts) or f"it has {', '.join(accounts)}"
        yield Finding(translation.account_place, "unknown_account", message, hint, "warning")
        return
    for route in translation.routes:
        yield from _campaign(route.request, account)
        yield from _tags(route.request, account.tags)
        yield from _attributes(route.request, account.attributes)


def _campaign(request: Request, account: Account) -> Iterator[Finding]:
    text = request.texts.get("campaignName")
    if text is None or text.literal is None or account.campaigns is None:
        return
    name = text.literal.strip()
    campaign = account.campaigns.get(name)
    if campaign is None:
        message = f"The account `{account.name}` has no campaign `{name}`."
        yield Finding(text.place, "unknown_campaign", message, _known(name, account.campaigns), "warning")
        return
    count = len(request.params)
    if campaign.params is not None and campaign.params != count:
        message = f"The campaign `{name}` takes {campaign.params} templateParams, and gets {count}."
        more = campaign.params - count
        hint = f"{abs(more)} {'more' if more > 0 else 'fewer'} in templateParams, or params: {count} in _accounts.yaml"
        place = request.keys.get("templateParams", text.place)
        yield Finding(place, "params_mismatch", message, hint, "warning")
    if campaign.media and not request.media:
        message = f"The campaign `{name}` needs `media` ({campaign.media})."
        hint = "media: {url: https://…, filename: …}"
        yield Finding(text.place, "media_missing", message, hint, "warning")


def _tags(request: Request, known: tuple[str, ...] | None) -> Iterator[Finding]:
    for text in request.tags:
        if known is not None and text.literal is not None and text.literal.strip() not in known:
            message = f"AiSensy ignores the tag `{text.literal.strip()}`: the account does not have it."
            yield Finding(text.place, "unknown_tag", message, _known(text.literal, known), "warning")


def _attributes(request: Request, known: tuple[str, ...] | None) -> Iterator[Finding]:
    for name, text in request.attributes.items():
        if known is not None and name not in known:
            message = f"AiSensy ignores the attribute `{name}`: the account does not have it."
            place = request.keys.get(f"attributes.{name}", text.place)
            yield Finding(place, "unknown_attribute", message, _known(name, known), "warning")


def _known(name: str, known: MappingABC[str, object] | tuple[str, ...]) -> str:
    return near(name, known) or "make it in AiSensy, and name it in _accounts.yaml"
