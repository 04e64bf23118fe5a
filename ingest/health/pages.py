from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.channels.graph import Access, Graph, path_of
from ingest.errors import GraphError
from ingest.health.app import LEADGEN
from ingest.health.records import FACEBOOK, Check, failing, ok, says_nothing, unasked, warned
from ingest.health.tokens import TokenFacts

_CONNECT = "Run `ingest facebook connect`, which subscribes it."
_SEEN = (
    "Give the token's user, or system user, this page (Business settings > Accounts > Pages), with the permissions that"
    " `ingest doctor` names for the token, and make the token anew."
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, what its own things are asked for with, and what its leads are fetched with."""

    id: str
    name: str = ""
    own: Access | None = field(default=None, repr=False)  # a page's own token; none where its token does not give one
    leads: Access | None = field(default=None, repr=False)
    wanted: bool = True  # a mapping names it, or it brought leads

    @property
    def subject(self) -> str:
        """What it is called in checks."""
        return f"page {self.id}"

    @property
    def called(self) -> str:
        """Its name for sentences."""
        return f"`{self.name}`" if self.name else "It"


def pages_of(graph: Graph, access: Access, facts: TokenFacts) -> dict[str, Page]:
    """The pages that a token is for, by their ids, each with its own token. Raises GraphError.

    https://developers.facebook.com/docs/graph-api/reference/user/accounts
    """
    if facts.kind == "PAGE":
        told = graph.get(path_of(facts.page_id or "me"), access, fields="id,name")
        page = _page(told, access)
        return {page.id: replace(page, own=access)}
    listed = graph.pages(path_of("me", "accounts"), access, fields="id,name,access_token")
    found = (_page(one, access) for one in listed)
    return {page.id: page for page in found if page.id}


def subscribed_fields(graph: Graph, page: Page, app_id: str) -> tuple[str, ...] | None:
    """To what of a page an app is subscribed; None where it is not. Raises GraphError.

    https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
    """
    access = page.own or page.leads
    path = path_of(page.id, "subscribed_apps")
    for one in graph.pages(path, access, fields="id,name,subscribed_fields") if access else ():
        if str(one.get("id")) == app_id:
            fields = one.get("subscribed_fields")
            return tuple(map(str, fields)) if isinstance(fields, list) else ()
    return None


def subscription(graph: Graph, page: Page, app_id: str) -> Check:
    """Whether a page tells our app of its leads."""
    try:
        fields = subscribed_fields(graph, page, app_id)
    except GraphError as error:
        return refusal(page, error)
    if fields and LEADGEN in fields:
        return ok(FACEBOOK, "page", page.subject, f"{page.called} is subscribed to leads.")
    if not page.wanted:
        message = f"{page.called} is not subscribed, no mapping names it and it brought no lead."
        mend = "If its leads are wanted, run `ingest facebook connect`; else leave it."
        return warned(FACEBOOK, "page_unused", page.subject, message, mend)
    message = f"{page.called} is not subscribed to leads: Meta tells nobody of them."
    return failing(FACEBOOK, "page_unsubscribed", page.subject, message, _CONNECT)


def refusal(page: Page, error: GraphError) -> Check:
    """What it means that Meta does not tell of a page."""
    if says_nothing(error):
        return unasked(page.subject, error)
    message = f"{page.called} is hidden from its token: {error.message}."
    return failing(FACEBOOK, "page_hidden", page.subject, message, _SEEN)


def _page(told: Mapping[str, Any], access: Access) -> Page:
    token = told.get("access_token")
    own = Access(token, access.app_secret) if isinstance(token, str) and token else None
    return Page(str(told.get("id") or ""), str(told.get("name") or ""), own, access, wanted=False)
