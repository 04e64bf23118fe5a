from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.channels.graph import Access, Graph, path_of
from ingest.errors import GraphError
from ingest.health.records import FACEBOOK, Check, day, failing, ok, says_nothing, unasked, warned
from ingest.health.setup import Token
from ingest.models import Reason

SOON = timedelta(days=7)
"""How long before its end a token is told of."""

NEEDED = {
    "leads_retrieval": "no lead can be fetched",
    "pages_show_list": "the pages can't be listed",
    "pages_read_engagement": "pages can't be read",
    "pages_manage_metadata": "pages can't be subscribed, nor asked whether they are",
    "pages_manage_ads": "forms can't be listed",
}
"""The permissions that leads need, and what each is for.
https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving"""

_ANEW = "Make a new one, best a system user's that does not expire (Business settings > System users), and set {}."
_WITH = (
    "Make a new one with leads_retrieval, pages_show_list, pages_read_engagement, pages_manage_metadata and"
    " pages_manage_ads, and set {}."
)
_TOKEN_ERRORS = frozenset({102, 104, 190})


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What Meta tells of a token. None is never, or unknown."""

    app_id: str
    app_name: str
    kind: str  # USER, SYSTEM_USER or PAGE
    page_id: str | None  # whose it is, where it is a page's
    expires_at: datetime | None
    access_ends_at: datetime | None
    scopes: frozenset[str] | None
    valid: bool = True


def ask(graph: Graph, access: Access) -> TokenFacts:
    """What Meta tells of a token. Raises GraphError.

    https://developers.facebook.com/docs/graph-api/reference/debug_token
    """
    answer = graph.get(path_of("debug_token"), access, input_token=access.token)
    told = answer.get("data")
    told = told if isinstance(told, Mapping) else {}
    scopes = told.get("scopes")
    if not told.get("app_id") and told.get("is_valid") is not False:
        raise GraphError(Reason.LEAD_UNAVAILABLE, "Meta's answer is not what its documentation tells")
    return TokenFacts(
        app_id=str(told.get("app_id") or ""),
        app_name=str(told.get("application") or ""),
        kind=str(told.get("type") or ""),
        page_id=str(told.get("profile_id") or "") or None,
        expires_at=_moment(told.get("expires_at")),
        access_ends_at=_moment(told.get("data_access_expires_at")),
        scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        valid=told.get("is_valid") is not False,
    )


def unset(token: Token) -> Check:
    """A token that nobody has set."""
    message = "It is not set: leads wait, and nothing can be asked of Meta."
    mend = f"Set {token.name} to a system user's token, or run `ingest facebook connect`."
    return failing(FACEBOOK, "token_unset", token.name, message, mend)


def refusal(token: Token, error: GraphError) -> Check:
    """What it means that Meta does not tell of a token."""
    if says_nothing(error):
        return unasked(token.name, error)
    if "appsecret_proof" in error.message:
        message = f"{token.secret_name} is not the secret of the app that this token belongs to."
        mend = f"Copy the app's secret (App settings > Basic) into {token.secret_name}, or use a token of its app."
        return failing(FACEBOOK, "secret_wrong", token.name, message, mend)
    code = "token_invalid" if error.code in _TOKEN_ERRORS else "token_refused"
    return failing(FACEBOOK, code, token.name, f"Meta refuses it: {error.message}.", _ANEW.format(token.name))


def judge(token: Token, facts: TokenFacts, now: datetime) -> Iterator[Check]:
    """How a token stands."""
    name = token.name
    end = facts.expires_at
    if not facts.valid or (end and end <= now):
        when = f" It ended on {day(end)}." if end and end <= now else ""
        yield failing(FACEBOOK, "token_invalid", name, f"It is not valid any more.{when}", _ANEW.format(name))
        return
    found = [*_ends(name, facts, now), *_scopes(name, facts)]
    until = f"Valid till {day(end)}" if end else "Valid, does not expire"
    yield from found or [ok(FACEBOOK, "token", name, f"{until}; app {facts.app_name} ({facts.app_id}).")]


def _ends(name: str, facts: TokenFacts, now: datetime) -> Iterator[Check]:
    end = facts.expires_at
    if end and end - now <= SOON:
        message = f"It expires on {day(end)}: then no lead can be fetched."
        yield warned(FACEBOOK, "token_expires", name, message, _ANEW.format(name))
    if facts.access_ends_at and facts.access_ends_at - now <= SOON:
        message = f"Its access to data ends on {day(facts.access_ends_at)}."
        mend = f"Let its user log in with Facebook again, or use a system user's token; set {name}."
        yield warned(FACEBOOK, "data_access_ends", name, message, mend)


def _scopes(name: str, facts: TokenFacts) -> Iterator[Check]:
    missing = [one for one in NEEDED if facts.scopes is not None and one not in facts.scopes]
    if not missing:
        return
    told = "; ".join(f"{one}: {NEEDED[one]}" for one in missing)
    tell = failing if "leads_retrieval" in missing else warned
    yield tell(FACEBOOK, "scope_missing", name, f"Permissions are missing ({told}).", _WITH.format(name))


def _moment(value: Any) -> datetime | None:
    """A Unix time; 0 is never."""
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
