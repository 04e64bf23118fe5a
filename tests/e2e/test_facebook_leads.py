"""Facebook's leads as Meta gives them, and tokens that die and are replaced, with the program as users run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sandbox import Sandbox
from ingest.sandbox.leads import FORM, PAGE
from ingest.sandbox.webhooks import ODDITIES
from tests.e2e.meta import paths_of, taken, tell
from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

WHOLE = """
channel: facebook
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
  source: "{{ lead.platform }} {{ lead.form_id }} {{ lead.page_id }}"
  tags: ["{{ lead.interest }}", "{{ lead['क्या_आप_तैयार_हैं'] }}"]
  attributes:
    form: "{{ lead.form_name }}"
    page: "{{ lead.page_name }}"
    whatsapp: "{{ lead.consent_whatsapp }}"
    mail: "{{ lead.consent_mail }}"
"""
BY_PAGE = """
channel: facebook
auth: {access_token: {"88": ACME_TOKEN}}
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
"""
SECRET = "app-secret"
DOCUMENT = {
    "platform": "ig",
    "field_data": [
        {"name": "full_name", "values": ["Asha 🪔 Räo"]},
        {"name": "phone_number", "values": ["098765 43210"]},
        {"name": "interest", "values": ["Solar", "Wind / water", "☀️"]},
        {"name": "क्या आप तैयार हैं?", "values": ["हाँ"]},
    ],
    "custom_disclaimer_responses": [
        {"checkbox_key": "whatsapp", "is_checked": "1"},
        {"checkbox_key": "mail", "is_checked": ""},
    ],
}
REQUEST = {
    "apiKey": "***",
    "campaignName": "welcome",
    "destination": "+919876543210",
    "userName": "Asha 🪔 Räo",
    "source": f"ig {FORM} {PAGE}",
    "tags": ["Solar", "Wind / water", "☀️", "हाँ"],
    "attributes": {"form": f"Form {FORM}", "page": f"Page {PAGE}", "whatsapp": "true", "mail": "false"},
}


def test_the_whole_lead_arrives_whatever_the_notice_looks_like(tmp_path: Path) -> None:
    """All values of multi-selects, questions in any script, disclaimers, and the names of form and page, each once."""
    program = Program(tmp_path, "--sandbox")
    program.mapping("facebook", WHOLE)
    notices = {"4444444444444441": [], "4444444444444442": ["entry_0"], "4444444444444443": list(ODDITIES)}
    with program:
        for lead_id, odd in notices.items():
            tell(program, [DOCUMENT | {"id": lead_id}], page_id=PAGE, form_id=FORM, odd=odd, repeat=2)
        wait_until(lambda: taken(program) == len(notices), "the leads")
        bodies = program.received()
        assert sorted(lead["external_id"] for lead in program.leads("--sandbox")) == sorted(notices)
    assert [body | {"apiKey": "***"} for body in bodies] == [REQUEST] * len(notices)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def test_a_dead_token_holds_up_only_its_pages_until_it_is_replaced(box: Sandbox, tmp_path: Path) -> None:
    """Its leads wait with the reason, at one call a minute; other pages go on; a new token's file lets all go out."""
    token = tmp_path / "token"
    token.write_text("dead\n")
    program = Program(
        tmp_path,
        AISENSY_API_KEY="sandbox-default",
        AISENSY_URL=box.aisensy_url,
        FACEBOOK_GRAPH_URL=box.graph_url,
        FACEBOOK_APP_SECRET=SECRET,
        FACEBOOK_ACCESS_TOKEN_FILE=str(token),
        ACME_TOKEN="good",
        INGEST_RECONCILE="0",  # which would ask with the dead token too
    )
    program.mapping("facebook", BY_PAGE)
    box.state.access.tell("dead", expires_at=1)

    def tell_lead(number: int, page: str) -> None:
        lead = {"id": str(number), "full_name": f"Person {number}", "phone_number": f"98765{number:05}"}
        told = box.meta(f"{program.url}/in/facebook", [lead], page_id=page, app_secret=SECRET)
        assert [one["status"] for one in told["deliveries"]] == [200]

    with program:
        tell_lead(1, "77")
        first = wait_until(lambda: waiting(program), "the first lead that waits")
        assert "190/463" in first[0]["error"]
        for number in range(2, 12):
            tell_lead(number, "77" if number % 2 else "88")
        wait_until(lambda: len(box.taken()) == 5, "the leads of the other page")
        wait_until(lambda: len(waiting(program)) == 6, "the leads of the page with the dead token")
        assert {one["body"]["userName"] for one in box.taken()} == {f"Person {number}" for number in (2, 4, 6, 8, 10)}
        assert len(failed(box)) == 1, "one call, and no other for a minute"

        token.write_text("fresh\n")
        wait_until(lambda: len(box.taken()) == 11, "all leads, with the new token")
        assert waiting(program) == []
    assert len(failed(box)) == 1


def waiting(program: Program) -> list[dict[str, str]]:
    """The deliveries that wait for Meta."""
    found = [delivery for lead in program.leads() for delivery in lead["deliveries"]]
    return [one for one in found if (one["status"], one["reason"]) == ("waiting", "lead_unavailable")]


def failed(box: Sandbox) -> list[list[str]]:
    """What was looked up in vain."""
    return [paths_of(one) for one in box.requests("graph") if one["status"] != 200]
