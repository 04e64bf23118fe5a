from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from ingest.sandbox import connections, meta
from ingest.sandbox.graph.errors import Answer, error
from ingest.sandbox.graph.reads import read
from ingest.sandbox.graph.tokens import refused
from ingest.sandbox.state import State
from ingest.sandbox.views import answer, record, said, state

graph = Blueprint("graph", __name__)

MAX_BATCH = 50
VERSION = r"v\d+\.\d+"
_SECRETS = {"access_token", "appsecret_proof", "input_token", "verify_token"}
_TOKEN = re.compile(r"(?<=access_token=)[^&]*")


def _arguments() -> dict[str, str]:
    found = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    given = {**request.args.to_dict(), **(found if isinstance(found, dict) else {})}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def _token(args: Mapping[str, str]) -> str:
    bearer = request.headers.get("Authorization", "")
    return bearer[7:].strip() if bearer.lower().startswith("bearer ") else args.get("access_token", "")


def _answered(args: Mapping[str, str], work: Callable[[str], Answer], lead: str | None = None) -> Response:
    """Answer a call: the fault that is meant for it, else the error of its token, else what `work` gives for it."""
    box, token = state(), _token(args)
    fault = box.faults.pick("graph") or (box.faults.pick("graph", lead=lead) if lead else None)
    told = refused(box, request.path, token, args.get("appsecret_proof", "")) or box.usage.refused
    status, body = said(fault, *(told or (work(token) if fault is None or fault.processes else (500, {}))))
    shown = {name: "***" if name in _SECRETS else value for name, value in args.items()}
    record("graph", shown, status=status, answer=_without_tokens(body), fault=str(fault) if fault else None)
    response = answer(status, body, fault)
    response.headers.update(box.usage.headers if fault is None else {**box.usage.headers, **fault.headers})
    return response


def _without_tokens(body: Any) -> Any:
    """An answer as it is recorded: without the tokens that Meta puts into lists and their addresses."""
    if not isinstance(body, dict):
        return body
    shown = {name: "***" if name == "access_token" else value for name, value in body.items()}
    if isinstance(body.get("data"), list):
        shown["data"] = [_without_tokens(one) for one in body["data"]]
    paging = body.get("paging")
    if isinstance(paging, dict) and "next" in paging:
        shown["paging"] = {**paging, "next": _TOKEN.sub("***", paging["next"])}
    return shown


@graph.get("/<version:version>/<path:path>")
def get(version: str, path: str) -> Response:
    """One look-up."""
    args = _arguments()
    return _answered(args, lambda token: read(state(), path, args, f"{request.host_url}{version}", token), lead=path)


@graph.post("/<version:version>/", strict_slashes=False)
def batch(version: str) -> Response:
    """Up to 50 look-ups at once, each answered on its own."""
    args = _arguments()
    return _answered(args, lambda token: _batch(state(), args, f"{request.host_url}{version}", token))


def _batch(box: State, args: Mapping[str, str], base: str, token: str) -> Answer:
    try:
        calls = json.loads(args.get("batch", ""))
    except (ValueError, RecursionError):
        calls = None
    if not isinstance(calls, list) or not calls:
        return error("Invalid batch parameter: a JSON array is expected", 100)
    if len(calls) > MAX_BATCH:
        return error(f"Too many requests in batch message. Maximum batch size is {MAX_BATCH}", 100)
    with_headers = args.get("include_headers", "true").lower() not in {"false", "0"}
    return 200, [_batched(box, call, base, with_headers, token) for call in calls]


def _batched(box: State, call: Any, base: str, with_headers: bool, token: str) -> dict[str, Any] | None:
    if isinstance(call, dict) and call.get("method", "GET") == "GET":
        path, _, query = str(call.get("relative_url", "")).partition("?")
        path = re.sub(f"^{VERSION}/", "", path.strip("/"))
        fault = box.faults.pick("graph", lead=path)
        if fault and fault.null:
            return None
        status, body = said(fault, *read(box, path, dict(parse_qsl(query)), base, token))
    else:
        status, body = error("Unsupported request in a batch", 100)
    headers = {"headers": [{"name": "Content-Type", "value": "application/json"}]} if with_headers else {}
    return {"code": status, **headers, "body": body if isinstance(body, str) else json.dumps(body)}


@graph.post("/<version:version>/<object_id>/subscriptions")
def subscribe_app(version: str, object_id: str) -> Response:  # noqa: ARG001 - any version
    """An app's webhook: Meta calls it at once, and refuses one that does not answer the challenge."""
    args = _arguments()

    def work(_: str) -> Answer:
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
    box, args = state(), _arguments()

    def work(token: str) -> Answer:
        denied = box.access.refused(token, "subscribed_apps", object_id, object_id)
        if denied is None:
            box.leads.subscribe(object_id, connections.app(args.get("subscribed_fields", "").split(",")))
        return denied or (200, {"success": True})

    return _answered(args, work)


@graph.delete("/<version:version>/<object_id>/<any(subscriptions, subscribed_apps):edge>")
def unsubscribe(version: str, object_id: str, edge: str) -> Response:  # noqa: ARG001 - any version, either edge
    """The end of an app's, or a page's, subscription."""

    def work(_: str) -> Answer:
        state().leads.unsubscribe(object_id)
        return 200, {"success": True}

    return _answered(_arguments(), work)
