from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ingest.channels.graph import Access, Graph
from ingest.errors import GraphError
from ingest.health import app as apps
from ingest.health import forms, pages, tokens
from ingest.health.app import App
from ingest.health.forms import Form
from ingest.health.pages import Page
from ingest.health.records import FACEBOOK, Check, failing, says_nothing, unasked
from ingest.health.setup import Setup, Token
from ingest.health.tokens import TokenFacts
from ingest.models import utcnow
from ingest.settings import Settings

HANDFUL = 4  # calls that are under way at a time


@dataclass(frozen=True, slots=True)
class Known:
    """What a token let us know."""

    token: Token
    checks: list[Check]
    facts: TokenFacts | None = None  # None where nothing can be asked with it
    pages: dict[str, Page] = field(default_factory=dict)  # those of which leads are wanted, and all that it is for


def examine(graph: Graph, own: Settings, setup: Setup) -> list[Check]:
    """Everything that Meta tells: tokens, apps, pages, forms, and whether leads can be read."""
    with ThreadPoolExecutor(HANDFUL) as pool:
        known = list(pool.map(lambda token: known_by(graph, own, token), setup.tokens))
        found = [check for one in known for check in one.checks]
        subscribed = pool.map(lambda app: list(_app(graph, own, setup, app)), apps_of(known))
        looked = pool.map(lambda pair: _page(graph, setup, *pair), pages_of(known))
        found += [check for checks in subscribed for check in checks]
        listed: list[Form] = []
        for forms_found, checks in looked:
            listed += forms_found
            found += checks
    if _all_listed(known, found):
        found += forms.unknown(setup.claimed, listed)
    return found


def known_by(graph: Graph, own: Settings, token: Token) -> Known:
    """What Meta tells of a token, and of which pages it is."""
    access = token.access(own.secrets)
    if access is None:
        return Known(token, [tokens.unset(token)])
    try:
        facts = tokens.ask(graph, access)
    except GraphError as error:
        return Known(token, [tokens.refusal(token, error)])
    checks = list(tokens.judge(token, facts, utcnow()))
    if any(check.code == "token_invalid" for check in checks):
        return Known(token, checks)
    try:
        owned = pages.pages_of(graph, access, facts)
    except GraphError as error:
        owned = {}
        checks += [] if token.pages else [_no_list(token, error)]
    else:
        checks += [] if token.pages or owned else [_no_page(token)]
    return Known(token, checks, facts, _with_wanted(token, access, owned))


def apps_of(known: Iterable[Known]) -> list[App]:
    """The apps of the tokens."""
    return list(dict.fromkeys(App(one.facts.app_id, one.token.secret_name) for one in known if one.facts))


def pages_of(known: Iterable[Known]) -> list[tuple[Page, str]]:
    """Every page once, with the app that is to be subscribed to it; as the token knows it that fetches its leads."""
    found: dict[str, tuple[Page, str]] = {}
    for one in known:
        for page in one.pages.values() if one.facts else ():
            if page.id not in found or (page.wanted and not found[page.id][0].wanted):
                found[page.id] = (page, one.facts.app_id if one.facts else "")
    return list(found.values())


def _app(graph: Graph, own: Settings, setup: Setup, app: App) -> Iterator[Check]:
    return apps.look(graph, app, own.secrets.get(app.secret_name), setup.endpoints, own.public_url)


def _page(graph: Graph, setup: Setup, page: Page, app_id: str) -> tuple[list[Form], list[Check]]:
    subscribed = pages.subscription(graph, page, app_id)
    if not page.wanted or not subscribed.asked or subscribed.code == "page_hidden":
        return [], [subscribed]
    found, checks = forms.look(graph, page, setup.seen)
    return found, [subscribed, *checks]


def _with_wanted(token: Token, access: Access, owned: dict[str, Page]) -> dict[str, Page]:
    """A token's pages, and those of which leads are wanted; that are all of them where nothing tells which."""
    wanted = {page: replace(owned.get(page, Page(page, leads=access)), wanted=True) for page in sorted(token.pages)}
    others = {page: replace(one, wanted=not wanted) for page, one in owned.items() if page not in wanted}
    return wanted | others


def _all_listed(known: Iterable[Known], found: Iterable[Check]) -> bool:
    """Whether the forms of all tokens' pages were listed."""
    whole = all(one.facts and all(page.wanted for page in one.pages.values()) for one in known)
    return whole and all(check.asked and check.code != "page_hidden" for check in found)


def _no_list(token: Token, error: GraphError) -> Check:
    if says_nothing(error):
        return unasked(token.name, error)
    mend = f"Make a token with pages_show_list, and set {token.name}; or name the pages under `match.pages`."
    return failing(FACEBOOK, "pages_unlisted", token.name, f"Its pages can't be listed: {error.message}.", mend)


def _no_page(token: Token) -> Check:
    message = "It is for no page."
    mend = "Give its user, or system user, the pages (Business settings > Accounts > Pages) and make the token anew."
    return failing(FACEBOOK, "no_page", token.name, message, mend)
