"""`ingest capture`, driven on a real store: a stored lead becomes a test that passes, and tells of nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.cli import cli
from ingest.inbox import Inbox
from ingest.inbox.tables import events
from ingest.mapping.document import reading
from tests.inbox.helpers import event, post
from tests.stores import new_sqlite

MAPPING = """\
# The site's leads.
channel: form   # posted by browsers

let: {name: "{{ lead.name or lead.full_name }}"}
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ name | default('Website lead') }}"
  attributes: {city: '{{ lead.city }}', came: "{{ meta.received_at | date('%d %b') }}"}
routes:
  - {name: pune, when: lead.city == 'Pune', continue: true}
  - {name: spam, when: lead.city == 'Nowhere', request: {userName: "{{ lead.nothing }}"}}
  - name: everyone
policy: {consent: "lead.optin | default('yes') | yes"}

tests:
  - name: Nobody      # the first
    lead: {phone: "1"}
    expect_hold: phone_invalid

# The end.
"""
FACEBOOK = """\
channel: facebook
request:
  campaignName: "page {{ lead.page_id }}"
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
"""
DOCUMENT = {
    "id": "1234567890123",
    "created_time": "2026-02-03T16:16:51+0000",
    "field_data": [
        {"name": "full_name", "values": ["Asha Rao"]},
        {"name": "phone_number", "values": ["+91 98765 43210"]},
    ],
}


@pytest.fixture(autouse=True)
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """The store that the command finds, in a folder with mappings."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "INGEST_MAPPINGS"):
        monkeypatch.delenv(name, raising=False)
    write(MAPPING)
    write(FACEBOOK, "facebook")
    inbox = Inbox(new_sqlite(Path("data", "ingest.db")))
    yield inbox
    inbox.close()


