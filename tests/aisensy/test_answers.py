from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from ingest.aisensy.answers import failure, outcome
from ingest.models import Verdict, utcnow

SENT, TRANSIENT, AMBIGUOUS = Verdict.SENT, Verdict.TRANSIENT, Verdict.AMBIGUOUS
ACCOUNT, CAMPAIGN, NUMBER, INVALID = Verdict.ACCOUNT, Verdict.CAMPAIGN, Verdict.NUMBER, Verdict.INVALID

CREDITS = "Insufficient WhatsApp Conversation Credits (WCC)!"
PLAN = "No Plan active on assistant!"
PARAMS = "Template params does not match the campaign"
HTML = b"<html><body>Campaign not found</body></html>"

ANSWERS: list[tuple[int, Any, Verdict]] = [
    (200, {"success": "true", "submitted_message_id": "f01937cb"}, SENT),
    (200, {"success": True}, SENT),
    (201, {"success": " True "}, SENT),
    (200, {}, SENT),
    (200, {"message": "queued"}, SENT),
    (200, {"success": "true", "error": None, "errorMessage": ""}, SENT),
    (200, {"success": "true", "error": False}, SENT),
    (200, {"success": None, "message": "queued"}, SENT),
    # a 2xx that names an error
    (200, {"success": "false", "errorMessage": CREDITS}, ACCOUNT),
    (200, {"errorMessage": PLAN}, ACCOUNT),
    (200, {"message": PLAN}, ACCOUNT),
    (200, {"error": {"message": PARAMS}}, CAMPAIGN),
    (200, {"success": False, "message": "Invalid Number"}, NUMBER),
    (200, {"success": False}, INVALID),
    (200, {"error": "something new"}, INVALID),
    (200, {"success": "true", "errorMessage": PARAMS}, CAMPAIGN),
    (200, {"success": "true", "errorMessage": "something new"}, AMBIGUOUS),
    # no JSON object
    (200, b"", AMBIGUOUS),
    (200, b"OK", AMBIGUOUS),
    (200, b'["success"]', AMBIGUOUS),
    (200, b'"true"', AMBIGUOUS),
    (200, b'{"success":"tr', AMBIGUOUS),
    (200, b"[" * 60_000, AMBIGUOUS),
    (200, b"\xff\xfe\x00", AMBIGUOUS),
    (200, HTML, AMBIGUOUS),
    (204, b"", AMBIGUOUS),
    (101, b"", AMBIGUOUS),
    (999, b"", AMBIGUOUS),
    # redirects
    (301, b"", ACCOUNT),
    (307, HTML, ACCOUNT),
    # by status
    (401, {"message": "Unauthorized"}, ACCOUNT),
    (402, {"message": CREDITS}, ACCOUNT),
    (402, b"", ACCOUNT),
    (403, HTML, ACCOUNT),
    (408, b"", TRANSIENT),
    (425, b"", TRANSIENT),
    (429, {"message": "Too many"}, TRANSIENT),
    (500, {"message": PARAMS}, TRANSIENT),
    (502, HTML, TRANSIENT),
    (503, b"", TRANSIENT),
    (504, b"", TRANSIENT),
    (599, b"", TRANSIENT),
    # by text
    (400, {"message": CREDITS}, ACCOUNT),
    (400, {"errorMessage": "insufficient whatsapp conversation credits"}, ACCOUNT),
    (400, {"message": PLAN}, ACCOUNT),
    (400, {"message": "no plan active, on assistant"}, ACCOUNT),
    (400, {"message": "Invalid API key"}, ACCOUNT),
    (400, {"message": PARAMS}, CAMPAIGN),
    (400, {"message": "template_params DOES NOT match the campaign."}, CAMPAIGN),
    (400, {"name": "Error", "message": "Bad", "errorMessage": PARAMS}, CAMPAIGN),
    (400, {"message": "Invalid number of template params"}, CAMPAIGN),
    (400, {"message": "Campaign does not exist."}, CAMPAIGN),
    (404, {"message": "Campaign doesn't exist"}, CAMPAIGN),
    (400, {"message": "Campaign is not Live"}, CAMPAIGN),
    (422, {"message": "Media URL Missing"}, CAMPAIGN),
    (400, PARAMS.encode(), CAMPAIGN),
    (400, {"message": "Invalid Number"}, NUMBER),
    (400, {"message": "Invalid destination number!"}, NUMBER),
    # of unknown text
    (400, {"message": "something new"}, INVALID),
    (400, {}, INVALID),
    (409, {"message": "something new"}, INVALID),
    (422, {"errors": [{"message": "userName is too long"}]}, INVALID),
    (413, HTML, INVALID),
    (400, HTML, ACCOUNT),
    (400, b"", ACCOUNT),
    (404, HTML, ACCOUNT),
    (404, {"message": "Not Found"}, ACCOUNT),
    (405, b"", ACCOUNT),
]


