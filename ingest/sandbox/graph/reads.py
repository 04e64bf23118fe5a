from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.sandbox.graph.errors import Answer, gone
from ingest.sandbox.graph.lists import kept, page, pick
from ingest.sandbox.graph.tokens import debug
from ingest.sandbox.leads import PAGE_TOKEN
from ingest.sandbox.state import State


def read(state: State, path: str, args: Mapping[str, str], base: str, token: str) -> Answer:
    """The answer to `GET /{path}?{args}`; `base` is the address before the path."""
    head, _, edge = path.strip("/").partition("/")
    leads = state.leads
    if head == "debug_token":
        return debug(state, args.get("input_token", ""))
    kind = edge or leads.kind_of(head)
    refused = state.access.refused(token, kind, leads.page_of(head), head)
    if refused:
        return refused
    if edge in {"subscriptions", "subscribed_apps"}:
        return 200, {"data": leads.subscribed(head)}
    if edge:
        items = _list(state, head, edge)
        return gone(path) if items is None else page(items, args, f"{base}/{path.strip('/')}", token)
    found = leads.find(head)
    if found is None:
        return gone(path)
    if kind == "lead":
        leads.note_read(head)
    if kind == "page":
        found["access_token"] = f"{PAGE_TOKEN}{head}"
        found["has_lead_access"] = _lead_access(head, head not in state.access.hidden)
    return 200, pick(found, args.get("fields"))


def _list(state: State, head: str, edge: str) -> list[dict[str, Any]] | None:
    if edge == "leads":
        found = state.leads.of_form(head)
        hidden = state.leads.page_of(head) in state.access.hidden
        return None if found is None else [] if hidden else kept(found)  # kept from us without a word
    if edge == "leadgen_forms":
        return state.leads.forms_of(head)
    if head == "me" and edge == "accounts":
        return state.leads.pages()
    return None


def _lead_access(page_id: str, allowed: bool) -> dict[str, Any]:
    """https://developers.facebook.com/docs/graph-api/reference/has-lead-access"""
    return {
        "page_id": page_id,
        "app_has_leads_permission": allowed,
        "can_access_lead": allowed,
        "enabled_lead_access_manager": not allowed,
        "user_has_leads_permission": allowed,
    }
