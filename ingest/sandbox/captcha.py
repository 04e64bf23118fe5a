from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from ingest.sandbox.views import answer, record, said, state

captcha = Blueprint("captcha", __name__)

_FIRST, _SECOND, _THIRD = "1x0000000000", "2x0000000000", "3x0000000000"
"""The beginnings of Turnstile's secrets for tests: passes, fails, was used before.
https://developers.cloudflare.com/turnstile/troubleshooting/testing/"""


@captcha.post("/captcha/<vendor>/siteverify")
def verify(vendor: str) -> Response:
    """Turnstile, hCaptcha and reCAPTCHA, which all ask and answer alike: any visitor's answer is right, once."""
    box = state()
    secret, given = request.form.get("secret", ""), request.form.get("response", "")
    fault = box.faults.pick("captcha")
    status, told = said(fault, 200, _judged(secret, given, box.is_spent(f"{vendor} {given}")))
    body = {"vendor": vendor, "remoteip": request.form.get("remoteip"), "answered": bool(given)}
    record(
        "captcha",
        body,
        status=status,
        answer=told,
        taken=isinstance(told, dict) and told.get("success") is True,
        fault=str(fault or "") or None,
    )
    return answer(status, told, fault)


def _judged(secret: str, given: str, spent: bool) -> dict[str, Any]:
    if not secret:
        return {"success": False, "error-codes": ["missing-input-secret"]}
    if not given or secret.startswith(_SECOND):
        code = "invalid-input-response" if given else "missing-input-response"
        return {"success": False, "error-codes": [code]}
    if secret.startswith(_THIRD) or (spent and not secret.startswith(_FIRST)):
        return {"success": False, "error-codes": ["timeout-or-duplicate"]}
    return {"success": True, "error-codes": []}
