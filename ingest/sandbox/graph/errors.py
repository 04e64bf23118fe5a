"""Errors as the Graph API tells them: https://developers.facebook.com/docs/graph-api/guides/error-handling"""

from __future__ import annotations

from typing import Any

Answer = tuple[int, Any]
"""A status and a document."""

TOKEN = frozenset({102, 104, 190})
_PERMISSIONS = {
    10: "(#10) This endpoint requires the '{}' permission or the 'Page Public Content Access' feature",
    200: "(#200) Permissions error: the token's user has no such task on the page, or the token lacks {}",
}


def error(message: str, code: int, subcode: int | None = None, status: int = 400) -> Answer:
    """An error with its code."""
    told = {"message": message, "type": "OAuthException" if code in TOKEN else "GraphMethodException"}
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


def forbidden(code: int, permission: str) -> Answer:
    """The token may not read this page, or this kind of thing."""
    return error(_PERMISSIONS.get(code, f"(#{code}) Permissions error").format(permission), code, status=403)
