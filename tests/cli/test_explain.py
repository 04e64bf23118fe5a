"""`ingest explain`, on leads that were stored, translated and answered as the program does it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.catalog import LiveCatalog
from ingest.cli import cli
from ingest.delivery.prepare import prepare
from ingest.inbox import Inbox
from ingest.inbox.tables import deliveries, events
from ingest.models import Reason, Status, Verdict
from ingest.sandbox import Sandbox
from tests.delivery.house import House
from tests.inbox.helpers import claim, event, grant, move, post, rows, set_one, settle, wait_until
from tests.stores import new_sqlite

DOCS = Path(__file__).parents[2] / "docs"
MAPPING = """channel: form
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name | default('friend') }}"
  templateParams: ["{{ lead.city }}"]
"""
ROUTES = """channel: form
request: {campaignName: a, destination: "{{ lead.phone | phone }}", userName: u}
routes:
  - {name: first, when: lead.first | yes, continue: true}
  - {name: second, when: lead.second | yes, request: {userName: "{{ lead.name }}"}}
"""
GOOD = {"phone": "98765 43210", "city": "Pune"}


class Desk:
    """A store and a folder of mappings, as the commands find them, and what a worker does with leads."""

    def __init__(self, folder: Path) -> None:
        self.mappings = folder / "mappings"
        self.mappings.mkdir()
        self.write(MAPPING)
        self.inbox = Inbox(new_sqlite(Path("data", "ingest.db")))

    def write(self, text: str, endpoint: str = "website") -> None:
        """Write a mapping."""
        (self.mappings / f"{endpoint}.yaml").write_text(text)

    def lead(self, body: Any = None, **values: Any) -> str:
        """A lead that has come; its id."""
        raw = body if isinstance(body, bytes) else json.dumps(GOOD if body is None else body).encode()
        return post(self.inbox, event(body=raw, **values))[0]

    def translate(self, body: Any = None, **values: Any) -> str:
        """A lead that a worker has translated, and left where it is held or before it is sent; its id."""
        lead = self.lead(body, **values)
        [delivery] = claim(self.inbox)
        prepared = prepare(delivery, LiveCatalog(Path("mappings"), "IN").current(), "w1")
        if prepared.move is not None:
            move(self.inbox, prepared.move)
        elif prepared.ready is not None:
            assert grant(self.inbox, delivery, kept=prepared.ready.kept, event=prepared.ready.event).go
        return lead

    def answer(self, verdict: Verdict, status: Status, reason: Reason | None, said: str) -> str:
        """A lead that AiSensy has answered; its id."""
        self.lead()
        [delivery] = claim(self.inbox)
        ready = prepare(delivery, LiveCatalog(Path("mappings"), "IN").current(), "w1").ready
        assert ready is not None
        grant(self.inbox, delivery, kept=ready.kept)
        values = {"status": status, "reason": reason, "error": said or None, "owner": None, "due_at": None}
        assert settle(self.inbox, delivery, verdict, values=values)
        return delivery.event.id


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "INGEST_MAPPINGS"):
        monkeypatch.delenv(name, raising=False)
    desk = Desk(tmp_path)
    yield desk
    desk.inbox.close()


def explain(lead: str, *options: str) -> Result:
    told = CliRunner().invoke(cli, ["explain", lead, *options])
    assert told.exit_code == 0, told.output
    return told


def first(lead: str) -> str:
    """The first line."""
    return explain(lead).stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("mapping", "body", "said"),
    [
        (
            MAPPING,
            {"phone": "9876543210"},
            "Held: templateParams[0] needs lead.city, which this lead does not have. Give it a `default` in"
            " mappings/website.yaml:6:20, or discard the lead: `ingest discard LEAD`.",
        ),
        (
            MAPPING.replace("request:", 'let: {tel: "{{ lead.phone or lead.mobile }}"}\nrequest:').replace(
                "lead.phone |", "tel |"
            ),
            {"mobile": "12345", "city": "Pune"},
            "Held: destination is made from lead.mobile (12345), which holds no phone number that can be called."
            " Another field, or another country, like `phone('US')`? Mend mappings/website.yaml:5:17; or discard the"
            " lead: `ingest discard LEAD`.",
        ),
        (
            MAPPING,
            {"phone": "9876543210 / 9123456789", "city": "Pune"},
            "Held: destination is made from lead.phone (9876543210 / 9123456789), which holds several different phone"
            " numbers. Choose one in mappings/website.yaml:4:17, with `regex_search` for example; or discard the lead:"
            " `ingest discard LEAD`.",
        ),
        (
            ROUTES,
            GOOD,
            "Held: no route of mappings/website.yaml:3:1 holds for it. Mend a `when`, or add a last route without one,"
            " and it goes out by itself; or discard it: `ingest discard LEAD`.",
        ),
        (
            MAPPING.replace("lead.city", "lead.city + 1"),
            GOOD,
            "Held: templateParams[0] can't be made: an operation does not fit its values: fields are text, `| number`"
            " makes numbers of them. Mend mappings/website.yaml:6:20, and it goes out by itself; or discard the lead:"
            " `ingest discard LEAD`.",
        ),
        (
            MAPPING.replace(" | phone", ""),
            GOOD,
            "Held: AiSensy would not take destination: Not a number with its country, like +919876543210. Mend"
            " mappings/website.yaml:4:16, and it goes out by itself; or discard the lead: `ingest discard LEAD`.",
        ),
        (
            MAPPING.replace("default(", "defualt("),
            GOOD,
            "Held: the mapping is broken in mappings/website.yaml:5:13, unknown_filter: There is no filter `defualt`."
            " Mend it (`ingest check` tells all that is wrong with it), and the lead goes out by itself.",
        ),
        (
            MAPPING + "policy: {consent: lead.optin | yes}\n",
            GOOD,
            "Skipped: the person did not agree to be messaged. Nothing to do; policy.consent in"
            " mappings/website.yaml:7:19 asks for it.",
        ),
    ],
)
def test_the_first_line_says_what_to_do(desk: Desk, mapping: str, body: Any, said: str) -> None:
    """For that very lead: the field, the place in the mapping, and the command with the lead's id."""
    desk.write(mapping)
    lead = desk.translate(body)
    line = first(lead)
    assert re.sub(r":\d+:\d+", ":…", line) == re.sub(r":\d+:\d+", ":…", said.replace("LEAD", lead))
    place = re.search(r"website\.yaml:(\d+):(\d+)", line)
    stored = next(row.error for row in rows(desk.inbox))
    assert place
    assert stored.startswith(f"mappings/{place[0]}:")