@pytest.mark.parametrize(("status", "body", "verdict"), ANSWERS)
def test_verdict(status: int, body: Any, verdict: Verdict) -> None:
    """Each answer of AiSensy, known or not, has the one meaning that its table gives it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert outcome(status, {}, content).verdict is verdict


def test_what_is_kept() -> None:
    """An outcome tells what AiSensy said, both of its messages, and no more than 2,000 characters of it."""
    body = {"message": "Bad Request", "errorMessage": PARAMS, "aisTraceId": "x" * 3_000}
    told = outcome(400, {}, json.dumps(body).encode())
    assert told.message == f"HTTP 400: {PARAMS}; Bad Request"
    assert (told.status, len(told.answer), told.message_id) == (400, 2_000, None)
    assert outcome(500, {}, b"").message == "HTTP 500: an answer that is no JSON object"


def test_answers_can_be_stored() -> None:
    """NUL and half characters, which PostgreSQL refuses, are not in what is kept."""
    told = outcome(400, {}, b'{"message": "a\\ud800b\\u0000c"}\x00\xff')
    assert "\0" not in told.answer
    told = outcome(400, {}, b'{"message": "a\\ud800b\\u0000c"}')
    assert told.message == "HTTP 400: a?bc"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("999999999", 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("-5", None),
        ("1e999", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """AiSensy's wish when to try again is heard in seconds or as a date, within a day."""
    assert outcome(429, {"retry-after": value}, b"").retry_after == seconds


def test_retry_after_a_date() -> None:
    """A date is counted from now."""
    date = format_datetime(utcnow() + timedelta(seconds=90), usegmt=True)
    found = outcome(503, {"Retry-After": date}, b"").retry_after
    assert found is not None
    assert 85 < found <= 90


def test_retry_after_is_nothing_on_success() -> None:
    """Success needs no other try."""
    assert outcome(200, {"Retry-After": "5"}, b"{}").retry_after is None


@given(st.integers(100, 999), st.dictionaries(st.sampled_from(["Retry-After", "X"]), st.text()), st.binary())
def test_no_answer_raises(status: int, headers: dict[str, str], body: bytes) -> None:
    """Whatever a server answers, there is an outcome; success only for a JSON object."""
    assert outcome(status, headers, body).verdict is not SENT or body.strip()[:1] == b"{"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["message", "error"]), inner),
    max_leaves=10,
)


@given(st.sampled_from([200, 400, 404]), st.dictionaries(st.sampled_from(["success", "error", "message"]), JSON))
def test_no_document_raises(status: int, document: dict[str, Any]) -> None:
    """Fields of any type are read without a fault; a 4xx is never success."""
    verdict = outcome(status, {}, json.dumps(document).encode()).verdict
    assert status == 200 or verdict is not SENT


def test_unknown_failures_are_ambiguous() -> None:
    """An error that nobody thought of never leads to a second message."""
    told = failure(RuntimeError("https://host/?key=secret"))
    assert told.verdict is AMBIGUOUS
    assert "secret" not in told.message
    assert failure(requests.ReadTimeout()).verdict is AMBIGUOUS
    assert failure(requests.ConnectionError(), written=False).verdict is TRANSIENT
