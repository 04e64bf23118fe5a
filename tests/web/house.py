from __future__ import annotations

import hashlib
import hmac
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ingest.app import create_app
from ingest.inbox import Inbox
from ingest.settings import Secrets, Settings
from ingest.web.site import NAME, Site
from tests.stores import new_sqlite

REQUEST = """
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
"""
SECRET = "a secret of the tests"
FORM = f"channel: form{REQUEST}"
ZAPIER = f"channel: zapier\nauth: {{token: ZAPIER_TOKEN}}{REQUEST}"
ELEMENTOR = f"channel: elementor\nauth: {{token: ELEMENTOR_TOKEN}}{REQUEST}"
GOOGLE_ADS = f"channel: google_ads\nauth: {{google_key: GOOGLE_ADS_KEY}}{REQUEST}"
FACEBOOK = f"channel: facebook{REQUEST}"
BEARER = {"Authorization": f"Bearer {SECRET}"}
PAYLOADS = Path(__file__).parents[1] / "payloads"


class House:
    """The whole web side on a store of its own, with the mappings that a test gives it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._inboxes: list[Inbox] = []
        self.folder = folder
        self.store = new_sqlite(folder / "store.db")

    def open(self, mappings: Mapping[str, str], secrets: Mapping[str, str] | None = None, **settings: Any) -> Flask:
        """Start it, or start it again on the same store. Every secret is SECRET where none is given."""
        names = ("FACEBOOK_APP_SECRET", "FACEBOOK_VERIFY_TOKEN", "ZAPIER_TOKEN")
        for name, value in (dict.fromkeys(names, SECRET) if secrets is None else secrets).items():
            self._monkeypatch.setenv(name, value)
        for name, text in mappings.items():
            self.write(name, text)
        inbox = Inbox(self.store)
        self._inboxes.append(inbox)
        here = Settings(database_url=self.store, mappings=self.folder / "mappings", secrets=Secrets(), **settings)
        return create_app(here, inbox)

    def client(self, mappings: Mapping[str, str], **more: Any) -> FlaskClient:
        """A client of it."""
        return self.open(mappings, **more).test_client()

    def write(self, name: str, text: str) -> None:
        """Write a mapping."""
        path = self.folder / "mappings" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def close(self) -> None:
        """Close the stores."""
        for inbox in self._inboxes:
            inbox.close()


@contextmanager
def house_in(folder: Path) -> Iterator[House]:
    """A house in a folder, for tests that can't use the fixture."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        house = House(folder, monkeypatch)
        yield house
        house.close()


def site_of(app: Flask) -> Site:
    """The site of an app."""
    site: Site = app.extensions[NAME]
    return site


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header by which Meta signs."""
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def stored(app: Flask) -> list[dict[str, Any]]:
    """What the store has, the oldest first: endpoint, body, external id and the delivery's reason."""
    from sqlalchemy import text

    query = text(
        "SELECT e.id, e.endpoint, e.channel, e.external_id, e.body, d.status, d.reason"
        " FROM events e JOIN deliveries d ON d.event_id = e.id ORDER BY e.received_at, e.id"
    )
    with site_of(app).inbox.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]
