from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from ingest.sandbox.graph.errors import Answer, error

MAX_PAGE = 100
KEPT = 90 * 86_400  # seconds: what Meta gives no more of a form's leads
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GREATER_THAN": lambda left, right: left > right,
    "GREATER_THAN_OR_EQUAL": lambda left, right: left >= right,
    "LESS_THAN": lambda left, right: left < right,
    "LESS_THAN_OR_EQUAL": lambda left, right: left <= right,
}


def kept(leads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The leads that Meta still has."""
    oldest = time.time() - KEPT
    return [lead for lead in leads if _created(lead) >= oldest]


def page(items: Sequence[Mapping[str, Any]], args: Mapping[str, str], address: str, token: str) -> Answer:
    """One page of a list: https://developers.facebook.com/docs/graph-api/results

    As at Meta, the address of the next one has the token in it.
    """
    try:
        found = [item for item in items if _passes(item, json.loads(args.get("filtering") or "[]"))]
        limit = min(max(int(args.get("limit") or 25), 1), MAX_PAGE)
        start = _place(found, args.get("after"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return error("(#100) Invalid parameter: limit, filtering or after", 100)
    shown = found[start : start + limit]
    if not shown:
        return 200, {"data": []}
    paging: dict[str, Any] = {"cursors": {"before": _cursor(shown[0]), "after": _cursor(shown[-1])}}
    if start + limit < len(found):
        rest = {name: value for name, value in args.items() if name not in {"after", "access_token"}}
        given = {"access_token": token, **rest, "limit": str(limit), "after": _cursor(shown[-1])}
        paging["next"] = f"{address}?{urlencode(given)}"
    return 200, {"data": [pick(item, args.get("fields")) for item in shown], "paging": paging}


def pick(found: Mapping[str, Any], fields: str | None) -> dict[str, Any]:
    """What was asked for of an object, else what Meta shows unasked."""
    asked = {"id", *(name.strip().partition(".")[0] for name in fields.split(","))} if fields else _unasked(found)
    return {name: value for name, value in found.items() if name in asked}


def _unasked(found: Mapping[str, Any]) -> set[str]:
    if "field_data" in found:
        return {"id", "created_time", "field_data"}
    return set(found) if "tasks" in found else {"id", "name", "status", "locale"}  # a person's pages are shown whole


def _passes(item: Mapping[str, Any], filters: list[dict[str, Any]]) -> bool:
    return all(_holds(item, one) for one in filters)


def _holds(item: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    if one["field"] != "time_created":
        raise ValueError(one["field"])
    return _COMPARE[one["operator"]](_created(item), float(one["value"]))


def _created(item: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(item["created_time"]).timestamp()


def _cursor(item: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(str(item["id"]).encode()).decode()


def _place(items: Sequence[Mapping[str, Any]], after: str | None) -> int:
    """Where a page begins. Raises ValueError for a cursor of nothing."""
    if not after:
        return 0
    return [str(item["id"]) for item in items].index(urlsafe_b64decode(after).decode()) + 1
