"""What apps and pages are subscribed to, as Meta tells it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.sandbox.leads import APP


def app(fields: Sequence[str]) -> dict[str, Any]:
    """A page's subscription, as the page tells it."""
    return {"id": APP, "name": "Sandbox", "subscribed_fields": list(fields)}


def webhook(url: str, fields: Sequence[str]) -> dict[str, Any]:
    """An app's subscription, as the app tells it."""
    named = [{"name": name, "version": "v26.0"} for name in fields]
    return {"object": "page", "callback_url": url, "fields": named, "active": True}


def told(url: str, pages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The subscriptions without which no webhook of these pages would come to an address."""
    return {APP: webhook(url, ["leadgen"]), **{page: app(["leadgen"]) for page in pages}}
