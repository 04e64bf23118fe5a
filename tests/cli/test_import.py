"""Files of leads, imported into real stores, with a worker that sends to the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from ingest.app import create_app
from ingest.cli import cli, importing
from ingest.inbox import Inbox, accepting
from ingest.inbox.tables import events, identities
from ingest.models import iso, utcnow
from ingest.sandbox import Sandbox
from ingest.settings import Secrets, Settings
from tests.delivery.house import House
from tests.inbox.helpers import past, rows, wait_until
from tests.stores import new_sqlite
from tests.web.house import signed

DOCS = Path(__file__).parents[2] / "docs"
PAGE, FORM = "153125381133", "447333180259108"
FACEBOOK = """
channel: facebook
{more}
request:
  campaignName: welcome
  destination: "{{{{ lead.phone_number | phone }}}}"
  userName: "{{{{ lead.full_name }}}}"
"""
FIELDS = """
form:
  fields:
    phone: {label: WhatsApp number, type: phone, required: true}
"""
HEADER = "id created_time ad_id form_id form_name is_organic platform full_name phone_number email lead_status".split()
PEOPLE = "name,phone\nAsha Rao,98765 43210\nRavi,98765 43211\n"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Mappings for Facebook and a website, the store that the commands find, and the sandbox."""
    with house_on(new_sqlite(tmp_path / "data" / "ingest.db"), tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def any_house(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The same, on both stores in turn."""
    with house_on(store, tmp_path, monkeypatch) as found:
        yield found


@contextmanager
def house_on(store: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with Sandbox() as box:
        house = House(store, folder / "mappings", box, monkeypatch)
        monkeypatch.setenv("DATABASE_URL", store)
        for name in ("INGEST_MAPPINGS", "INGEST_RETENTION_DAYS"):
            monkeypatch.delenv(name, raising=False)
        house.write("facebook", FACEBOOK.format(more=""))
        try:
            yield house
        finally:
            house.close()


def ingest(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def report(*arguments: str) -> dict[str, Any]:
    """What `ingest import … --json` tells; it must have gone well or told of refused rows."""
    told = ingest("import", *arguments, "--json")
    assert told.exit_code in {0, 1}, told.output
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def people(text: str = PEOPLE) -> str:
    Path("people.csv").write_text(text)
    return "people.csv"


def export(*leads: tuple[str, timedelta], form: str = FORM, cells: Sequence[str] = (), name: str = "fb.csv") -> str:
    """One of Facebook's exports: UTF-16 with tabs; of each lead its id and its age."""
    lines = ["\t".join(HEADER)]
    for number, (lead, age) in enumerate(leads):
        person = cells or ("Asha Rao", f"p:+9198765{number:05d}", "asha@acme.example")
        told = (f"l:{lead}", iso(utcnow() - age), "ag:1", f"f:{form}", "Diwali", "false", "fb", *person, "CREATED")
        lines.append("\t".join(told))
    Path(name).write_bytes("\n".join(lines).encode("utf-16"))
    return name


def post(house: House, lead: str) -> None:
    """Facebook's webhook of a lead."""
    change = {"field": "leadgen", "value": {"leadgen_id": lead, "page_id": PAGE, "form_id": FORM}}
    body = json.dumps({"object": "page", "entry": [{"id": PAGE, "changes": [change]}]}).encode()
    here = Settings(database_url="", mappings=house.mappings, secrets=Secrets())
    client = create_app(here, house.inbox).test_client()
    answer = client.post("/in/facebook", data=body, headers=signed(body, "secret"))
    assert answer.status_code == 200, answer.text


def at_meta(house: House, **fields: str) -> str:
    """A lead that Facebook has; its id."""
    made = {"full_name": "Asha Rao", "phone_number": "+919876500000", **fields}
    lead: str = house.box.state.leads.add(made, PAGE, FORM)["id"]
    return lead


def at_rest(house: House) -> list[tuple[str, str | None]]:
    """What every delivery came to, when none is under way any more."""

    def done() -> list[tuple[str, str | None]] | None:
        found = [(row.status, row.reason) for row in rows(house.inbox)]
        return None if {"pending", "sending", "waiting"} & {status for status, _ in found} else found

    return sorted(wait_until(done, "the end of all deliveries"))


def expire_all(inbox: Inbox) -> None:
    """Let the time go by after which what has no id counts as another lead."""

    def change(connection: Any, items: Sequence[None]) -> list[None]:
        connection.execute(update(identities).where(identities.c.expires_at.is_not(None)).values(expires_at=past()))
        return [None for _ in items]

    inbox.write(change, None)


def test_a_lead_that_came_by_webhook_is_no_new_one_in_an_export(house: House) -> None:
    """The person has one message, whichever came first."""
    first, second = at_meta(house), at_meta(house, phone_number="+919876500001")
    post(house, first)
    told = report(export((first, timedelta(hours=1)), (second, timedelta(hours=1))))
    assert (told["taken"], told["duplicates"]) == (1, 1)
    post(house, second)
    house.work()
    assert at_rest(house) == [("sent", None)] * 2
    assert sorted(body["destination"] for body in house.sent()) == ["+919876500000", "+919876500001"]


def test_a_file_that_is_imported_twice_messages_nobody_twice(any_house: House) -> None:
    """Not after months either, and not when a spreadsheet has saved it in its own way."""
    assert report(people(), "--mapping", "website")["taken"] == 2
    any_house.work()
    assert at_rest(any_house) == [("sent", None)] * 2
    expire_all(any_house.inbox)
    again = people('Phone;Name;\r\n"98765 43210";Asha Rao;\r\n98765 43211;Ravi;\r\n')
    told = report(again, "--mapping", "website")
    assert (told["taken"], told["duplicates"]) == (0, 2)
    assert len(any_house.sent()) == 2


def test_another_mapping_may_take_the_same_file(house: House) -> None:
    """That is how the same people are told of something else."""
    house.write("offer", (house.mappings / "website.yaml").read_text().replace("welcome", "offer"))
    assert report(people(), "--mapping", "website")["taken"] == 2
    assert report(people(), "--mapping", "offer")["taken"] == 2


def test_who_was_forgotten_stays_so(any_house: House) -> None:
    """Identities outlive the data, in Facebook's exports and in other files."""
    file = export(("77", timedelta(hours=1)))
    assert report(file)["taken"] + report(people(), "--mapping", "website")["taken"] == 3
    any_house.work()
    assert at_rest(any_house) == [("sent", None)] * 3
    expire_all(any_house.inbox)
    for phone in ("+919876500000", "+919876543210", "+919876543211"):
        assert "1 lead" in ingest("forget", phone).output
    assert report(file)["duplicates"] + report(people(), "--mapping", "website")["duplicates"] == 3
    assert len(any_house.sent()) == 3
    assert b"Asha" not in b"".join(row.body + (row.lead or b"") for row in rows(any_house.inbox, events))


def test_leads_that_are_too_old_are_held_and_told_of(house: House) -> None:
    """Nobody expects that message any more; where the mapping names an age, that counts."""
    house.write("patient", FACEBOOK.format(more="policy: {max_age: 30d}\nmatch: {forms: ['5']}"))
    old = report(export(("1", timedelta(days=3)), ("2", timedelta(hours=3))))
    assert (old["too_old"], old["messages"]["to_be_sent"]) == (1, 1)
    assert report(export(("3", timedelta(days=3)), form="5"))["too_old"] == 0
    house.work()
    assert at_rest(house) == [("held", "too_old"), ("sent", None), ("sent", None)]


def test_old_leads_are_sent_where_a_person_says_so(house: House) -> None:
    """`--send-old` is for who knows what they do."""
    told = report(export(("1", timedelta(days=30))), "--send-old")
    assert (told["too_old"], told["messages"]["to_be_sent"]) == (0, 1)
    house.work()
    assert at_rest(house) == [("sent", None)]


def test_test_leads_are_never_sent(house: House) -> None:
    """They are in exports like any other."""
    dummy = ("<test lead: dummy data for full_name>", "p:<test lead: dummy data for phone_number>", "test@meta.com")
    assert report(export(("9", timedelta()), cells=dummy))["messages"]["skipped"] == {"test_lead": 1}
    house.work()
    assert at_rest(house) == [("skipped", "test_lead")]
    assert house.sent() == []


def test_the_rows_of_an_export_go_to_the_mapping_that_claims_their_form(house: House) -> None:
    """As they would by webhook; the one without a claim takes the others, and none needs to be named."""
    house.write("offers", FACEBOOK.format(more=f"match: {{forms: ['{FORM}']}}"))
    told = report(export(("1", timedelta())))
    assert (told["mapping"], told["endpoints"]) == ("facebook", {"offers": 1})
    assert report(export(("2", timedelta()), form="8"))["endpoints"] == {"facebook": 1}


def test_several_mappings_that_could_take_a_file_are_named(house: House) -> None:
    """Which is meant is for the person to say; one that is nearly right is told."""
    for claim in ("facebook", "offers"):
        house.write(claim, FACEBOOK.format(more=f"match: {{forms: ['{claim}']}}"))
    told = ingest("import", export(("1", timedelta())))
    assert (told.exit_code, "There are: facebook, offers" in told.stderr) == (2, True)
    told = ingest("import", people(), "--mapping", "webste")
    assert (told.exit_code, "Did you mean website?" in told.stderr) == (2, True)


@pytest.mark.usefixtures("house")
def test_the_only_mapping_that_can_take_a_file_needs_no_name() -> None:
    """Facebook's are not asked for a list of one's own."""
    assert report(people())["endpoints"] == {"website": 2}


def test_a_list_is_no_export_and_what_has_no_columns_takes_none(house: House) -> None:
    """Before anything is stored, with what is missing."""
    told = ingest("import", people(), "--mapping", "facebook")
    assert (told.exit_code, "id, created_time, form_id" in told.stderr) == (2, True)
    house.write("typeform", FACEBOOK.format(more="auth: {}").replace("facebook", "typeform"))
    told = ingest("import", people(), "--mapping", "typeform")
    assert (told.exit_code, "typeform" in told.stderr) == (2, True)
    assert rows(house.inbox, events) == []


def test_an_export_may_go_through_another_mapping(house: House) -> None:
    """Who takes Facebook's leads through Zapier imports them so, with its ids and phones as Zapier posts them."""
    request = FACEBOOK.format(more='event_id: "{{ payload.id }}"\nauth: {token: ZAPIER_TOKEN}')
    house.write("zapier", request.replace("facebook", "zapier"))
    told = report(export(("1", timedelta()), ("1", timedelta())), "--mapping", "zapier")
    assert (told["taken"], told["duplicates"]) == (1, 1)
    (row,) = rows(house.inbox, events)
    assert (row.external_id, json.loads(row.body)["phone_number"]) == ("1", "+919876500000")


def test_rows_that_are_refused_are_told_by_their_line_and_nothing_else_of_them(house: House) -> None:
    """The others are taken; the exit code tells that some were not."""
    house.write("website", (house.mappings / "website.yaml").read_text() + FIELDS)
    file = people("name,phone\nAsha Rao,98765 43210\nMina Patel,12\nUma\n\nKiran,\n")
    told = ingest("import", file, "--mapping", "website")
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "people.csv:3: invalid_fields WhatsApp number is no phone number.",
        "people.csv:4: bad_row The row has 1 cells, and the names of the columns are 2.",
        "people.csv:6: invalid_fields WhatsApp number is missing.",
        "4 rows: 1 taken (website 1), 0 duplicates, 3 refused",
        "  1 to be sent",
    ]
    assert not re.search("Asha|Mina|Uma|Kiran|98765", told.output)
    assert [one["line"] for one in report(file, "--mapping", "website")["refusals"]] == [3, 4, 6]


@pytest.mark.usefixtures("house")
def test_many_refused_rows_are_counted_and_the_first_of_them_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is wrong throughout fills neither the screen nor the memory."""
    monkeypatch.setattr(importing, "MAX_TOLD", 30)
    file = people("name,phone\n" + "Asha\n" * 100)
    told = ingest("import", file, "--mapping", "website")
    assert "… and 80 more that are refused" in told.stdout
    found = report(file, "--mapping", "website")
    assert (found["refused"], len(found["refusals"])) == (100, 30)


def test_a_dry_run_tells_what_an_import_does_and_stores_nothing(any_house: House) -> None:
    """Of each message: sent, held or skipped, and why; duplicates in the file and in the store."""
    assert report(people("name,phone\nAsha Rao,98765 43210\n"), "--mapping", "website")["taken"] == 1
    ingest("optout", "+919876543211")
    file = people(f"{PEOPLE}Ravi,98765 43211\nUma,1\nMina,98765 43212\n")
    before = len(rows(any_house.inbox, events)), len(rows(any_house.inbox, identities))
    dry = report(file, "--mapping", "website", "--dry-run")
    assert (len(rows(any_house.inbox, events)), len(rows(any_house.inbox, identities))) == before
    assert (dry["taken"], dry["duplicates"]) == (3, 2)
    assert dry["messages"] == {"to_be_sent": 1, "held": {"phone_invalid": 1}, "skipped": {"opted_out": 1}}
    assert report(file, "--mapping", "website") == {**dry, "dry_run": False}
    any_house.work()
    done = at_rest(any_house)
    assert done == [("held", "phone_invalid"), ("sent", None), ("sent", None), ("skipped", "opted_out")]


def test_a_row_can_give_several_messages(house: House) -> None:
    """Each is told of by itself."""
    text = (house.mappings / "website.yaml").read_text()
    house.write("website", text + "routes: [{name: a, continue: true}, {name: b, request: {campaignName: other}}]\n")
    told = report(people(), "--mapping", "website", "--dry-run")
    assert (told["taken"], told["messages"]["to_be_sent"]) == (2, 4)


def test_leads_of_a_mapping_that_is_broken_are_stored_and_held(house: House) -> None:
    """They go out when it is mended, like any other."""
    house.write("website", (house.mappings / "website.yaml").read_text().replace("| phone", "| fone"))
    assert report(people(), "--mapping", "website")["messages"]["held"] == {"mapping_broken": 2}


def test_an_import_that_is_interrupted_goes_on_when_it_is_run_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on disk stays, and is told; nobody is messaged twice."""
    monkeypatch.setattr(importing, "BATCH", 10)
    file = people("name,phone\n" + "".join(f"Asha,98765{number:05d}\n" for number in range(35)))
    accept, calls = accepting.accept, []

    def interrupted(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return accept(*given)

    with monkeypatch.context() as patched:
        patched.setattr(accepting, "accept", interrupted)
        told = ingest("import", file, "--mapping", "website", "--json")
    assert told.exit_code == 1
    assert {"finished": False, "taken": 20}.items() <= json.loads(told.stdout).items()
    assert "run the command again" in told.stderr
    again = report(file, "--mapping", "website")
    assert (again["finished"], again["taken"], again["duplicates"]) == (True, 15, 20)
    assert len(rows(house.inbox, events)) == 35


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_names_come_whole_out_of_every_encoding(house: House, encoding: str) -> None:
    """As the person wrote them."""
    Path("list.csv").write_bytes("name;phone\nJosé Müller;98765 43210\n".encode(encoding))
    report("list.csv", "--mapping", "website")
    house.work()
    at_rest(house)
    assert [body["userName"] for body in house.sent()] == ["José Müller"]


@pytest.mark.usefixtures("house")
def test_a_workbook_is_refused_with_what_to_do() -> None:
    """Before anything is stored."""
    Path("leads.xlsx").write_bytes(b"PK\x03\x04\x14\x00\x06\x00")
    told = ingest("import", "leads.xlsx", "--mapping", "website")
    assert (told.exit_code, "Save it as CSV UTF-8" in told.stderr) == (2, True)


def test_the_import_in_the_documentation_is_what_one_gets(house: House) -> None:
    """Typed as it stands there, with a file as it is described."""
    text = (DOCS / "commands.md").read_text()
    found = re.search(r"^\$ ingest (import \S+ .*)\n((?:.+\n)*?)^```", text, re.MULTILINE)
    assert found
    young, old = timedelta(hours=1), timedelta(days=40)
    post(house, "100")
    export(("100", young), ("101", young), ("102", young), ("103", old), ("", young), name="leads.csv")
    told = ingest(*found[1].split())
    assert told.stdout == found[2]
