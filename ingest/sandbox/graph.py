from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, request

from ingest.sandbox import connections, meta
from ingest.sandbox.state import State
from ingest.sandbox.views import answer, record, said, state

graph = Blueprint("graph", __name__)

Answer = tuple[int, Any]

MAX_BATCH = 50
MAX_PAGE = 100
VERSION = r"v\d+\.\d+"
_SECRETS = {"access_token", "appsecret_proof", "input_token", "verify_token"}
_SCOPES = [
    "leads_retrieval",
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_metadata",
    "pages_manage_ads",
    "ads_management",
]
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GREATER_THAN": lambda left, right: left > right,
    "GREATER_THAN_OR_EQUAL": lambda left, right: left >= right,
    "LESS_THAN": lambda left, right: left < right,
    "LESS_THAN_OR_EQUAL": lambda left, right: left <= right,
}


def error(message: str, code: int, subcode: int | None = None, status: int = 400) -> Answer:
    """An error as the Graph API tells it."""
    told = {"message": message, "type": "OAuthException" if code in {102, 104, 190} else "GraphMethodException"}
    numbers = {"code": code} | ({} if subcode is None else {"error_subcode": subcode})
    return status, {"error": {**told, **numbers, "fbtrace_id": "Sandbox"}}


def gone(object_id: str) -> Answer:
    """Meta tells nobody whether an object is gone or hidden."""
    return error(
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        100,
        33,
    )


def refused(state: State, token: str, proof: str) -> Answer | None:
    """The error of a call without the right token and proof; None where they are right."""
    if not token:
        return error("An access token is required to request this resource.", 104, status=401)
    if not connections.is_known(state, token):
        return error("Invalid OAuth access token - Cannot parse access token", 190, 463, status=401)
    if state.app_secret is not None:
        right = hmac.new(state.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), proof.encode()):
            return error("Invalid appsecret_proof provided in the API argument", 100)
    return None


def read(state: State, path: str, args: Mapping[str, str], base: str) -> Answer:
    """The answer to `GET /{path}?{args}`; `base` is the address before the path."""
    head, _, edge = path.strip("/").partition("/")
    if head == "debug_token":
        return 200, {"data": connections.debug_token(state, args.get("input_token", ""), _SCOPES)}
    if (head, edge) == ("me", "accounts"):
        return _page(state.leads.pages(), args, f"{base}/me/accounts")
    if edge in {"subscriptions", "subscribed_apps"}:
        return 200, {"data": state.leads.subscribed(head)}
    if edge == "leads":
        leads = state.leads.of_form(head)
        return gone(head) if leads is None else _page(leads, args, f"{base}/{head}/leads")
    if edge == "leadgen_forms":
        forms = state.leads.forms_of(head)
        return gone(head) if forms is None else _page(forms, args, f"{base}/{head}/leadgen_forms")
    found = None if edge else state.leads.find(head)
    return gone(path) if found is None else (200, _pick(found, args.get("fields")))


def _pick(found: Mapping[str, Any], fields: str | None) -> dict[str, Any]:
    default = ("id", "created_time", "field_data") if "field_data" in found else tuple(found)
    asked = {"id", *(name.strip() for name in fields.split(","))} if fields else set(default)
    return {name: value for name, value in found.items() if name in asked}


def _page(items: list[dict[str, Any]], args: Mapping[str, str], address: str) -> Answer:
    try:
        kept = [item for item in items if _passes(item, json.loads(args.get("filtering") or "[]"))]
        limit = min(max(int(args.get("limit") or 25), 1), MAX_PAGE)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return error("Invalid parameter: limit or filtering", 100)
    after = args.get("after")
    ids = [str(item["id"]) for item in kept]
    start = ids.index(after) + 1 if after in ids else 0
    page = list(islice(kept, start, start + limit))
    if not page:
        return 200, {"data": []}
    paging: dict[str, Any] = {"cursors": {"before": page[0]["id"], "after": page[-1]["id"]}}
    if start + limit < len(kept):
        rest = {name: value for name, value in args.items() if name != "after"}
        paging["next"] = f"{address}?{urlencode({**rest, 'after': page[-1]['id']})}"
    return 200, {"data": [_pick(item, args.get("fields")) for item in page], "paging": paging}


def _passes(item: Mapping[str, Any], filters: list[dict[str, Any]]) -> bool:
    return all(
        one["field"] == "time_created"
        and _COMPARE[one["operator"]](datetime.fromisoformat(item["created_time"]).timestamp(), float(one["value"]))
        for one in filters
    )