def write(text: str, name: str = "website") -> None:
    path = Path("mappings", f"{name}.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())


def mapping(name: str = "website") -> str:
    return Path("mappings", f"{name}.yaml").read_bytes().decode()


def in_file(name: str = "website") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reading.sound(mapping(name).removeprefix("\ufeff"), name).get("tests")
    return found


def ingest(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def form(inbox: Inbox, **fields: Any) -> str:
    """A lead of the form; its id."""
    return post(inbox, event(body=json.dumps(fields).encode()))[0]


def facebook(inbox: Inbox, document: Any = None) -> str:
    """A lead of Facebook, looked up where there is a document; its id."""
    body = json.dumps({"leadgen_id": "1234567890123", "page_id": "555", "form_id": "7"}).encode()
    lane = "look-up:facebook:1"
    [lead] = post(inbox, event("1234567890123", endpoint="facebook", channel="facebook", body=body, lane=lane))

    def know(connection: Any, items: Any) -> list[None]:
        values = {"lead": json.dumps(document).encode()}
        connection.execute(events.update().where(events.c.id == lead).values(**values))
        return [None for _ in items]

    if document:
        inbox.write(know, None)
    return lead


def test_a_lead_becomes_a_test_that_passes(inbox: Inbox) -> None:
    """It stands at the end of the mapping's tests, all else of the file as it was, and says what comes out now."""
    lead = form(inbox, name="Dr. Asha Rao", phone="098765 43210", city="Pune", email="asha.rao@gmail.com")
    told = ingest("capture", lead)
    assert told.exit_code == 0, told.output
    before, _, after = MAPPING.partition("\n# The end.")
    assert mapping().startswith(before) and mapping().endswith(f"\n# The end.{after}")
    test = in_file()[-1]
    assert test["name"].startswith("Captured 20") and test["name"].endswith(lead[:8])
    assert test["payload"]["city"] == "Pune" and test["payload"]["name"].startswith("Dr. ")
    assert [body["campaignName"] for body in test["expect_exactly"]] == ["welcome", "welcome"]
    assert test["expect_route"] == "pune"
    for gone in ("Asha", "Rao", "98765", "43210", "gmail"):
        assert gone not in mapping()
    assert ingest("test", "website").exit_code == 0


@pytest.mark.parametrize(
    ("fields", "key", "expected"),
    [
        ({"phone": "12345"}, "expect_hold", "phone_invalid"),
        ({"phone": "9876543210, 9123456789"}, "expect_hold", "phone_ambiguous"),
        ({"name": "Asha"}, "expect_hold", "missing_value"),
        ({"phone": "9876543210", "city": "Nowhere"}, "expect_hold", "missing_value"),
        ({"phone": "9876543210", "optin": "no"}, "expect_skip", "no_consent"),
    ],
)
def test_why_a_lead_is_not_sent_is_expected_too(inbox: Inbox, fields: Any, key: str, expected: str) -> None:
    assert ingest("capture", form(inbox, **fields)).exit_code == 0
    assert in_file()[-1][key] == expected
    assert ingest("test", "website").exit_code == 0


def test_the_time_is_kept_where_it_matters(inbox: Inbox) -> None:
    """And only there."""
    assert ingest("capture", form(inbox, phone="9876543210")).exit_code == 0
    assert "now" in in_file()[-1]
    write(MAPPING.replace(", came: \"{{ meta.received_at | date('%d %b') }}\"", ""))
    assert ingest("capture", form(inbox, phone="9876543210")).exit_code == 0
    assert "now" not in in_file()[-1]


def test_the_same_lead_is_captured_once(inbox: Inbox) -> None:
    """Another with the same name for its test gets a number."""
    lead = form(inbox, phone="9876543210", name="Asha")
    assert ingest("capture", lead, "--name", "Mine").exit_code == 0
    before = mapping()
    again = ingest("capture", lead, "--name", "Another")
    assert again.exit_code == 0
    assert "there already, as 'Mine'" in again.output
    assert mapping() == before
    assert ingest("capture", form(inbox, phone="9876543211"), "--name", "Mine").exit_code == 0
    assert [test["name"] for test in in_file()] == ["Nobody", "Mine", "Mine (2)"]


def test_a_test_can_be_printed_only(inbox: Inbox) -> None:
    told = ingest("capture", form(inbox, phone="9876543210"), "--stdout", "--name", "Printed")
    assert reading.sound(told.stdout, "x").plain()[0]["name"] == "Printed"
    assert mapping() == MAPPING


def test_a_facebook_lead_is_captured_as_the_graph_api_gave_it(inbox: Inbox) -> None:
    """With what only the notice told: here the page."""
    told = ingest("capture", facebook(inbox, DOCUMENT))
    assert told.exit_code == 0, told.output
    [test] = in_file("facebook")
    assert test["expect_exactly"]["campaignName"] == "page 555"
    assert test["payload"]["field_data"][0]["name"] == "full_name"
    assert test["payload"]["page_id"] == "555"
    assert test["payload"]["id"] != "1234567890123"
    assert "form_id" in test["payload"] and "entry_id" not in test["payload"]
    assert ingest("test", "facebook").exit_code == 0


@pytest.mark.parametrize(
    ("break_", "says"),
    [
        (lambda: write("channel: form\nrequest: {a: b}\n"), "The mapping is broken: mend it first"),
        (lambda: Path("mappings/website.yaml").unlink(), "There is no mapping for website"),
        (lambda: write(MAPPING.replace("channel: form ", "channel: facebook ")), "came by form"),
        (lambda: ingest("forget", "9876543210"), "was erased"),
        (lambda: write(MAPPING.replace("lead.city == 'Pune'", "lead.name is matching('^Ash.$')")), "by hand"),
        (lambda: write(MAPPING.replace("'{{ lead.city }}'", "'{{ meta.id }}'")), "by hand"),
        (
            lambda: write(MAPPING.replace("'Website lead'", "meta.id").replace("lead.name or", "lead.x or")),
            "by hand",
        ),
    ],
)
def test_what_can_not_be_captured_is_told(inbox: Inbox, break_: Any, says: str) -> None:
    """Exit 1, what to do, and no file is changed."""
    lead = form(inbox, phone="9876543210", name="Asha")
    break_()
    before = {path: path.read_bytes() for path in Path("mappings").iterdir()}
    told = ingest("capture", lead)
    assert told.exit_code == 1
    assert says in told.output
    assert {path: path.read_bytes() for path in Path("mappings").iterdir()} == before


def test_a_lead_that_was_not_fetched_is_told(inbox: Inbox) -> None:
    told = ingest("capture", facebook(inbox))
    assert told.exit_code == 1
    assert "not fetched" in told.output


def test_an_unknown_lead_is_wrong_usage(inbox: Inbox) -> None:
    lead = form(inbox, phone="9876543210")
    told = ingest("capture", f"{lead[:-1]}~")
    assert told.exit_code == 2
    assert lead in told.output


def test_tests_of_a_base_are_not_replaced(inbox: Inbox) -> None:
    """The test is printed instead, and says where those stand that would be lost."""
    write(MAPPING, "_base")
    write("extends: _base.yaml\n")
    told = ingest("capture", form(inbox, phone="9876543210"))
    assert told.exit_code == 1
    assert "_base.yaml" in told.output and "payload" in told.stdout
    assert mapping() == "extends: _base.yaml\n"
    write(MAPPING.partition("tests:")[0], "_base")
    assert ingest("capture", form(inbox, phone="9876543210")).exit_code == 0
    assert mapping().startswith("extends: _base.yaml\n\ntests:\n")
    assert mapping("_base") == MAPPING.partition("tests:")[0]


def test_the_file_keeps_its_mode_its_mark_and_its_line_ends(inbox: Inbox) -> None:
    """A link stays a link, too."""
    real = Path("real.yaml")
    real.write_bytes(b"\xef\xbb\xbf" + MAPPING.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    path = Path("mappings/website.yaml")
    path.unlink()
    path.symlink_to(real.absolute())
    assert ingest("capture", form(inbox, phone="9876543210")).exit_code == 0
    content = real.read_bytes()
    assert path.is_symlink() and content.startswith(b"\xef\xbb\xbf#")
    assert content.count(b"\n") == content.count(b"\r\n") > MAPPING.count("\n")
    assert real.stat().st_mode & 0o777 == 0o640
    assert {each.name for each in Path("mappings").iterdir()} == {"facebook.yaml", "website.yaml"}


ODD = st.text(max_size=12) | st.integers() | st.booleans() | st.none() | st.lists(st.text(max_size=4), max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.sampled_from(["name", "phone", "city", "optin", "note", "on", "é\n", ""]), ODD))
def test_whatever_was_posted_its_test_passes(inbox: Inbox, fields: dict[str, Any]) -> None:
    """Odd texts, halves of characters, no fields at all: the test is written and passes, or it is told why not."""
    write(MAPPING)
    told = ingest("capture", form(inbox, **fields))
    assert (told.exit_code == 0) == (mapping() != MAPPING)
    assert told.exit_code == 0 or "by hand" in told.output
    assert ingest("test", "website").exit_code == 0
