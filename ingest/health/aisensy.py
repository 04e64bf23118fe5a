from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ingest.aisensy.details import Details, Said
from ingest.health.campaigns import Use, ask, uses
from ingest.health.records import AISENSY, Check, Health, failing, ok, warned
from ingest.mapping.records import Catalog
from ingest.models import Reason
from ingest.settings import Settings, key_name

HANDFUL = 4  # accounts that are asked at a time


def examine(own: Settings, catalog: Catalog, paused: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Each account that a mapping uses: its key, whether it is paused, and what AiSensy says of its campaigns."""
    used = list(uses(catalog))
    with ThreadPoolExecutor(HANDFUL) as pool:
        told = ask(pool, used, catalog.accounts, own)
    found: list[Check] = []
    for name in sorted({use.account for use in used}):
        found.append(_account(own, name, [about for (account, _), about in told.items() if account == name]))
        found += [_pause(one) for one in paused if one["account"] == name]
    seen: dict[tuple[str, str], list[Use]] = {}
    for use in used:
        seen.setdefault((use.account, use.campaign), []).append(use)
    for (account, campaign), about in sorted(told.items()):
        found += _campaign(f"{account}/{campaign}", about, seen[account, campaign])
    return found


def _account(own: Settings, name: str, told: Sequence[Details]) -> Check:
    variable = key_name(name)
    if own.secrets.api_key(name) is None:
        message = f"{variable} is not set: the account's leads wait."
        return failing(AISENSY, "key_unset", name, message, f"Set {variable} to its API key (AiSensy > Manage).")
    refused = next((about for about in told if about.said is Said.REFUSED), None)
    if refused:
        mend = f"See to {variable}, and to the account's plan, credits and url."
        return failing(AISENSY, "account_refused", name, f"AiSensy refuses it: {_line(refused.message)}", mend)
    silent = next((about for about in told if about.said is Said.UNASKED), None)
    if silent:
        message = f"AiSensy could not be asked: {_line(silent.message)}"
        mend = "See whether this machine reaches it, and ask again."
        return Check(AISENSY, "not_asked", name, Health.FAULT, message, mend, asked=False)
    if any(about.said is Said.NO_ENDPOINT for about in told):
        message = f"{variable} is set; AiSensy can't be asked about campaigns there."
        mend = "Nothing need be done; campaigns listed in _accounts.yaml are checked by `ingest check`."
        return warned(AISENSY, "no_details", name, message, mend)
    accepted = " and accepted" if told else ""
    return ok(AISENSY, "account", name, f"{variable} is set{accepted}.")


def _pause(one: Mapping[str, Any]) -> Check:
    name, message = one["account"], _line(one["message"] or "")
    if one["campaign"]:
        mend = f"Mend the campaign or its mapping; it is tried again by itself, or at once by `ingest resume {name}`."
        return failing(AISENSY, "campaign_paused", f"{name}/{one['campaign']}", f"It is paused: {message}", mend)
    if one["reason"] == Reason.ACCOUNT_PAUSED and one["until"] is None:
        return warned(AISENSY, "paused_by_hand", name, f"A person has paused it: {message}", f"`ingest resume {name}`.")
    if one["reason"] == Reason.NO_KEY:
        mend = f"Set {key_name(name)}; running workers see it by themselves."
        return failing(AISENSY, "account_waits", name, f"Its leads wait: {message}", mend)
    mend = f"Mend it at AiSensy; one lead tries again by itself, or at once after `ingest resume {name}`."
    return failing(AISENSY, "account_paused", name, f"It is paused: {message}", mend)


def _campaign(subject: str, about: Details, used: Sequence[Use]) -> Iterator[Check]:
    if about.said is Said.UNKNOWN:
        message = f"AiSensy does not take it: {_line(about.message)}"
        mend = f"Write its name as it is there ({used[0].place}), and set it Live."
        yield failing(AISENSY, "campaign_unknown", subject, message, mend)
    elif about.said is Said.TOLD:
        wrong = next((use for use in used if about.params not in (None, len(use.request.params))), None)
        if wrong:
            message = f"It takes {about.params} templateParams, and gets {len(wrong.request.params)}."
            mend = f"Mend them at {wrong.request.place}; `ingest check --live` tells more."
            yield failing(AISENSY, "params_mismatch", subject, message, mend)
        else:
            yield ok(AISENSY, "campaign", subject, "It is Live.")


def _line(text: str) -> str:
    return " ".join(text.split())
