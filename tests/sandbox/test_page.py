"""The sandbox's page: what came, and buttons that have Meta tell a lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ingest.sandbox import Sandbox
from ingest.sandbox.endpoints import Endpoints
from ingest.sandbox.webhooks import sign
from ingest.settings import Secrets, Settings

from .test_meta import Endpoint

MAPPING = """
channel: facebook
auth: {app_secret: ACME_SECRET}
match: {forms: ["77"], pages: ["88"]}
request:
  campaignName: welcome
  destination: "{{ lead.whatsapp_number | phone }}"
  userName: "{{ lead.full_name }} {{ lead.form_name }} {{ lead.consent_news }}"
"""
TESTED = """
tests:
  - lead: {full_name: Ravi, whatsapp_number: 98765 00000, leadgen_id: "5"}
    expect: {userName: Ravi}
"""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def mappings(box: Sandbox, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the mappings of the program that the sandbox knows."""
    monkeypatch.setenv("ACME_SECRET", "shh")
    program = endpoint.url.removesuffix("/in/facebook")
    box.state.endpoints = Endpoints(program, Settings(mappings=tmp_path, secrets=Secrets()))
    (tmp_path / "facebook.yaml").write_text(MAPPING)
    (tmp_path / "website.yaml").write_text("channel: form")
    return tmp_path


def press(box: Sandbox, kind: str, endpoint: str = "facebook", **headers: str) -> requests.Response:
    """Press a button."""
    return requests.post(f"{box.url}/lead", data={"endpoint": endpoint, "kind": kind}, headers=headers, timeout=20)


def test_each_endpoint_for_facebook_has_its_buttons(box: Sandbox, mappings: Path) -> None:
    """The page has a form for each, which works without a script, under a strict policy; others have none."""
    answer = requests.get(box.url, timeout=10)
    assert re.findall(r'name="endpoint" value="(.*?)"', answer.text) == ["facebook"]
    assert re.findall(r'<button name="kind" value="(.*?)"', answer.text) == ["lead", "test"]
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    (mappings / "facebook.yaml").unlink()
    (mappings / "website.yaml").unlink()


def test_without_a_program_there_are_no_buttons(box: Sandbox) -> None:
    """A sandbox that runs alone shows what comes, and no form."""
    assert "<form" not in requests.get(box.url, timeout=10).text
    assert press(box, "lead").status_code == 404


@pytest.mark.usefixtures("mappings")
def test_a_lead_is_sent_by_a_button(box: Sandbox, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lead is of the form and page that the mapping claims, has what it reads, and is signed with its secret."""
    monkeypatch.setattr("ingest.sandbox.page.PATIENCE", 0)  # nobody fetches it
    shown = press(box, "lead").text
    assert "taken, and not yet asked for" in shown
    [lead] = box.state.leads.of_form("77") or []
    assert {one["name"] for one in lead["field_data"]} == {"full_name", "whatsapp_number"}
    assert lead["custom_disclaimer_responses"] == [{"checkbox_key": "news", "is_checked": "1"}]
    assert box.state.leads.page_of(lead["id"]) == "88"
    assert lead["id"] in shown
    assert endpoint.signatures == [sign(endpoint.bodies[0], "shh")]


def test_the_mappings_own_test_gives_the_answers(box: Sandbox, mappings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the mapping has a test, its lead is sent, each time as a new one."""
    monkeypatch.setattr("ingest.sandbox.page.PATIENCE", 0)
    (mappings / "facebook.yaml").write_text(MAPPING + TESTED)
    box.state.endpoints = Endpoints("http://127.0.0.1:9", Settings(mappings=mappings, secrets=Secrets()))
    assert "no answer" in press(box, "lead").text
    [lead] = box.state.leads.of_form("77") or []
    assert {one["name"]: one["values"] for one in lead["field_data"]} == {
        "full_name": ["Ravi"],
        "whatsapp_number": ["98765 00000"],
    }
    assert lead["id"] != "5"


@pytest.mark.usefixtures("mappings")
def test_a_test_lead_is_sent_by_a_button(box: Sandbox, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the dummies of Meta's tool; the page says that it is never sent, or that the endpoint refused it."""
    monkeypatch.setattr("ingest.sandbox.page.PATIENCE", 0)
    endpoint.statuses = [403]
    assert "answered 403" in press(box, "test").text
    press(box, "test")
    [lead, _] = box.state.leads.of_form("77") or []
    assert lead["field_data"][0]["values"][0].startswith("<test lead: dummy data for")
    requests.get(f"{box.graph_url}/{lead['id']}?access_token=any", timeout=10)
    assert "test_lead" in requests.get(box.url, timeout=10).text


@pytest.mark.usefixtures("mappings")
def test_another_sites_page_can_press_no_button(box: Sandbox, endpoint: Endpoint) -> None:
    """A browser tells which page it posts from; only the sandbox's own one may."""
    assert press(box, "lead", Origin="https://evil.example").status_code == 403
    assert press(box, "lead", Origin="null").status_code == 403
    assert endpoint.bodies == []
    assert press(box, "test", Origin=box.url).status_code == 200
