from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

FACEBOOK = """
channel: facebook
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
  source: Facebook forms
"""
ZAPIER = FACEBOOK.replace("channel: facebook", "channel: zapier\nauth: {token: ZAPIER_TOKEN}")
LEAD = {"full_name": "Asha Rao", "phone_number": "+91 98765 43210"}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, "--sandbox", FACEBOOK_APP_SECRET="secret", ZAPIER_TOKEN="token")
    program.mapping("facebook", FACEBOOK)
    program.mapping("zap", ZAPIER)
    with program:
        yield program


def post(program: Program, endpoint: str) -> requests.Response | None:
    """The same lead again, once the endpoint is there."""
    headers = {"Authorization": "Bearer token", "Idempotency-Key": "asha@example.com"}
    answer = program.post(endpoint, json=LEAD, headers=headers)
    return answer if answer.status_code == 200 else None


def test_a_forgotten_person_is_not_messaged_again(program: Program, tmp_path: Path) -> None:
    """Erased, the mapping renamed, the event delivered again: it is a duplicate, and nothing of the person is left."""
    wait_until(lambda: post(program, "zap"), "the lead")
    order = {"url": f"{program.url}/in/facebook", "leads": [{"id": "77001", **LEAD}], "app_secret": "secret"}
    requests.post(f"{program.box}/control/meta/leads", json=order, timeout=20).raise_for_status()
    program.received(2)
    wait_until(lambda: len(program.leads("--sandbox", "--status", "sent")) == 2, "both sent")
    done = program.command("forget", "98765 43210", "--sandbox")
    assert "2 leads of +9198" in done.stdout
    for old, new in (("zap", "renamed"), ("facebook", "other")):
        (tmp_path / "mappings" / f"{old}.yaml").rename(tmp_path / "mappings" / f"{new}.yaml")
    again = wait_until(lambda: post(program, "renamed"), "the renamed endpoint")
    assert again is not None
    assert [lead["status"] for lead in again.json()["leads"]] == ["duplicate"]
    order["url"] = f"{program.url}/in/other"
    requests.post(f"{program.box}/control/meta/leads", json=order, timeout=20)
    leads = program.leads("--sandbox")
    assert [(lead["name"], lead["phone"]) for lead in leads] == [(None, None)] * 2
    assert [lead["deliveries"][0]["status"] for lead in leads] == ["sent", "sent"]
    assert len(program.received(2)) == 2
    for file in (tmp_path / "data").glob("sandbox.db*"):
        if file.is_file():
            assert b"Asha" not in file.read_bytes()
            assert b"asha@example.com" not in file.read_bytes()