def test_a_mapping_that_is_gone_is_named(desk: Desk) -> None:
    """And all else that is known of the lead is told."""
    lead = desk.translate(endpoint="gone")
    assert first(lead).startswith("Held: There is no mapping for gone: put its file back")
    assert '"city": "Pune"' in explain(lead).stdout


@pytest.mark.parametrize(
    ("verdict", "status", "reason", "answer", "said"),
    [
        (
            Verdict.CAMPAIGN,
            Status.HELD,
            Reason.CAMPAIGN_REJECTED,
            "HTTP 400: Campaign does not exist.",
            r"Held: AiSensy refuses the campaign welcome: HTTP 400: Campaign does not exist\. The mapping has not"
            r" changed since\. .* Mend mappings/website.yaml, .* `ingest replay LEAD`\.",
        ),
        (
            Verdict.AMBIGUOUS,
            Status.HELD,
            Reason.AMBIGUOUS,
            "AiSensy may have taken it: no answer in time.",
            r"Held: nobody knows whether AiSensy sent it: no answer in time\. Look in AiSensy for \+919876543210: .*"
            r"`ingest replay LEAD` .*`ingest discard LEAD` ends this\.",
        ),
        (
            Verdict.NUMBER,
            Status.FAILED,
            Reason.NUMBER_REJECTED,
            "HTTP 400: Invalid number",
            r"Failed: AiSensy refuses \+919876543210 for good: HTTP 400: Invalid number\. .*",
        ),
        (
            Verdict.TRANSIENT,
            Status.FAILED,
            Reason.RETRIES_EXHAUSTED,
            "HTTP 503: busy",
            r"Failed: it was tried for a day: HTTP 503: busy\. .*`ingest replay LEAD`.*",
        ),
        (Verdict.SENT, Status.SENT, None, "", r"Sent: AiSensy took it, campaign welcome, for \+919876543210\. .*"),
    ],
)
def test_the_first_line_says_what_aisensy_said_and_what_follows(
    *, desk: Desk, verdict: Verdict, status: Status, reason: Reason | None, answer: str, said: str
) -> None:
    """With the number to look for, and commands to copy."""
    lead = desk.answer(verdict, status, reason, answer)
    assert re.fullmatch(said.replace("LEAD", lead), first(lead)), first(lead)
    assert "Attempt 1 at " in explain(lead).stdout
    assert '"apiKey": "***"' in explain(lead).stdout


