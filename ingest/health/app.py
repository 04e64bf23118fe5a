from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ingest.channels.graph import Access, Graph, path_of
from ingest.errors import GraphError
from ingest.health.records import FACEBOOK, Check, failing, ok, says_nothing, unasked, warned

LEADGEN = "leadgen"
_CONNECT = "Run `ingest facebook connect`."
_TOKEN_ERRORS = frozenset({101, 190})


@dataclass(frozen=True, slots=True)
class App:
    """An app at Meta, and the variable that holds its secret."""

    id: str
    secret_name: str

    @property
    def subject(self) -> str:
        """What it is called in checks."""
        return f"app {self.id}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where an app's webhooks for pages go."""

    callback_url: str
    fields: tuple[str, ...]
    active: bool


def app_access(app_id: str, secret: str) -> Access:
    """https://developers.facebook.com/docs/facebook-login/guides/access-tokens#apptokens"""
    return Access(f"{app_id}|{secret}", secret)


def subscription(graph: Graph, app_id: str, secret: str) -> Subscription | None:
    """The subscription of an app to its pages' webhooks; None where there is none. Raises GraphError.

    https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
    """
    for one in graph.pages(path_of(app_id, "subscriptions"), app_access(app_id, secret)):
        if one.get("object") == "page":
            return Subscription(str(one.get("callback_url") or ""), tuple(_fields(one)), one.get("active") is not False)
    return None


def look(
    graph: Graph, app: App, secret: str | None, endpoints: frozenset[str], public_url: str | None
) -> Iterator[Check]:
    """Whether an app tells us of its pages' leads."""
    if secret is None:
        message = f"{app.secret_name} is not set: every webhook of Meta is refused."
        mend = f"Copy the app's secret (App settings > Basic) into {app.secret_name}."
        yield failing(FACEBOOK, "secret_unset", app.subject, message, mend)
        return
    try:
        found = subscription(graph, app.id, secret)
    except GraphError as error:
        yield _refusal(app, error)
        return
    yield _judged(app, found, endpoints, public_url)


def _judged(app: App, found: Subscription | None, endpoints: frozenset[str], public_url: str | None) -> Check:
    subject = app.subject
    if found is None or LEADGEN not in found.fields:
        message = "It is not subscribed to its pages' leads (object page, field leadgen)."
        return failing(FACEBOOK, "app_unsubscribed", subject, message, _CONNECT)
    if not found.active:
        message = "Its subscription is not active: Meta switches off what fails for long."
        return failing(FACEBOOK, "app_inactive", subject, message, _CONNECT)
    if not any(urlsplit(found.callback_url).path.endswith(f"/in/{name}") for name in endpoints):
        message = f"Its webhooks go to {found.callback_url}, which is no endpoint of a facebook mapping here."
        return failing(FACEBOOK, "callback_foreign", subject, message, _CONNECT)
    if public_url and not found.callback_url.startswith(f"{public_url.rstrip('/')}/"):
        message = f"Its webhooks go to {found.callback_url}, and INGEST_PUBLIC_URL is {public_url}."
        mend = "Run `ingest facebook connect`, or set INGEST_PUBLIC_URL right."
        return warned(FACEBOOK, "callback_elsewhere", subject, message, mend)
    return ok(FACEBOOK, "app", subject, f"Subscribed to leads; webhooks go to {found.callback_url}.")


def _refusal(app: App, error: GraphError) -> Check:
    if says_nothing(error):
        return unasked(app.subject, error)
    if error.code in _TOKEN_ERRORS or "appsecret_proof" in error.message:
        message = f"{app.secret_name} is not this app's secret: {error.message}."
        mend = f"Copy the app's secret (App settings > Basic) into {app.secret_name}."
        return failing(FACEBOOK, "secret_wrong", app.subject, message, mend)
    mend = "See to the app at https://developers.facebook.com/apps."
    return failing(FACEBOOK, "app_refused", app.subject, f"Meta does not tell its webhooks: {error.message}.", mend)


def _fields(told: Mapping[str, Any]) -> Iterator[str]:
    """Names, each alone or in an object with its version."""
    fields = told.get("fields")
    for one in fields if isinstance(fields, list) else ():
        yield str(one.get("name") if isinstance(one, Mapping) else one)
