"""What is wrong with a delivery, and what to do about it, in a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ingest.cli.cases import Case
from ingest.cli.printing import clipped, shown
from ingest.errors import Hold
from ingest.models import Reason, Status
from ingest.settings import key_name

_ABSENT = re.compile(r"(?P<name>\S+) is absent(?: \(.*\))?", re.DOTALL)

Told = tuple[str, str]
"""What is wrong, and what to do: sentences without their full stops."""


def advice(case: Case, label: str = "", *, changed: bool = False, now: Hold | None = None) -> str:
    """What is wrong with a delivery and what to do, with commands to copy.

    `label` names it among several. `changed`: whether its mapping has changed since in a way that may cure it; `now` is
    what would still hold it then.
    """
    reason = case.delivery["reason"]
    cause, mend = _REASONS[reason](case) if reason in _REASONS else _UNDER_WAY[case.delivery["status"]](case)
    if changed and now is None:
        mend = f"The mapping has changed since: it is tried again by itself, or at once by {case.replay}"
    elif changed and now is not None:
        now_case = replace(case, message=now.message.rstrip("."), field=now.field, place=str(now.place or ""))
        still, mend = _REASONS[now.reason](replace(now_case, sources=()))
        cause = f"{cause}. The mapping has changed since, and now {still}"
    text = ". ".join(part for part in (cause, mend) if part)
    start = f"{case.delivery['status'].capitalize()}{f' ({label})' if label else ''}"
    return shown(f"{start}: {text.rstrip('.')}.")


def _missing(case: Case) -> Told:
    found = _ABSENT.fullmatch(case.message)
    name = found["name"] if found else ""
    if name.startswith(("lead.", "payload.")):
        lack = f"{case.what} needs {name}, which this lead does not have"
    else:
        lack = case.telling(f"{case.what} comes out absent for this lead")
    return lack, f"Give it a `default` in {case.there}, or discard the lead: {case.discard}"


def _phone_invalid(case: Case) -> Told:
    made = f"{case.what} is made from {_sources(case)}" if case.sources else f"{case.what} is made from a field"
    return f"{made}, which holds no phone number that can be called", (
        f"Another field, or another country, like `phone('US')`? Mend {case.there}; or discard the lead: {case.discard}"
    )


def _phone_ambiguous(case: Case) -> Told:
    made = f"{case.what} is made from {_sources(case)}" if case.sources else f"{case.what} is made from a field"
    return f"{made}, which holds several different phone numbers", (
        f"Choose one in {case.there}, with `regex_search` for example; or discard the lead: {case.discard}"
    )


def _sources(case: Case) -> str:
    return " and ".join(f"{name} ({clipped(str(value))})" for name, value in case.sources)


def _no_route(case: Case) -> Told:
    if not case.place:
        return case.message or "no route holds for it", f"Mend the mapping's routes, or give it up: {case.discard}"
    return f"no route of {case.place} holds for it", (
        f"Mend a `when`, or add a last route without one, and it goes out by itself; or discard it: {case.discard}"
    )


def _failed(case: Case) -> Told:
    if not case.place:
        return case.message, f"When that is mended: {case.replay}"
    return case.telling(f"{case.what} can't be made"), _mend(case)


def _invalid(case: Case) -> Told:
    if case.field:
        return case.telling(f"AiSensy would not take {case.what}"), _mend(case)
    return case.telling("AiSensy does not take the request"), f"{_mend(case)}. Where it is mended there: {case.replay}"


def _mend(case: Case) -> str:
    return f"Mend {case.there}, and it goes out by itself; or discard the lead: {case.discard}"


def _broken(case: Case) -> Told:
    if not case.place:
        return case.message, f"When it is there it goes out by itself; or discard the lead: {case.discard}"
    return case.telling(f"the mapping is broken in {case.place}, {case.field}"), (
        "Mend it (`ingest check` tells all that is wrong with it), and the lead goes out by itself"
    )


def _rejected(case: Case) -> Told:
    return case.telling(f"AiSensy refuses the campaign {case.delivery['campaign'] or ''}".rstrip()), (
        "The mapping has not changed since. Is the campaign live in AiSensy, with as many templateParams and the same "
        f"media? Mend {case.there}, and it goes out by itself; where it is mended in AiSensy: {case.replay}"
    )


def _paused(case: Case) -> Told:
    account = case.delivery["account"]
    resume = case.command(f"resume {account}")
    if case.delivery["paused"] and not case.delivery["paused_until"]:
        return case.telling(f"the account {account} is paused"), f"It goes out after {resume}"
    return case.telling(f"AiSensy refuses the account {account}"), (
        f"Mend it there (key, credits, plan). A lead tries by itself{case.due('paused_until')} whether it works again, "
        f"or at once after {resume}"
    )


def _ambiguous(case: Case) -> Told:
    why = case.message.removeprefix("AiSensy may have taken it: ")
    return replace(case, message=why).telling("nobody knows whether AiSensy sent it"), (
        f"Look in AiSensy for {case.destination}: where the message is not there {case.replay} sends it, "
        f"where it is {case.discard} ends this"
    )


def _opted_out(case: Case) -> Told:
    number = case.destination if case.destination.startswith("+") else "PHONE"
    return "the person asked for no messages", (
        f"Nothing to do. Was that a mistake: {case.command(f'optout {number} --remove')}, then {case.replay}"
    )


def _all_the_same(case: Case) -> Told:
    return case.message, f"Nothing to do; {case.replay} sends it all the same"


_REASONS: dict[str, Callable[[Case], Told]] = {
    Reason.RETRY: lambda case: (case.message, f"It is tried again by itself{case.due()}; nothing to do"),
    Reason.NO_KEY: lambda case: (
        f"the account {case.delivery['account']} has no API key",
        f"Set {key_name(case.delivery['account'])}, and it goes out by itself",
    ),
    Reason.ACCOUNT_PAUSED: _paused,
    Reason.QUIET_HOURS: lambda case: (
        "it came in the mapping's quiet hours",
        f"It goes out by itself{case.due()}; nothing to do",
    ),
    Reason.LEAD_UNAVAILABLE: lambda case: (
        case.telling("Meta does not give the lead"),
        f"Check the page's access token and its permissions; Meta is asked again by itself{case.due()}",
    ),
    Reason.NO_ROUTE: _no_route,
    Reason.MISSING_VALUE: _missing,
    Reason.PHONE_INVALID: _phone_invalid,
    Reason.PHONE_AMBIGUOUS: _phone_ambiguous,
    Reason.EXPRESSION_FAILED: _failed,
    Reason.REQUEST_INVALID: _invalid,
    Reason.MAPPING_BROKEN: _broken,
    Reason.CAMPAIGN_REJECTED: _rejected,
    Reason.AMBIGUOUS: _ambiguous,
    Reason.SUSPECTED_SPAM: lambda case: (
        case.telling("it looks like spam"),
        f"Where it is spam: {case.discard}. Where a person wrote it: {case.replay}",
    ),
    Reason.TOO_OLD: lambda case: (
        case.telling("it is older than the mapping's max_age"),
        f"{case.replay} sends it all the same, {case.discard} gives it up",
    ),
    Reason.LEAD_GONE: lambda case: (
        case.telling("Meta says that the lead is gone, or hides it"),
        f"Check the token's access in Meta's Lead Access Manager, then {case.replay}; or give it up: {case.discard}",
    ),
    Reason.NUMBER_REJECTED: lambda case: (
        case.telling(f"AiSensy refuses {case.destination} for good"),
        "Ask the person for another number: nothing can be sent to this one",
    ),
    Reason.RETRIES_EXHAUSTED: lambda case: (
        case.telling("it was tried for a day"),
        f"The attempts below tell why; {case.replay} has it tried for another day, {case.discard} gives it up",
    ),
    Reason.TEST_LEAD: lambda _: (
        "it is a test lead, and those are never sent",
        "It shows that the connection works; nothing to do",
    ),
    Reason.NO_CONSENT: lambda case: (
        "the person did not agree to be messaged",
        f"Nothing to do; policy.consent{f' in {case.place}' if case.place else ''} asks for it",
    ),
    Reason.OPTED_OUT: _opted_out,
    Reason.DUPLICATE: _all_the_same,
    Reason.CAP_REACHED: _all_the_same,
    Reason.DISCARDED: lambda case: (
        case.message or "a person gave it up",
        f"Nothing to do; where that was a mistake: {case.replay}",
    ),
}

_UNDER_WAY: dict[str, Callable[[Case], Told]] = {
    Status.PENDING: lambda _: ("a worker takes it up as soon as one is free", "Nothing to do"),
    Status.WAITING: lambda case: (f"it goes out by itself{case.due()}", "Nothing to do"),
    Status.SENDING: lambda _: ("it is on its way to AiSensy", "Look again in a minute"),
    Status.SENT: lambda case: (
        f"AiSensy took it, campaign {case.delivery['campaign']}, for {case.destination}",
        "Nothing to do",
    ),
}
