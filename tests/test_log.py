from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.log import mask_name, mask_phone, mask_text

PEOPLE = ("98765", "43210", "Asha", "Rao", "asha.rao", "example.in", "s3cret")
SCRIPT = """
import logging
from ingest import log
log.setup()
logger = log.get()
logger.info(
    "lead_accepted", lead_id="1m85m7t2bbe429hcry5n", endpoint="acme/website", account="acme", bytes=1234567890,
    phone="+91 98765-43210", number=919876543210, name="Asha Rao", error="asha.rao@example.in said 09876543210",
    api_key="s3cret", Authorization="s3cret", access_token="s3cret", status=200,
    request={"userName": "Asha Rao", "destination": "+919876543210", "apiKey": "s3cret", "tags": ["+919876543210"]},
)
try:
    raise ValueError("bad number +919876543210 of asha.rao@example.in")
except ValueError:
    logger.exception("translation_crashed")
logger.debug("not_wanted")
logging.getLogger("elsewhere").warning("from another library")
logging.getLogger("elsewhere").info("not wanted either")
"""


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What a program writes that logs the worst that it can."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def record(lines: list[str], event: str) -> dict[str, Any]:
    """The line of an event."""
    records: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
    return next(one for one in records if one["event"] == event)


def test_logs_hold_neither_people_nor_secrets(lines: list[str]) -> None:
    """Phones, names, mails and secrets stand in no line, however deep they lie, in tracebacks neither."""
    told = "\n".join(lines).replace('raise ValueError("bad number', "")
    assert [one for one in PEOPLE if one in told.replace("bad number +919876543210 of", "")] == []


def test_logs_keep_what_is_needed_to_find_a_lead(lines: list[str]) -> None:
    """Ids, endpoints, counts and times are whole, so that a line leads to its lead."""
    line = record(lines, "lead_accepted")
    assert (line["lead_id"], line["endpoint"], line["account"]) == ("1m85m7t2bbe429hcry5n", "acme/website", "acme")
    assert (line["bytes"], line["status"], line["level"]) == (1234567890, 200, "info")
    assert line["timestamp"].endswith("Z")
    assert line["phone"].startswith("+91 9")
    assert line["phone"].endswith("10")


def test_logs_tell_where_it_crashed(lines: list[str]) -> None:
    """An unexpected error is logged with its traceback."""
    assert "ValueError" in record(lines, "translation_crashed")["exception"]


def test_other_libraries_warnings_are_seen_and_their_chatter_is_not(lines: list[str]) -> None:
    """Warnings matter; debugging of other libraries would bury ours."""
    told = "\n".join(lines)
    assert "from another library" in told
    assert "not_wanted" not in told
    assert "not wanted either" not in told


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+919876543210", "+9198••••••10"), ("12345678", "12345•••78"), ("1234567", "•••"), ("", "•••")],
)
def test_a_masked_phone_can_be_recognised_and_not_called(phone: str, masked: str) -> None:
    """The country and the last digits remain."""
    assert mask_phone(phone) == masked


def test_a_masked_name_is_its_first_letter() -> None:
    """In any script; no name is none."""
    assert [mask_name(name) for name in ("Asha Rao", "आशा", "")] == ["A•••", "आ•••", "•••"]


@pytest.mark.parametrize(
    "text", ["+91 98765 43210", "(98765) 43-210", "9876543210", "९८७६५४३२१०", "tel:09876543210;", "98765\u00a043210"]
)
def test_a_phone_is_masked_however_it_is_written(text: str) -> None:
    """Spaces, dashes, brackets and other scripts' digits hide no phone."""
    assert "•••" in mask_text(f"call {text} now")


@given(st.integers(10**9, 10**15), st.text(max_size=20), st.text(max_size=20))
def test_no_run_of_digits_as_long_as_a_phone_survives(phone: int, before: str, after: str) -> None:
    """Whatever stands around it."""
    assert str(phone) not in mask_text(f"{before} {phone} {after}")


@given(st.emails())
def test_no_mail_address_survives(mail: str) -> None:
    """The domain, which may be a person's own, does not stand in a log either."""
    domain = mail.rsplit("@", 1)[1]
    assert f"@{domain}" not in mask_text(f"from {mail}")


def test_a_line_is_written_in_one_go() -> None:
    """Processes that log to one file do not write into each other's lines."""
    script = """
import sys
from ingest import log

class Recorder:
    written = []
    def isatty(self): return False
    def write(self, text): self.written.append(text)
    def flush(self): pass

own, sys.stderr = sys.stderr, Recorder()
log.setup()
log.get().info("lead_accepted", count=1)
log.get().warning("lead_refused", code="x")
assert [text.count("\\n") for text in Recorder.written] == [1, 1], Recorder.written
"""
    subprocess.run([sys.executable, "-c", script], check=True)
