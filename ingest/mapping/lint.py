"""What a mapping can be wrong in although it is a good mapping: against what exists in AiSensy, and in its routes."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.errors import Finding
from ingest.mapping.expressions import Expression, near
from ingest.mapping.records import Account, Catalog, Mapping, Route, Translation


def lint(catalog: Catalog) -> list[Finding]:
    """Everything about the mappings that is worth a person's look, beside the findings of loading them."""
    found: list[Finding] = []
    for mapping in catalog.mappings.values():
        if mapping.translation is None:
            continue
        found += _unreachable(mapping.translation)
        if catalog.accounts:
            found += _unknown(mapping.translation, catalog)
    return list(dict.fromkeys([*found, *_claimed_twice(catalog)]))


def _unreachable(translation: Translation) -> Iterator[Finding]:
    always: Route | None = None
    for route in translation.routes:
        if always is not None:
            place = route.when.place if route.when else route.request.place
            message = f"The route `{route.name or 'without a name'}` is never reached."
            yield Finding(place, "unreachable_route", message, "a route before it has no `when`: put it last")
        if route.when is None and not route.goes_on:
            always = always or route


def _unknown(translation: Translation, catalog: Catalog) -> Iterator[Finding]:
    account = catalog.accounts.get(translation.account)
    if account is None:
        message = f"_accounts.yaml has no account `{translation.account}`."
        yield Finding(translation.place, "unknown_account", message, near(translation.account, catalog.accounts))
        return
    for route in translation.routes:
        yield from _campaign(route, account)
        yield from _tags(route.request.tags, account.tags)
        for name, text in route.request.attributes.items():
            if account.attributes is not None and name not in account.attributes:
                message = f"AiSensy ignores the attribute `{name}`: the account does not have it."
                yield Finding(text.place, "unknown_attribute", message, near(name, account.attributes))


def _campaign(route: Route, account: Account) -> Iterator[Finding]:
    text = route.request.texts["campaignName"]
    if text.literal is None or account.campaigns is None:
        return
    campaign = account.campaigns.get(text.literal)
    if campaign is None:
        message = f"The account `{account.name}` has no campaign `{text.literal}`."
        yield Finding(text.place, "unknown_campaign", message, near(text.literal, account.campaigns))
        return
    count = len(route.request.params)
    if campaign.params is not None and campaign.params != count:
        message = f"The campaign `{text.literal}` takes {campaign.params} templateParams, and gets {count}."
        yield Finding(text.place, "params_mismatch", message)
    if campaign.media and not route.request.media:
        message = f"The campaign `{text.literal}` needs `media` ({campaign.media})."
        yield Finding(text.place, "media_missing", message)


def _tags(texts: tuple[Expression, ...], known: tuple[str, ...] | None) -> Iterator[Finding]:
    for text in texts:
        if known is not None and text.literal is not None and text.literal not in known:
            message = f"AiSensy ignores the tag `{text.literal}`: the account does not have it."
            yield Finding(text.place, "unknown_tag", message, near(text.literal, known))


def _claimed_twice(catalog: Catalog) -> Iterator[Finding]:
    owners: dict[tuple[str, str, tuple[str, ...]], Mapping] = {}
    for mapping in catalog.mappings.values():
        intake = mapping.intake
        if intake is None:
            continue
        claims = [("form", form) for form in sorted(intake.forms)] + [("page", page) for page in sorted(intake.pages)]
        for kind, name in claims:
            key = (kind, name, intake.auth.get("app_secret", ()))
            first = owners.setdefault(key, mapping)
            if first is not mapping and mapping.translation is not None:
                message = f"The {kind} {name} is claimed by {first.file} too."
                yield Finding(mapping.translation.place, "match_conflict", message)
