from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ingest.mapping.records import Captcha
from ingest.sandbox import Sandbox
from ingest.web.forms import captcha
from ingest.web.forms.captcha import Judge, Verdict
from tests.aisensy.scripted import Act, answer, hang, raw, reset, scripted

GIVEN = {"cf-turnstile-response": "an answer", "h-captcha-response": "an answer", "g-recaptcha-response": "an answer"}
SECRET = "the vendor's secret"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


def judge(box: Sandbox, secret: str | None = SECRET) -> Judge:
    return Judge(lambda _: secret, box.url)


@pytest.mark.parametrize("vendor", ["turnstile", "hcaptcha", "recaptcha"])
def test_an_answer_is_right_once(box: Sandbox, vendor: str) -> None:
    """Each vendor is asked with the field that its own widget posts."""
    asked = Captcha(vendor, "SECRET")
    verdicts = [judge(box).verdict(asked, GIVEN, "203.0.113.7") for _ in range(2)]
    assert verdicts == [Verdict.PERSON, Verdict.ROBOT]
    first, _ = box.requests("captcha")
    assert first["body"] == {"vendor": vendor, "remoteip": "203.0.113.7", "answered": True}
    assert SECRET not in str(box.requests("captcha"))


@pytest.mark.parametrize("payload", [{}, None, [], {"cf-turnstile-response": ""}, {"cf-turnstile-response": []}])
def test_who_gives_no_answer_is_a_robot(box: Sandbox, payload: Any) -> None:
    """The vendor is not even asked."""
    assert judge(box).verdict(Captcha("turnstile", "SECRET"), payload, "") is Verdict.ROBOT
    assert box.requests("captcha") == []


@pytest.mark.parametrize(
    ("act", "verdict"),
    [
        (answer(200, {"success": True}), Verdict.PERSON),
        (answer(200, {"success": True, "score": 0.9}), Verdict.PERSON),
        (answer(200, {"success": True, "score": 0.5}), Verdict.ROBOT),
        (answer(200, {"success": False, "error-codes": ["invalid-input-response"]}), Verdict.ROBOT),
        (answer(200, {"success": False, "error-codes": ["timeout-or-duplicate"]}), Verdict.ROBOT),
        (answer(200, {"success": False}), Verdict.ROBOT),
        (answer(200, {"success": False, "error-codes": ["invalid-input-secret"]}), Verdict.UNKNOWN),
        (answer(200, {"success": False, "error-codes": [["x"], None]}), Verdict.ROBOT),
        (answer(200, []), Verdict.UNKNOWN),
        (answer(200, {"success": "yes"}), Verdict.UNKNOWN),
        (answer(503, {"success": True}), Verdict.UNKNOWN),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope"), Verdict.UNKNOWN),
        (raw(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"), Verdict.UNKNOWN),
        (reset(after_reading=True), Verdict.UNKNOWN),
        (hang, Verdict.UNKNOWN),
    ],
)
def test_what_the_vendor_says_counts(monkeypatch: pytest.MonkeyPatch, act: Act, verdict: Verdict) -> None:
    """Where it can't be asked, or says that our secret is wrong, nobody is called a robot."""
    monkeypatch.setattr(captcha, "SECONDS", 0.5)
    with scripted(act) as server:
        base = server.url.rsplit("/", 1)[0] if server.url.count("/") > 2 else server.url
        asked = Captcha("recaptcha", "SECRET", min_score=0.7)
        assert Judge(lambda _: SECRET, base).verdict(asked, GIVEN, "") is verdict


def test_without_a_secret_nobody_can_be_judged(box: Sandbox) -> None:
    """As long as the variable is not set."""
    assert judge(box, None).verdict(Captcha("turnstile", "SECRET"), GIVEN, "") is Verdict.UNKNOWN


def test_the_world_is_asked_at_the_vendors_addresses_only() -> None:
    """And what they resolve to must be public: the guard of all that we fetch."""
    assert all(address.startswith("https://") for address in captcha.ADDRESSES.values())
