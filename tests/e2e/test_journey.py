import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.program import Program
from tests.inbox.helpers import wait_until

FACEBOOK = """
channel: facebook
let:
  name: "{{ lead.full_name or [lead.first_name, lead.last_name] | words }}"
request:
  campaignName: welcome_lead
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ name }}"
  source: Facebook forms
  tags: [facebook, "{{ lead.platform }}"]
  templateParams: ["{{ name | first_name | default('there') }}"]
  attributes: {city: "{{ lead.city }}", form: "{{ lead.form_id }}"}
"""
WEBSITE = """
channel: form
form:
  origins: [https://acme.example]
  thanks: https://acme.example/thanks
request:
  campaignName: website_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.full_name }}"
  source: Website
  tags: [website, "{{ lead.interests }}"]
"""
ZAPIER = """
channel: zapier
auth: {token: ZAPIER_TOKEN}
request:
  campaignName: zap
  destination: "{{ lead.contact_phone | phone }}"
  userName: "{{ lead.contact_name }}"
  source: Zapier
  templateParams: ["{{ lead.amount }}"]
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder: Path = tmp_path_factory.mktemp("journey")
    running = Program(folder, "--sandbox", FACEBOOK_APP_SECRET="s3cret-äpp", ZAPIER_TOKEN="zap-token")
    running.mapping("facebook", FACEBOOK)
    running.mapping("acme/website", WEBSITE)
    running.mapping("zapier", ZAPIER)
    with running:
        yield running


@pytest.fixture(autouse=True)
def _empty(program: Program) -> None:
    requests.delete(f"{program.box}/control/requests", timeout=10).raise_for_status()


def test_a_batched_facebook_post_sends_each_of_its_leads(program: Program) -> None:
    """Two entries, several changes and other fields in one signed POST: every lead is fetched and sent, once."""
    graph = [
        ("501", "fb", [("full_name", ["Jürgen Groß 😀"]), ("phone_number", ["+919876543210"]), ("city", ["München"])]),
        ("502", "ig", [("full_name", ["Asha Rao"]), ("phone_number", ["098765 43211"])]),
        ("503", "fb", [("first_name", ["Ravi"]), ("last_name", ["Kumar"]), ("phone_number", ["9123456789"])]),
    ]
    for lead_id, platform, fields in graph:
        document = {
            "id": lead_id,
            "created_time": "2026-11-23T16:16:51+0000",
            "platform": platform,
            "form_id": "447333180259108",
            "field_data": [{"name": name, "values": values} for name, values in fields],
        }
        requests.post(f"{program.box}/control/graph/leads", json={"leads": [document]}, timeout=10).raise_for_status()
    entries = [
        {"id": "0", "time": 1588890044, "changes": [_change("501"), {"field": "feed", "value": {"item": "größe"}}]},
        {"id": "153125381133", "time": 1588890044, "changes": [_change("502"), _change("503")]},
    ]
    body = json.dumps({"object": "page", "entry": entries}).encode()
    assert b"gr\\u00f6\\u00dfe" in body
    signature = hmac.new("s3cret-äpp".encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    answer = program.post("facebook", data=body, headers=headers)
    assert answer.status_code == 200
    assert [lead["status"] for lead in answer.json()["leads"]] == ["accepted"] * 3

    bodies = sorted(program.received(3), key=lambda body: str(body["destination"]), reverse=True)
    assert bodies == [
        {
            "apiKey": "***",
            "campaignName": "welcome_lead",
            "destination": "+919876543211",
            "userName": "Asha Rao",
            "source": "Facebook forms",
            "templateParams": ["Asha"],
            "tags": ["facebook", "ig"],
            "attributes": {"form": "447333180259108"},
        },
        {
            "apiKey": "***",
            "campaignName": "welcome_lead",
            "destination": "+919876543210",
            "userName": "Jürgen Groß 😀",
            "source": "Facebook forms",
            "templateParams": ["Jürgen"],
            "tags": ["facebook", "fb"],
            "attributes": {"city": "München", "form": "447333180259108"},
        },
        {
            "apiKey": "***",
            "campaignName": "welcome_lead",
            "destination": "+919123456789",
            "userName": "Ravi Kumar",
            "source": "Facebook forms",
            "templateParams": ["Ravi"],
            "tags": ["facebook", "fb"],
            "attributes": {"form": "447333180259108"},
        },
    ]
    again = program.post("facebook", data=body, headers=headers).json()["leads"]
    assert [lead["status"] for lead in again] == ["duplicate"] * 3
    assert [lead["id"] for lead in again] == [lead["id"] for lead in answer.json()["leads"]]


def _change(lead_id: str) -> dict[str, object]:
    return {"field": "leadgen", "value": {"leadgen_id": int(lead_id), "page_id": "1", "form_id": "447333180259108"}}


def test_a_browser_form_is_sent_and_the_visitor_thanked(program: Program) -> None:
    """A browser's post is answered 303 to an allowed `_next`, and its lead reaches AiSensy without control fields."""
    answer = program.post(
        "acme/website",
        data={
            "full_name": " Meera Nair ",
            "phone": "+91-98765-43212",
            "interests": ["Sofas", "Tables"],
            "_next": "https://acme.example/welcome",
            "_gotcha": "",
        },
        headers={"Accept": "text/html,application/xhtml+xml", "Origin": "https://acme.example"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://acme.example/welcome")
    assert program.received(1) == [
        {
            "apiKey": "***",
            "campaignName": "website_lead",
            "destination": "+919876543212",
            "userName": "Meera Nair",
            "source": "Website",
            "tags": ["website", "Sofas", "Tables"],
        }
    ]


def test_a_foreign_origin_is_refused(program: Program) -> None:
    """A page that is not among the mapping's origins can't post to its endpoint."""
    answer = program.post("acme/website", data={"phone": "9876543210"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_zapier_array_sends_each_item(program: Program) -> None:
    """Every item of an array is a lead of its own; numbers keep their JSON text, keys are flattened."""
    items = """[{"contact": {"name": "A B", "phone": 919876543213}, "amount": 2500.0},
        {"contact__name": "C D", "contact__phone": "+447911123456", "amount": 99.90}]"""
    headers = {"X-Api-Key": "zap-token", "Content-Type": "application/json"}
    answer = program.post("zapier", data=items, headers=headers)
    assert answer.status_code == 200
    bodies = sorted(program.received(2), key=lambda body: str(body["destination"]))
    assert bodies == [
        {
            "apiKey": "***",
            "campaignName": "zap",
            "destination": "+447911123456",
            "userName": "C D",
            "source": "Zapier",
            "templateParams": ["99.90"],
        },
        {
            "apiKey": "***",
            "campaignName": "zap",
            "destination": "+919876543213",
            "userName": "A B",
            "source": "Zapier",
            "templateParams": ["2500"],
        },
    ]


def test_a_lead_that_cannot_be_mapped_goes_out_once_the_mapping_is_mended(program: Program) -> None:
    """What cannot be mapped is kept and listed with its reason, and goes out by itself after the mapping's mend."""
    broken = ZAPIER.replace("lead.contact_name", "lead.person")
    program.mapping("mended", broken)
    headers = {"Authorization": "Bearer zap-token"}

    def posted() -> requests.Response | None:
        answer = program.post(
            "mended", json={"contact_name": "E F", "contact_phone": "9876543214", "amount": 1}, headers=headers
        )
        return answer if answer.status_code == 200 else None

    lead = wait_until(posted, "the new endpoint").json()["leads"][0]["id"]
    held = wait_until(lambda: program.leads("--status", "held", "--endpoint", "mended"), "the held lead")[0]
    assert held["id"] == lead
    assert held["deliveries"][0]["reason"] == "missing_value"
    assert "lead.person" in held["deliveries"][0]["error"]
    program.mapping("mended", ZAPIER)
    assert program.received(1)[0]["userName"] == "E F"


def test_explain_tells_what_became_of_a_lead(program: Program) -> None:
    """`ingest explain` shows state, payload, request without key, and each attempt."""
    lead = program.post(
        "zapier",
        json={"contact_name": "G H", "contact_phone": "9876543215", "amount": 1},
        headers={"Authorization": "Bearer zap-token"},
        params={"wait": "10"},
    ).json()["leads"][0]
    assert lead["deliveries"][0]["status"] == "sent"
    told = program.command("explain", lead["id"][:16])
    assert told.returncode == 0
    assert told.stdout.startswith("Sent: ")
    assert '"apiKey": "***"' in told.stdout
    assert "Attempt 1" in told.stdout
