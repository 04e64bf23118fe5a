from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from ingest.sandbox.graph.errors import Answer, error
from ingest.sandbox.leads import APP, PAGE_TOKEN
from ingest.sandbox.state import State


def refused(state: State, path: str, token: str, proof: str) -> Answer | None:
    """The error of a call without the right token and proof; None where they are right."""
    if not token:
        return error("An access token is required to request this resource.", 104, status=401)
    fault = _fault(state, token)
    if fault:
        return fault
    if state.app_secret is not None:
        right = hmac.new(state.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), proof.encode()):
            return error("Invalid appsecret_proof provided in the API argument", 100)
    return _misplaced(state, path, token)


def debug(state: State, token: str) -> Answer:
    """What Meta tells of a token: https://developers.facebook.com/docs/graph-api/reference/debug_token"""
    fault = _fault(state, token) if token else error("The access token could not be decrypted", 190)
    known = state.access.facts(token)
    facts: dict[str, Any] = {"app_id": APP, "type": "SYSTEM_USER", "application": "Sandbox"}
    if token.startswith(PAGE_TOKEN):
        facts |= {"type": "PAGE", "profile_id": token.removeprefix(PAGE_TOKEN)}
    facts |= {**known, "is_valid": fault is None}
    if fault:
        told = fault[1]["error"]
        facts["scopes"] = []
        facts["error"] = {"code": told["code"], "message": told["message"], "subcode": told.get("error_subcode", 0)}
    return 200, {"data": facts}


def _is_known(state: State, token: str) -> bool:
    """Whether a token is one: told, a page's own, or the app's (`id|secret`) with the right secret."""
    if "|" in token:
        return state.app_secret is None or token.partition("|")[2] == state.app_secret
    return state.tokens is None or token in state.tokens or token.startswith(PAGE_TOKEN)


def _fault(state: State, token: str) -> Answer | None:
    if not _is_known(state, token):
        return error("Invalid OAuth access token - Cannot parse access token", 190, status=401)
    if not state.access.facts(token)["is_valid"]:
        return error("Error validating access token: The session has been invalidated.", 190, 460, status=401)
    if not state.access.is_over(token):
        return None
    when = datetime.fromtimestamp(state.access.facts(token)["expires_at"], UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")
    return error(f"Error validating access token: Session has expired on {when}.", 190, 463, status=401)


def _misplaced(state: State, path: str, token: str) -> Answer | None:
    """The error of a call that wants a token of another kind; any will do until tokens are told."""
    if state.tokens is None:
        return None
    if path.endswith("/subscriptions") and "|" not in token:
        return error("(#15) This method must be called with an app access_token.", 15)
    if path.endswith("/subscribed_apps") and not token.startswith(PAGE_TOKEN):
        return error("(#210) A page access token is required to request this resource.", 210)
    return None
