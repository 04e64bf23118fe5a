from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from ingest.sandbox.graph.access import Token
from ingest.sandbox.graph.errors import Answer, error
from ingest.sandbox.state import State


def refused(state: State, token: str, proof: str) -> Answer | None:
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
    return None


def debug(state: State, token: str) -> Answer:
    """What Meta tells of a token: https://developers.facebook.com/docs/graph-api/reference/debug_token"""
    known = state.access.tokens.get(token, Token())
    fault = _fault(state, token) if token else error("The access token could not be decrypted", 190)
    facts: dict[str, Any] = {
        "app_id": "1",
        "type": "SYSTEM_USER",
        "application": "Sandbox",
        "data_access_expires_at": 0,
        "expires_at": known.expires_at,
        "is_valid": fault is None,
        "scopes": [] if fault else list(known.scopes),
    }
    if fault:
        told = fault[1]["error"]
        facts["error"] = {"code": told["code"], "message": told["message"], "subcode": told.get("error_subcode", 0)}
    return 200, {"data": facts}


def _fault(state: State, token: str) -> Answer | None:
    if state.tokens is not None and token not in state.tokens and "|" not in token:  # app|secret is the app's own
        return error("Invalid OAuth access token - Cannot parse access token", 190, status=401)
    known = state.access.tokens.get(token)
    if known is None or not known.is_over:
        return None
    when = datetime.fromtimestamp(known.expires_at, UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")
    return error(f"Error validating access token: Session has expired on {when}.", 190, 463, status=401)
