from __future__ import annotations

import json
import re
from typing import Any

from flask import Response, current_app, request

from ingest.models import iso, utcnow
from ingest.sandbox.faults import RESET, Fault
from ingest.sandbox.records import Record
from ingest.sandbox.state import State
from ingest.values import clean

MAX_TEXT = 2_000
_KEY = re.compile(r'("apiKey"\s*:\s*")[^"]*')
_PRIVATE = {"Authorization", "Cookie"}


def state() -> State:
    """The state of the app that answers."""
    found: State = current_app.extensions["sandbox"]
    return found


def document() -> Any:
    """The request's JSON, or None where it is none."""
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        return None


def record(where: str, body: Any, **facts: Any) -> None:
    """Record the request that is being answered, without its secrets."""
    headers = {name: value for name, value in request.headers.items() if name not in _PRIVATE}
    state().records.add(Record(iso(utcnow()), where, request.method, request.path, headers, body, **facts))


def without_key(body: Any) -> Any:
    """A body as it is recorded: its key is `***`; of one that is no JSON object only the beginning."""
    if isinstance(body, dict):
        return {name: "***" if name == "apiKey" else value for name, value in body.items()}
    text = request.get_data().decode("utf-8", "replace")
    return _KEY.sub(r"\1***", text)[:MAX_TEXT]


def answer(status: int, body: Any, fault: Fault | None) -> Response:
    """The answer, with whatever a fault does to it."""
    if fault is None:
        return _response(status, body)
    if fault.delay:
        fault.over.wait(fault.delay)
    if fault.hang:
        fault.over.wait(fault.hang)
    if fault.breaks:
        request.environ[RESET] = True
    response = _response(status, body)
    response.headers.update(fault.headers)
    return response


def said(fault: Fault | None, status: int, body: Any) -> tuple[int, Any]:
    """Status and body of an answer: a fault's, where it has one."""
    if fault is None or not (fault.status or fault.body is not None):
        return status, body
    return fault.status or status, {"message": "The sandbox was told to fail."} if fault.body is None else fault.body


def json_text(value: Any, indent: int | None = None) -> str:
    """A JSON value in letters that people read, in the order in which it came."""
    try:
        return clean(json.dumps(value, ensure_ascii=False, indent=indent))
    except RecursionError:
        return '"nested too deeply to be shown"'


def _response(status: int, body: Any) -> Response:
    if isinstance(body, str):
        return Response(body, status, mimetype="text/html" if body.lstrip().startswith("<") else "text/plain")
    return Response(json_text(body), status, mimetype="application/json")
