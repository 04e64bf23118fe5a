from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest import settings
from ingest.channels import KINDS
from ingest.health import doctor
from ingest.health.records import Check, Health
from ingest.inbox import Inbox
from ingest.mapping import loader
from ingest.models import Event, Status, Via, utcnow
from ingest.sandbox import Sandbox, connections
from ingest.settings import Settings
from tests.inbox.helpers import event, post, set_all

PAGE, FORM = "153125381133", "447333180259108"
CALLBACK = "https://leads.example/in/fb"
FACEBOOK = """
channel: facebook
request:
  campaignName: welcome_lead
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
"""
SECRETS = {
    "FACEBOOK_ACCESS_TOKEN": "user-token",
    "FACEBOOK_APP_SECRET": "app-secret-of-ours",
    "FACEBOOK_VERIFY_TOKEN": "verify-me-please",
    "AISENSY_API_KEY": "sandbox-default",
}


class Clinic:
    """A folder with one facebook mapping, a store, and a sandbox in which its page is connected and strict."""

    def __init__(self, store: str, folder: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box, self.folder, self.monkeypatch = box, folder, monkeypatch
        self.inbox = Inbox(store)
        monkeypatch.chdir(folder)
        for name, value in {
            **SECRETS,
            "DATABASE_URL": store,
            "AISENSY_URL": box.aisensy_url,
            "FACEBOOK_GRAPH_URL": box.graph_url,
            "INGEST_PUBLIC_URL": "https://leads.example",
        }.items():
            monkeypatch.setenv(name, value)
        self.write("fb", FACEBOOK)
        box.state.tokens = frozenset({"user-token"})
        box.state.app_secret = "app-secret-of-ours"
        box.state.leads.name(FORM, PAGE, "Diwali", "Acme")
        box.state.leads.connect(connections.told(CALLBACK, [PAGE]))

    def write(self, endpoint: str, text: str) -> None:
        """Write a mapping."""
        (self.folder / "mappings").mkdir(exist_ok=True)
        (self.folder / "mappings" / f"{endpoint}.yaml").write_text(text)

    @property
    def own(self) -> Settings:
        """The settings as the environment has them."""
        return settings.load()

    def examine(self) -> list[Check]:
        """What the doctor finds."""
        own = self.own
        return doctor.examine(own, loader.load(own.mappings, KINDS, "IN"), self.inbox)

    def found(self) -> dict[str, Check]:
        """What the doctor finds that is not well, by its code."""
        return {one.code: one for one in self.examine() if one.verdict is not Health.OK}

    def leads(self, *ages: timedelta, form_id: str = FORM, page_id: str = PAGE, via: Via = Via.WEBHOOK) -> None:
        """Leads of a form that came so long ago, and were sent."""
        post(self.inbox, *(self.lead(utcnow() - age, form_id, page_id, via) for age in ages))
        set_all(self.inbox, status=Status.SENT, due_at=None)

    def lead(self, at: datetime, form_id: str, page_id: str, via: Via) -> Event:
        """A lead of a form."""
        body = json.dumps({"leadgen_id": f"{at.timestamp()}", "page_id": page_id, "form_id": form_id}).encode()
        ids = {"form_id": form_id, "page_id": page_id, "via": via}
        return event(endpoint="fb", channel="facebook", received_at=at, body=body, lane="x", **ids)