def _arguments() -> dict[str, str]:
    found = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    given = {**request.args.to_dict(), **(found if isinstance(found, dict) else {})}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def _token(args: Mapping[str, str]) -> str:
    bearer = request.headers.get("Authorization", "")
    return bearer[7:].strip() if bearer.lower().startswith("bearer ") else args.get("access_token", "")


def _misplaced(box: State, token: str) -> Answer | None:
    """The error of a token of the wrong kind."""
    wrong = connections.misplaced(box, request.path, token)
    return error(*wrong) if wrong else None


def _answered(args: Mapping[str, str], work: Callable[[], Answer], lead: str | None = None) -> Response:
    """Answer a call: the fault that is meant for it, else the error of its token, else what `work` gives."""
    box = state()
    fault = box.faults.pick("graph") or (box.faults.pick("graph", lead=lead) if lead else None)
    told = refused(box, _token(args), args.get("appsecret_proof", "")) or _misplaced(box, _token(args))
    status, body = said(fault, *(told or (work() if fault is None or fault.processes else (500, {}))))
    shown = {name: "***" if name in _SECRETS else value for name, value in args.items()}
    record("graph", shown, status=status, answer=body, fault=str(fault) if fault else None)
    return answer(status, body, fault)


@graph.get("/<version:version>/<path:path>")
def get(version: str, path: str) -> Response:
    """One look-up."""
    args = _arguments()
    return _answered(args, lambda: read(state(), path, args, f"{request.host_url}{version}"), lead=path)


@graph.post("/<version:version>/", strict_slashes=False)
def batch(version: str) -> Response:
    """Up to 50 look-ups at once, each answered on its own."""
    args = _arguments()
    return _answered(args, lambda: _batch(state(), args, f"{request.host_url}{version}"))


def _batch(box: State, args: Mapping[str, str], base: str) -> Answer:
    try:
        calls = json.loads(args.get("batch", ""))
    except (ValueError, RecursionError):
        calls = None
    if not isinstance(calls, list) or not calls:
        return error("Invalid batch parameter: a JSON array is expected", 100)
    if len(calls) > MAX_BATCH:
        return error(f"Too many requests in batch message. Maximum batch size is {MAX_BATCH}", 100)
    with_headers = args.get("include_headers", "true").lower() not in {"false", "0"}
    return 200, [_batched(box, call, base, with_headers) for call in calls]


def _batched(box: State, call: Any, base: str, with_headers: bool) -> dict[str, Any] | None:
    if isinstance(call, dict) and call.get("method", "GET") == "GET":
        path, _, query = str(call.get("relative_url", "")).partition("?")
        path = re.sub(f"^{VERSION}/", "", path.strip("/"))
        fault = box.faults.pick("graph", lead=path)
        if fault and fault.null:
            return None
        status, body = said(fault, *read(box, path, dict(parse_qsl(query)), base))
    else:
        status, body = error("Unsupported request in a batch", 100)
    headers = {"headers": [{"name": "Content-Type", "value": "application/json"}]} if with_headers else {}
    return {"code": status, **headers, "body": body if isinstance(body, str) else json.dumps(body)}


@graph.post("/<version:version>/<object_id>/subscriptions")
def subscribe_app(version: str, object_id: str) -> Response:  # noqa: ARG001 - any version
    """An app's webhook: Meta calls it at once, and refuses one that does not answer the challenge."""
    args = _arguments()

    def work() -> Answer:
        told = meta.handshake(args.get("callback_url", ""), args.get("verify_token", ""))
        if not told["ok"]:
            return error("(#2200) Callback verification failed", 2200)
        fields = args.get("fields", "").split(",")
        state().leads.subscribe(object_id, connections.webhook(args.get("callback_url", ""), fields))
        return 200, {"success": True}

    return _answered(args, work)


@graph.post("/<version:version>/<object_id>/subscribed_apps")
def subscribe_page(version: str, object_id: str) -> Response:  # noqa: ARG001 - any version
    """A page's subscription."""
    args = _arguments()

    def work() -> Answer:
        fields = args.get("subscribed_fields", "").split(",")
        state().leads.subscribe(object_id, connections.app(fields))
        return 200, {"success": True}

    return _answered(args, work)


@graph.delete("/<version:version>/<object_id>/<any(subscriptions, subscribed_apps):edge>")
def unsubscribe(version: str, object_id: str, edge: str) -> Response:  # noqa: ARG001 - any version, either edge
    """The end of an app's, or a page's, subscription."""

    def work() -> Answer:
        state().leads.unsubscribe(object_id)
        return 200, {"success": True}

    return _answered(_arguments(), work)