@pytest.mark.parametrize("reason", Reason)
def test_there_is_something_to_say_of_every_reason(desk: Desk, reason: Reason) -> None:
    """Even where nothing was said about it."""
    lead = desk.lead()
    set_one(desk.inbox, rows(desk.inbox)[0].id, status=Status.HELD, reason=reason, error=None)
    line = first(lead)
    assert line.startswith("Held: ")
    assert line.endswith(".")
    assert len(line) > 30
    assert ": ." not in line
    assert ".." not in line


def test_how_it_was_translated_is_told_expression_by_expression(desk: Desk) -> None:
    """By which version, with inputs and results, and the last step is the one that holds it."""
    lead = desk.translate({"phone": "9876543210"})
    told = explain(lead).stdout
    version = rows(desk.inbox)[0].version
    assert f"How it was translated, by mapping version {version}, which is still the one in use:" in told
    assert re.search(r"userName +\S+:5:14 +\{\{ lead.name .* → 'friend' +\[lead.name=absent\]", told)
    assert re.search(r"templateParams\[0\] .* → ✗ held, missing_value: lead.city is absent .*\n\d expressions in", told)


def test_a_mapping_that_has_changed_since_says_what_is_different(desk: Desk) -> None:
    """The same request, another one with the keys that differ, or why there would be none."""
    sent = desk.answer(Verdict.SENT, Status.SENT, None, "")
    held = desk.translate({"phone": "9876543210"})
    desk.write(MAPPING + "# a comment\n")
    assert "With the mapping as it is now: the same request\n" in explain(sent).stdout
    assert "The mapping has changed since (then " in explain(sent).stdout
    assert "The mapping has changed since, and now templateParams[0] needs lead.city" in first(held)
    desk.write(MAPPING.replace("welcome", "other").replace("lead.city", "lead.city | default('x')") + "  tags: [a]\n")
    differs = "With the mapping as it is now: another request, different in campaignName, tags\n"
    assert differs in explain(sent).stdout
    assert f"tried again by itself, or at once by `ingest replay {held}`." in first(held)
    assert "With the mapping as it is now: a request, which can be sent\n" in explain(held).stdout
    desk.write(MAPPING.replace("lead.phone", "lead.mobile"))
    assert re.search(r"as it is now: no request; \S+:4:17: missing_value destination: ", explain(sent).stdout)
    desk.write(MAPPING.replace("phone }}", "fone }}"))
    assert "The mapping is broken now:\nmappings/website.yaml:4:17: unknown_filter" in explain(sent).stdout
    assert "and now the mapping is broken in mappings/website.yaml:4:17" in first(held)


