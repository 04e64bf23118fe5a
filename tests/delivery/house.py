from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from ingest.delivery.worker import Worker
from ingest.inbox import Inbox
from ingest.inbox.tables import attempts
from ingest.models import Verdict
from ingest.sandbox import Sandbox
from ingest.settings import Secrets, Settings
from tests.inbox.helpers import event, post, rows, wait_until

FORM = """
channel: form
account: {account}
request:
  campaignName: {campaign}
  destination: "{{{{ lead.phone | phone }}}}"
  userName: "{{{{ lead.name | default('Lead') }}}}"
"""
TWO_ROUTES = """
routes:
  - {name: first, continue: true}
  - {name: second, request: {campaignName: follow_up}}
"""
NO_CREDITS = {"errorMessage": "Insufficient WhatsApp Conversation Credits (WCC)!"}
SECRETS = {
    "AISENSY_API_KEY": "sandbox-default",
    "AISENSY_API_KEY__ACME": "sandbox-acme",
    "FACEBOOK_ACCESS_TOKEN": "token",
    "FACEBOOK_APP_SECRET": "secret",
}


class House:
    """A store, mappings and a worker that sends to a sandbox."""

    def __init__(self, store: str, mappings: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inbox = Inbox(store)
        self.box = box
        self.mappings = mappings
        self.monkeypatch = monkeypatch
        self._threads: list[tuple[Worker, threading.Thread]] = []
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(mappings.parent)
        self.write("website", FORM.format(account="default", campaign="welcome"))

    def write(self, endpoint: str, text: str) -> None:
        """Write a mapping."""
        path = self.mappings / f"{endpoint}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def work(self, name: str = "w1") -> Worker:
        """Start a worker."""
        settings = Settings(
            aisensy_url=self.box.aisensy_url,
            graph_url=self.box.graph_url,
            aisensy_timeout=20,
            mappings=self.mappings,
            secrets=Secrets(),
        )
        worker = Worker(settings, self.inbox, name)
        thread = threading.Thread(target=worker.run)
        self._threads.append((worker, thread))
        thread.start()
        return worker

    def stop(self) -> None:
        """Stop the workers, and wait till they have stopped."""
        for worker, _ in self._threads:
            worker.stop()
        for _, thread in self._threads:
            thread.join()
        self._threads.clear()

    def close(self) -> None:
        """Stop all."""
        self.stop()
        self.inbox.close()

    def lead(self, endpoint: str = "website", account: str = "default", **fields: Any) -> str:
        """A lead of a form that comes now; its id."""
        fields = {"phone": "98765 43210", "name": "Asha Rao"} | fields
        return post(self.inbox, event(endpoint=endpoint, account=account, body=json.dumps(fields).encode()))[0]

    def facebook(self, external_id: str) -> str:
        """A notice of a Facebook lead; its id."""
        body = json.dumps({"leadgen_id": external_id, "page_id": "1", "form_id": "2"}).encode()
        return post(
            self.inbox,
            event(external_id, "facebook:x", endpoint="fb", channel="facebook", body=body, lane="look-up:facebook:1"),
        )[0]

    def outcome(self, lead: str) -> dict[str, Any]:
        """A lead's first delivery as users see it."""
        return self.inbox.outcome_of(lead)[0]

    def until(self, lead: str, status: str, reason: str | None = None) -> dict[str, Any]:
        """A lead's first delivery, once it has that status and reason."""

        def there() -> dict[str, Any] | None:
            told = self.outcome(lead)
            return told if (told["status"], told["reason"]) == (status, reason) else None

        try:
            return wait_until(there, f"{status} {reason}") or {}
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.outcome(lead)}") from error

    def both_sent(self, lead: str) -> bool:
        """Whether both deliveries of a lead were sent."""
        return [one["status"] for one in self.inbox.outcome_of(lead)] == ["sent"] * 2

    def verdicts(self, lead: str) -> list[Verdict]:
        """What the attempts at a lead's first delivery came to, in order."""
        delivery = self.outcome(lead)["id"]
        tries = [row for row in rows(self.inbox, attempts) if row.delivery_id == delivery]
        return [Verdict(row.verdict) for row in sorted(tries, key=lambda row: (row.number, row.verdict))]

    def sent(self) -> list[dict[str, Any]]:
        """The bodies for which a message would have been sent."""
        return [dict(one["body"]) for one in self.box.taken()]
