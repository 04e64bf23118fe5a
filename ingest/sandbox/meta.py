from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from ingest.sandbox import connections
from ingest.sandbox.leads import FORM, PAGE, Leads
from ingest.settings import SANDBOX_SECRETS

MAX_CHANGES = 1_000
MAX_PAUSE = 8.0


@dataclass(frozen=True, slots=True)
class Order:
    """Leads that Meta is to tell somebody: documents of the Graph API, or flat ones."""

    url: str
    leads: Sequence[Mapping[str, Any]]
    app_secret: str = SANDBOX_SECRETS["FACEBOOK_APP_SECRET"]
    page_id: str = PAGE
    form_id: str = FORM
    batch: int = MAX_CHANGES  # changes in a POST
    retries: int = 5
    pause: float = 0.5  # seconds before the first retry; each later one waits twice as long
    timeout: float = 10.0


def handshake(url: str, verify_token: str, timeout: float = 10.0) -> dict[str, Any]:
    """Call an endpoint as Meta does when a webhook is set up: `{"ok": …, "status": …, "answer": …}`."""
    challenge = str(secrets.randbelow(10**10))
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        with _session() as session:
            response = session.get(url, params=asked, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return {"ok": False, "status": None, "answer": type(error).__name__}
    return {
        "ok": response.status_code == 200 and response.text == challenge,
        "status": response.status_code,
        "answer": response.text[:500],
    }


def play(leads: Leads, order: Order, stopping: threading.Event) -> dict[str, Any]:
    """Create the leads, then tell them by signed webhooks, again after a while where the answer is not 200.

    Gives `{"ids": [...], "deliveries": [{"ids": [...], "status": 200, "attempts": 1}]}`; status is None for no answer.
    """
    documents = [leads.add(lead, order.page_id, order.form_id) for lead in order.leads]
    size = min(max(order.batch, 1), MAX_CHANGES)
    leads.connect(connections.told(order.url, {document["page_id"] for document in documents}))
    groups = [documents[start : start + size] for start in range(0, len(documents), size)]
    with _session() as session:
        deliveries = [_tell(session, order, group, stopping) for group in groups]
    return {"ids": [document["id"] for document in documents], "deliveries": deliveries}


def webhook(documents: Iterable[Mapping[str, Any]]) -> bytes:
    """The body that tells these leads: an entry for each page, a change for each lead; ASCII only, as Meta signs it."""
    now = int(time.time())
    entries: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        ids = {"leadgen_id": document["id"], "page_id": document["page_id"], "form_id": document["form_id"]}
        ads = {"ad_id": document["ad_id"], "adgroup_id": document["ad_id"]} if document.get("ad_id") else {}
        change = {"field": "leadgen", "value": {**ids, **ads, "created_time": now}}
        entries.setdefault(document["page_id"], []).append(change)
    entry = [{"id": page_id, "time": now, "changes": changes} for page_id, changes in entries.items()]
    return json.dumps({"object": "page", "entry": entry}, separators=(",", ":")).encode()


def sign(body: bytes, app_secret: str) -> str:
    """The header X-Hub-Signature-256."""
    return f"sha256={hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()}"


def _tell(
    session: requests.Session, order: Order, documents: Sequence[Mapping[str, Any]], stopping: threading.Event
) -> dict[str, Any]:
    body = webhook(documents)
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, order.app_secret)}
    status, attempts, pause = None, 0, order.pause
    while attempts <= order.retries:
        attempts += 1
        try:
            status = session.post(
                order.url, data=body, headers=headers, timeout=order.timeout, allow_redirects=False
            ).status_code
        except requests.RequestException:
            status = None
        if status == 200 or attempts > order.retries or stopping.wait(pause):
            break
        pause = min(pause * 2, MAX_PAUSE)
    return {"ids": [document["id"] for document in documents], "status": status, "attempts": attempts}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "facebookexternalua"
    return session
