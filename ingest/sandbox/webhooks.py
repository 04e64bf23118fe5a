"""https://developers.facebook.com/docs/graph-api/webhooks/getting-started/webhooks-for-leadgen"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

ODDITIES = ("entry_0", "numbers", "unknown")
"""How webhooks may look besides: `entry.id` is "0", ids are numbers, there is more than the documentation tells."""


def webhook(documents: Iterable[Mapping[str, Any]], odd: Collection[str] = ()) -> bytes:
    """The body that tells these leads: an entry for each page, a change for each lead; ASCII only, as Meta signs it."""
    now = int(time.time())
    entries: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        entries.setdefault(document["page_id"], []).append(_change(document, now, odd))
    entry = [_entry(page_id, changes, now, odd) for page_id, changes in entries.items()]
    return json.dumps({"object": "page", "entry": entry}, separators=(",", ":")).replace("/", "\\/").encode()


def sign(body: bytes, app_secret: str) -> str:
    """The header X-Hub-Signature-256."""
    return f"sha256={hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()}"


def _entry(page_id: str, changes: list[dict[str, Any]], now: int, odd: Collection[str]) -> dict[str, Any]:
    if "unknown" in odd:
        changes = [{"field": "feed", "value": {"item": "like", "verb": "add"}}, *changes]
    shown = "0" if "entry_0" in odd else page_id
    return {"id": _id(shown, odd), "time": now, "changes": changes}


def _change(document: Mapping[str, Any], now: int, odd: Collection[str]) -> dict[str, Any]:
    ad = document.get("ad_id")
    ids = {"leadgen_id": document["id"], "page_id": document["page_id"], "form_id": document["form_id"]}
    ads = {"ad_id": ad, "adgroup_id": ad} if ad else {}
    more = {"note": "Diwali 🪔 10/10", "is_new": True, "extra": {"nested": [1, None]}} if "unknown" in odd else {}
    told = {name: _id(value, odd) for name, value in {**ids, **ads}.items()}
    return {"field": "leadgen", "value": {**told, "created_time": now, **more}}


def _id(value: Any, odd: Collection[str]) -> Any:
    return int(value) if "numbers" in odd and str(value).isdecimal() else value