def test_each_of_several_deliveries_has_a_line_and_its_own_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by their routes; a further one is looked at by its own route."""
    store = new_sqlite(tmp_path / "ingest.db")
    monkeypatch.setenv("DATABASE_URL", store)
    with (
        Sandbox() as box,
        closing(House(store, tmp_path / "mappings", box, monkeypatch)) as house,
    ):
        house.write("website", ROUTES)
        house.work()
        lead = house.lead(first="yes", second="yes", name="")
        wait_until(lambda: [one["status"] for one in house.inbox.outcome_of(lead)] == ["sent", "held"], "both ends")
    lines = explain(lead).stdout.splitlines()
    assert lines[0].startswith("Sent (first): ")
    assert lines[1].startswith("Held (second): userName needs lead.name, which this lead does not have.")
    told = json.loads(explain(lead, "--json").stdout)
    assert [(one["name"], one["held"]) for one in told["routes"]] == [("first", True), ("second", True)]
    assert [one["now"]["request"] for one in told["deliveries"]] == [True, False]
    house.write("website", ROUTES.replace("lead.second | yes", "lead.second == 'never'"))
    assert "and now the route that it was for does not hold any more" in explain(lead).stdout.splitlines()[1]


def test_json_has_the_same_as_data(desk: Desk) -> None:
    """Routes, expressions, what was left out, the advice, and what would become of it now."""
    desk.write(MAPPING.replace("\n  templateParams", "\n  source: '{{ lead.from }}'\n  templateParams"))
    lead = desk.translate()
    told = json.loads(explain(lead, "--json").stdout)
    assert told["mapping"] == told["deliveries"][0]["version"]
    assert told["routes"] == [{"name": None, "place": None, "when": None, "held": True, "inputs": {}, "problem": None}]
    assert told["left_out"] == [
        {"field": "source", "place": "mappings/website.yaml:6:12", "why": "lead.from is absent"}
    ]
    destination = next(one for one in told["expressions"] if one["field"] == "destination")
    assert destination.pop("microseconds") >= 0
    assert destination == {
        "place": "mappings/website.yaml:4:17",
        "field": "destination",
        "route": 0,
        "expression": "{{ lead.phone | phone }}",
        "inputs": {"lead.phone": "98765 43210"},
        "result": "+919876543210",
        "problem": None,
    }
    assert told["deliveries"][0]["now"] == {"request": True, "problem": None, "differs": []}
    assert told["deliveries"][0]["advice"].startswith("Sending: ")
    assert told["not_translated"] is None


ODD: dict[str, tuple[Any, dict[str, Any]]] = {
    "no JSON": (b"\xff\xfe no JSON \x1b[2J", {}),
    "nothing": (b"", {}),
    "too deep": (b"[" * 100_000, {}),
    "a list": ([1, 2], {}),
    "a number": (12, {}),
    "null": (b"null", {}),
    "huge": ({**GOOD, **{f"field{n}": "x" * 50_000 for n in range(200)}}, {}),
    "unknown channel": (GOOD, {"channel": "carrier_pigeon"}),
    "unknown endpoint": (GOOD, {"endpoint": "../../x"}),
    "not fetched": ({"leadgen_id": "1"}, {"channel": "facebook"}),
    "its id steers": (GOOD, {"external_id": "\x1b[2J\u202e\n"}),
}


@pytest.mark.parametrize(("body", "values"), ODD.values(), ids=ODD)
def test_whatever_was_stored_is_explained(desk: Desk, body: Any, values: dict[str, Any]) -> None:
    """No payload, channel or endpoint makes the command fail, flood the terminal, or steer it."""
    lead = desk.lead(body, **values)
    told = explain(lead).stdout
    assert told.startswith("Pending: ")
    assert all(line.isprintable() for line in told.splitlines())
    assert len(told) < 200_000
    assert json.loads(explain(lead, "--json").stdout)["id"] == lead


def test_a_lead_that_meta_has_not_given_yet_says_so(desk: Desk) -> None:
    """What was posted is there, and nothing is made up."""
    desk.write(MAPPING.replace("form", "facebook"), "website")
    lead = desk.lead({"leadgen_id": "1"}, channel="facebook", external_id="447333180259108")
    told = explain("447333180259108").stdout
    assert "It is not translated yet: Meta has not given the lead." in told
    assert f"Lead {lead} came to website (facebook)" in told


def test_an_erased_lead_is_told_of_without_its_data(desk: Desk) -> None:
    """What became of it is still known."""
    lead = desk.answer(Verdict.SENT, Status.SENT, None, "")
    CliRunner().invoke(cli, ["forget", "+919876543210"])
    told = explain(lead).stdout
    assert told.startswith("Sent: ")
    assert "data was erased at" in told
    assert "9876543210" not in told


def test_nothing_is_written_by_explaining(desk: Desk) -> None:
    """However often: rows stay as they are."""
    lead = desk.translate({"phone": "12"})
    before = [rows(desk.inbox, table) for table in (events, deliveries)]
    explain(lead)
    assert [rows(desk.inbox, table) for table in (events, deliveries)] == before


def test_what_a_lead_wrote_can_not_steer_the_terminal(desk: Desk) -> None:
    """Neither in `explain` nor in the table of `leads`."""
    desk.translate({**GOOD, "name": "\x1b[2J\u202eevil\nname\x9b1m"})
    for told in (CliRunner().invoke(cli, ["leads"]), explain(rows(desk.inbox, events)[0].id)):
        assert "evil" in told.stdout
        assert all(line.isprintable() for line in told.stdout.splitlines())


def test_the_first_line_in_the_documentation_is_one_that_one_gets(desk: Desk) -> None:
    """But for the lead's id and the place."""
    said = re.search(r"^Held: .*$", (DOCS / "commands.md").read_text(), re.MULTILINE)
    assert said
    lead = desk.translate({"phone": "9876543210"})
    written = re.sub(r"ingest discard \w+", f"ingest discard {lead}", said[0])
    assert re.sub(r":\d+:\d+", "", written) == re.sub(r":\d+:\d+", "", first(lead))
