"""Subscribes apps and pages; whatever they are subscribed to already stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.channels.graph import Access, Graph, path_of
from ingest.health.app import LEADGEN, Subscription, app_access
from ingest.health.pages import Page

UNREACHED = 2200
"""Meta's code where it called the webhook's address and did not get its challenge back."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an app's webhooks are to go."""

    app_id: str
    url: str
    secret: str = field(repr=False)
    verify_token: str = field(repr=False)

    def is_there(self, found: Subscription | None) -> bool:
        """Whether the app is subscribed so already."""
        return bool(found and found.active and found.callback_url == self.url and LEADGEN in found.fields)


def subscribe_app(graph: Graph, webhook: Webhook, before: Subscription | None) -> None:
    """Have an app's webhooks come here; Meta calls the address at once. Raises GraphError.

    https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
    """
    graph.post(
        path_of(webhook.app_id, "subscriptions"),
        app_access(webhook.app_id, webhook.secret),
        object="page",
        callback_url=webhook.url,
        verify_token=webhook.verify_token,
        fields=_with_leads(before.fields if before else ()),
    )


def subscribe_page(graph: Graph, page: Page, access: Access, before: Iterable[str]) -> None:
    """Have a page tell its app of leads, with the page's own token. Raises GraphError.

    https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
    """
    graph.post(path_of(page.id, "subscribed_apps"), access, subscribed_fields=_with_leads(before))


def _with_leads(fields: Iterable[str]) -> str:
    """What is subscribed to: Meta forgets what is not named again."""
    return ",".join(dict.fromkeys([*fields, LEADGEN]))
