from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from ingest import log
from ingest.channels.form import CAPTCHAS
from ingest.mapping.records import Captcha
from ingest.outward import Allowed, NotFetched, fetch, is_public

SECONDS = 5.0  # for the vendor's answer; the visitor waits
_MOST = 65_536  # bytes of it
_OURS = frozenset({"missing-input-secret", "invalid-input-secret", "internal-error", "sitekey-secret-mismatch"})

ADDRESSES = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}
"""https://developers.cloudflare.com/turnstile/get-started/server-side-validation/,
https://docs.hcaptcha.com/#verify-the-user-response-server-side, https://developers.google.com/recaptcha/docs/verify"""


class Verdict(StrEnum):
    """What a vendor says of a visitor's answer."""

    PERSON = "person"
    ROBOT = "robot"  # wrong, missing, old, or used before
    UNKNOWN = "unknown"  # the vendor could not be asked


@dataclass(frozen=True)
class Judge:
    """Asks the vendors of captchas. Against the sandbox it asks that, which plays all of them."""

    secret: Callable[[str], str | None]
    sandbox: str | None = None

    def verdict(self, captcha: Captcha, payload: Any, remote: str) -> Verdict:
        """Whether a person solved the captcha, in at most 5 seconds."""
        given = payload.get(CAPTCHAS[captcha.vendor]) if isinstance(payload, dict) else None
        given = next(iter(given), None) if isinstance(given, list) else given  # of a page that draws it twice
        if not isinstance(given, str) or not given.strip():
            return Verdict.ROBOT
        secret = self.secret(captcha.secret)
        if secret is None:
            log.get().error("captcha_unknown", vendor=captcha.vendor, why=f"{captcha.secret} is not set")
            return Verdict.UNKNOWN
        answer = self._ask(captcha.vendor, {"secret": secret, "response": given.strip(), "remoteip": remote})
        return _verdict(answer, captcha)

    def _ask(self, vendor: str, question: dict[str, str]) -> Any:
        address = f"{self.sandbox}/captcha/{vendor}/siteverify" if self.sandbox else ADDRESSES[vendor]
        allowed: Allowed = (lambda _: True) if self.sandbox else is_public
        form = urlencode(question).encode()
        try:
            answer = fetch(address, lambda _: _MOST, SECONDS, allowed, form=form)
            return json.loads(answer.body) if answer.status < 500 else None
        except (NotFetched, ValueError) as error:
            why = error.message if isinstance(error, NotFetched) else "its answer is no JSON"
            log.get().warning("captcha_unknown", vendor=vendor, why=why)
            return None


def _verdict(answer: Any, captcha: Captcha) -> Verdict:
    if not isinstance(answer, dict) or not isinstance(answer.get("success"), bool):
        return Verdict.UNKNOWN
    if answer["success"]:
        score = answer.get("score")  # reCAPTCHA v3
        low = isinstance(score, int | float) and captcha.vendor == "recaptcha" and score < captcha.min_score
        return Verdict.ROBOT if low else Verdict.PERSON
    codes = answer.get("error-codes")
    ours = _OURS.intersection(code for code in (codes if isinstance(codes, list) else ()) if isinstance(code, str))
    if ours:
        log.get().error("captcha_unknown", vendor=captcha.vendor, why=", ".join(sorted(ours)))
    return Verdict.UNKNOWN if ours else Verdict.ROBOT
