from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from ingest.sandbox import connections
from ingest.sandbox.leads import DOCUMENT, FORM, PAGE, Leads
from ingest.sandbox.webhooks import sign, webhook
from ingest.settings import SANDBOX_SECRETS

MAX_CHANGES = 1_000
MAX_PAUSE = 8.0
_TESTED = ("id", "created_time", "form_id", "page_id", "platform", "custom_disclaimer_responses")
_RANDOM = random.Random()  # noqa: S311 - picks which leads are not told


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
    test: bool = False  # what Meta's own tool makes: each answer a dummy, without an ad
    days_ago: float | None = None  # how long ago they were made
    drop: float = 0.0  # how many are not told: a share below 1, or a number of them
    repeat: int = 1  # how often each POST comes
    odd: Sequence[str] = ()  # see `webhooks.ODDITIES`


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

    Gives `{"ids": [...], "dropped": [...], "deliveries": [{"ids": [...], "status": 200, "attempts": 1}]}`; status is
    None for no answer.
    """
    made = (_test_lead(lead) for lead in order.leads) if order.test else order.leads
    documents = [leads.add(lead, order.page_id, order.form_id, order.days_ago) for lead in made]
    leads.connect(connections.told(order.url, {document["page_id"] for document in documents}))
    count = round(len(documents) * order.drop) if order.drop < 1 else min(int(order.drop), len(documents))
    dropped = {document["id"] for document in _RANDOM.sample(documents, count)}
    told = [document for document in documents if document["id"] not in dropped]
    size = min(max(order.batch, 1), MAX_CHANGES)
    groups = [told[start : start + size] for start in range(0, len(told), size)]
    posts = [(group, webhook(group, order.odd)) for group in groups]
    with _session() as session:
        deliveries = [_tell(session, order, *post, stopping) for post in posts for _ in range(order.repeat)]
    ids = [document["id"] for document in documents]
    return {"ids": ids, "dropped": [one for one in ids if one in dropped], "deliveries": deliveries}


def _test_lead(lead: Mapping[str, Any]) -> dict[str, Any]:
    """What Meta's testing tool answers to a form's questions.

    https://developers.facebook.com/docs/marketing-api/guides/lead-ads/testing-troubleshooting
    """
    answered = [str(one.get("name")) for one in lead.get("field_data", ())] or [
        name for name in lead if name not in DOCUMENT
    ]
    dummies = {name: "test@meta.com" if name == "email" else f"<test lead: dummy data for {name}>" for name in answered}
    return {**dummies, **{name: lead[name] for name in _TESTED if name in lead}, "is_organic": True}


def _tell(
    session: requests.Session,
    order: Order,
    documents: Sequence[Mapping[str, Any]],
    body: bytes,
    stopping: threading.Event,
) -> dict[str, Any]:
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
