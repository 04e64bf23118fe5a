from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ingest.sandbox.graph.errors import Answer, forbidden, gone

SCOPES = (
    "leads_retrieval",
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_metadata",
    "pages_manage_ads",
    "ads_management",
)
_NEEDS = {
    "lead": (200, "leads_retrieval"),
    "leads": (200, "leads_retrieval"),
    "leadgen_forms": (200, "pages_manage_ads"),
    "subscribed_apps": (200, "pages_manage_metadata"),
    "accounts": (200, "pages_show_list"),
    "page": (10, "pages_read_engagement"),
}
"""The permission that each kind of thing wants, and the code of the error without it."""


@dataclass(slots=True)
class Access:
    """What was told of tokens and pages; all others may do everything, for ever. Threads may share it."""

    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)  # what `debug_token` tells of them
    denied: dict[str, int] = field(default_factory=dict)  # page -> the code of the error that all of it answers
    hidden: set[str] = field(default_factory=set)  # pages whose leads Meta's Lead Access Manager keeps from us

    def tell(self, token: str, **facts: Any) -> None:
        """What `debug_token` tells of a token, and what follows from it: `expires_at`, `scopes`, `is_valid`, …"""
        self.tokens[token] = {**self.tokens.get(token, {}), **facts}

    def facts(self, token: str) -> dict[str, Any]:
        """What is known of a token."""
        usual = {"expires_at": 0, "data_access_expires_at": 0, "is_valid": True, "scopes": list(SCOPES)}
        return {**usual, **self.tokens.get(token, {})}

    def is_over(self, token: str) -> bool:
        """Whether a token has expired."""
        return 0 < float(self.facts(token)["expires_at"]) <= time.time()

    def page(self, page_id: str, denied: int | None, lead_access: bool) -> None:
        """What may be had of a page."""
        self.denied.pop(page_id, None)
        self.hidden.discard(page_id)
        if denied is not None:
            self.denied[page_id] = denied
        if not lead_access:
            self.hidden.add(page_id)

    def refused(self, token: str, kind: str, page_id: str | None, object_id: str) -> Answer | None:
        """Why a token may not read something of a page: a lead, its list of forms, its name; None where it may."""
        code, permission = _NEEDS.get(kind, (0, ""))
        if page_id in self.denied:
            return forbidden(self.denied[page_id], permission)
        if permission and permission not in self.facts(token)["scopes"]:
            return forbidden(code, permission)
        return gone(object_id) if kind == "lead" and page_id in self.hidden else None
