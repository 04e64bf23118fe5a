from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

import click

from ingest import settings
from ingest.channels.graph import Graph
from ingest.cli.doctor import sandboxed
from ingest.cli.facebook_lines import lines
from ingest.cli.facebook_needs import USER_TOKEN, Needs, gather
from ingest.cli.printing import shown
from ingest.cli.store import sandbox_option
from ingest.errors import GraphError
from ingest.health import app as apps
from ingest.health import pages as looks
from ingest.health import tokens
from ingest.health.app import App
from ingest.health.connecting import UNREACHED, Webhook, subscribe_app, subscribe_page
from ingest.health.pages import Page
from ingest.health.records import Check, Health, worst
from ingest.health.setup import Token
from ingest.health.tokens import TokenFacts
from ingest.models import utcnow


@click.group()
def facebook() -> None:
    """Set up Facebook.

    \b
    Example:
      ingest facebook connect
    """


@facebook.command()
@click.option("--token-file", type=click.File(), help=f"Read the token from a file, or - ; else it is {USER_TOKEN}.")
@click.option("--endpoint", help="The mapping that takes the leads, where several have the channel facebook.")
@click.option("--page", "wanted", multiple=True, metavar="ID", help="Only this page; may be given several times.")
@click.option("--yes", is_flag=True, help="Subscribe without asking.")
@sandbox_option
def connect(
    token_file: TextIO | None, endpoint: str | None, wanted: tuple[str, ...], *, yes: bool, sandbox: bool
) -> None:
    """Subscribe the app, and the pages of a user's or system user's token, to leads; print the lines for .env.

    It asks before it changes anything at Facebook. Standard output has the lines, with the pages' tokens in them, and
    nothing else. The token that you give is neither shown nor kept.

    \b
    Example:
      ingest facebook connect >> .env
    """
    own = sandboxed(settings.load(), sandbox=sandbox)
    needs = gather(own, endpoint, token_file)
    graph = Graph(own.graph_url)
    try:
        facts = _facts(graph, needs)
        webhook = Webhook(facts.app_id, needs.url, needs.app_secret, needs.verify_token)
        pages = _pages(graph, needs, facts, wanted)
        _connect_app(graph, webhook, facts, yes=yes)
        chosen = [page for page in pages if _connect_page(graph, page, facts.app_id, yes=yes)]
        checks = list(_verified(graph, needs, webhook, chosen))
    except GraphError as error:
        raise click.ClickException(_said(error, needs)) from None
    finally:
        graph.close()
    for line in lines(needs, own.secrets, chosen):
        click.echo(line)
    for check in checks:
        _tell(check)
    if chosen:
        _say("Put the lines of standard output into .env; then `ingest doctor` looks at everything.")
    sys.exit(1 if worst(checks) is Health.FAULT else 0)


def _facts(graph: Graph, needs: Needs) -> TokenFacts:
    """What Meta tells of the token. Raises ClickException where it is of no use."""
    token = Token(USER_TOKEN, needs.secret_name, frozenset())
    try:
        facts = tokens.ask(graph, needs.access)
    except GraphError as error:
        check = tokens.refusal(token, error)
        raise click.ClickException(f"{check.message} {check.mend}") from None
    if facts.kind == "PAGE":
        raise click.ClickException("This is a page's token: connecting needs a user's, or a system user's.")
    checks = list(tokens.judge(token, facts, utcnow()))
    for check in checks:
        _tell(check)
    codes = {check.code for check in checks}
    if "token_invalid" in codes:
        raise click.ClickException("Nothing was changed.")
    if "token_expires" in codes:
        _say("The pages' tokens may end with it.")
    return facts


def _pages(graph: Graph, needs: Needs, facts: TokenFacts, wanted: Sequence[str]) -> list[Page]:
    """The pages that can be connected. Raises ClickException, GraphError."""
    found = looks.pages_of(graph, needs.access, facts)
    for page in found.values():
        _say(f"  {page.id}  {page.name}")
    missing = sorted(set(wanted) - set(found))
    if missing or not found:
        what = f"The token is not for the page {missing[0]}." if missing else "The token is for no page."
        raise click.ClickException(f"{what} Give its user the page (Business settings), and make the token anew.")
    chosen = [page for page in found.values() if not wanted or page.id in wanted]
    for page in chosen:
        if page.own is None:
            _say(f"`{page.name}` is left out: the token gets no token of its own for it (pages_show_list).")
    return [page for page in chosen if page.own]


def _connect_app(graph: Graph, webhook: Webhook, facts: TokenFacts, *, yes: bool) -> None:
    """Subscribe the app, where it is not, and it is wanted. Raises Abort, GraphError."""
    before = apps.subscription(graph, webhook.app_id, webhook.secret)
    name = f"The app {facts.app_name} ({webhook.app_id})"
    if webhook.is_there(before):
        _say(f"{name} is subscribed already: {webhook.url}")
        return
    if before and before.callback_url != webhook.url:
        _say(f"{name} now posts to {before.callback_url}; it will post here instead.")
    if yes or click.confirm(
        f"Subscribe {name[0].lower()}{name[1:]} to leads, posted to {webhook.url}?", True, err=True
    ):
        subscribe_app(graph, webhook, before)


def _connect_page(graph: Graph, page: Page, app_id: str, *, yes: bool) -> bool:
    """Subscribe a page, where it is not, and it is wanted; tells whether it is to be connected. Raises GraphError."""
    before = looks.subscribed_fields(graph, page, app_id)
    if before and apps.LEADGEN in before:
        _say(f"`{page.name}` ({page.id}) is subscribed already.")
        return True
    if not yes and not click.confirm(shown(f"Subscribe `{page.name}` ({page.id}) to leads?"), True, err=True):
        return False
    if page.own:
        subscribe_page(graph, page, page.own, before or ())
    return True


def _verified(graph: Graph, needs: Needs, webhook: Webhook, chosen: Sequence[Page]) -> Iterator[Check]:
    """How app and pages stand now, as Meta tells."""
    app = App(webhook.app_id, needs.secret_name)
    yield from apps.look(graph, app, webhook.secret, frozenset({needs.endpoint}), None)
    yield from (looks.subscription(graph, page, webhook.app_id) for page in chosen)


def _said(error: GraphError, needs: Needs) -> str:
    if error.code != UNREACHED:
        return f"{error.message}. What was done before stays; run it again."
    return (
        f"Meta called {needs.url} and did not get its challenge back: the program must run there (`ingest run`), be"
        " reachable from the internet, and have the same verify token. Then run this again."
    )


def _tell(check: Check) -> None:
    mend = f"\n  → {check.mend}" if check.mend else ""
    word = "OK" if check.verdict is Health.OK else check.verdict
    _say(f"{word}: {check.subject}: {check.message}{mend}")


def _say(text: str) -> None:
    """To standard error: standard output is for the lines."""
    click.echo("\n".join(map(shown, text.split("\n"))), err=True)


COMMANDS = {"facebook": facebook}
