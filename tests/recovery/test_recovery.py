from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from ingest.catalog import LiveCatalog
from ingest.channels.base import Notice
from ingest.channels.graph import Graph
from ingest.errors import GraphError
from ingest.inbox import Inbox, forms, tables
from ingest.intake.endpoints import Intakes
from ingest.intake.entrance import Entrance
from ingest.models import Reason, Via, utcnow
from ingest.recovery.forms import FormBook, Known
from ingest.recovery.reconciler import Reconciler
from ingest.recovery.recovery import Recovery, Tally
from ingest.sandbox import Sandbox
from ingest.sandbox.leads import graph_time
from ingest.settings import Secrets
from tests.inbox.helpers import wait_until

REQUEST = """
request: {campaignName: welcome, destination: "{{ lead.phone_number | phone }}", userName: "{{ lead.full_name }}"}
"""
PAGE, FORM, OTHER = "153125381133", "447333180259108", "447333180259109"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


class Recovered:
    """Mappings of one app over a store and a sandbox that plays Meta."""

    def __init__(self, folder: Path, inbox: Inbox, box: Sandbox, mappings: dict[str, str]) -> None:
        (folder / "mappings").mkdir()
        for name, text in mappings.items():
            (folder / "mappings" / f"{name}.yaml").write_text(f"channel: facebook\n{text}{REQUEST}")
        secrets = Secrets(sandbox=True)
        self.box = box
        self.inbox = inbox
        intakes = Intakes(LiveCatalog(folder / "mappings", "IN").current, inbox, secrets)
        self.recovery = Recovery(Entrance(intakes, inbox))
        self.book = FormBook(intakes, inbox, Graph(box.graph_url), secrets)

    def make(self, count: int = 1, form: str = FORM, ago: timedelta = timedelta(hours=1)) -> list[str]:
        """Leads at Meta, of which no webhook tells."""
        made = {"full_name": "Asha", "phone_number": "9876543210", "created_time": graph_time(utcnow() - ago)}
        return [self.box.state.leads.add(made, PAGE, form)["id"] for _ in range(count)]

    def fill(self, days: int = 2, via: Via = Via.BACKFILL, waived: tuple[Reason, ...] = ()) -> Tally:
        """Take in all forms' leads; the sums."""
        whole = Tally()
        for form in self.book.find().forms:
            *_, tally = Tally(), *self.recovery.take(form, utcnow() - timedelta(days=days), via, waived)
            whole.meta += tally.meta
            whole.new += tally.new
        return whole

    def stored(self) -> list[dict[str, Any]]:
        from sqlalchemy import text

        query = "SELECT e.external_id, e.endpoint, e.via, e.form_id, e.page_id, d.lane, d.waived FROM events e"
        with self.inbox.reading() as connection:
            rows = connection.execute(text(f"{query} JOIN deliveries d ON d.event_id = e.id"))
            return [dict(row._mapping) for row in rows]


@pytest.fixture
def meta(tmp_path: Path, inbox: Inbox, box: Sandbox) -> Recovered:
    for form in (FORM, OTHER):
        box.state.leads.name(form, PAGE, form="Spring offer")
    match = f"match: {{pages: ['{PAGE}']}}"
    return Recovered(tmp_path, inbox, box, {"facebook": match, "other": f"match: {{forms: ['{OTHER}']}}"})


def test_what_never_came_is_taken_in_once(meta: Recovered) -> None:
    """Page after page; whole, so that nothing is looked up again; a second time nothing is new."""
    ids = meta.make(230)
    first, second = meta.fill(), meta.fill()
    assert (first.meta, first.new, second.meta, second.new) == (230, 230, 230, 0)
    rows = meta.stored()
    assert {row["external_id"] for row in rows} == set(ids)
    assert {(row["endpoint"], row["via"], row["lane"]) for row in rows} == {("facebook", "backfill", "default")}


def test_a_lead_goes_to_the_mapping_that_claims_its_form(meta: Recovered) -> None:
    """As if its webhook had come."""
    meta.make(form=OTHER)
    meta.make(form=FORM)
    meta.fill()
    assert {(row["form_id"], row["endpoint"]) for row in meta.stored()} == {(OTHER, "other"), (FORM, "facebook")}


def test_only_what_is_young_enough_is_asked_for(meta: Recovered) -> None:
    """`since` goes to Meta."""
    meta.make(ago=timedelta(days=5))
    young = meta.make()
    assert meta.fill(days=2).meta == 1
    assert [row["external_id"] for row in meta.stored()] == young


def test_what_a_person_waives_is_waived_from_the_beginning(meta: Recovered) -> None:
    """`--send-old`."""
    meta.make()
    meta.fill(waived=(Reason.TOO_OLD,))
    assert [row["waived"] for row in meta.stored()] == ["too_old"]


def test_a_page_that_can_not_be_read_is_told_and_keeps_no_other_from_it(meta: Recovered) -> None:
    """With Meta's words; the forms that mappings claim are asked for all the same."""
    refused = {"error": {"message": "Not yours", "code": 200}}
    meta.box.fail(where="graph", next=2, status=400, body=refused)  # whose pages there are, and the page's forms
    known = meta.book.find()
    assert "Not yours" in known.faults[f"page {PAGE}"]
    assert [form.id for form in known.forms] == [OTHER]


def test_a_token_that_meta_refuses_is_told(meta: Recovered) -> None:
    """Whose pages there are can't be told then; a page's own token, which has no list of pages, is in order."""
    dead = {"error": {"message": "Session has expired", "code": 190}}
    meta.box.fail(where="graph", next=1, status=400, body=dead)
    assert "Session has expired" in meta.book.find().faults["FACEBOOK_ACCESS_TOKEN"]
    own = {"error": {"message": "(#100) Tried accessing nonexisting field (accounts)", "code": 100}}
    meta.box.fail(where="graph", next=1, status=400, body=own)
    assert meta.book.find().faults == {}


def test_a_dry_look_tells_what_is_new_and_stores_nothing(meta: Recovered) -> None:
    """Whatever is there already is known."""
    meta.make(2)
    meta.fill()
    meta.make()
    found = [new for form in meta.book.find().forms for _, new in meta.recovery.compare(form, utcnow() - timedelta(1))]
    assert sorted(found) == [False, False, True]
    assert len(meta.stored()) == 2


class TestReconciler:
    """The worker's own comparison."""

    def reconciler(self, meta: Recovered, minutes: int | None = 15) -> Reconciler:
        return Reconciler(meta.inbox, meta.book, meta.recovery, minutes)

    def next_at(self, meta: Recovered) -> datetime:
        with meta.inbox.reading() as connection:
            found: datetime = connection.execute(select(tables.jobs.c.next_at)).scalar_one()
        return found

    def days(self, meta: Recovered) -> dict[str, tuple[int, int, int, int]]:
        with meta.inbox.reading() as connection:
            found = forms.days(connection, "2000-01-01")
        sums: dict[str, tuple[int, int, int, int]] = {}
        for one in found:
            before = sums.get(one.form_id, (0, 0, 0, 0))
            new = (one.meta, one.received, one.sent, one.missed)
            sums[one.form_id] = tuple(a + b for a, b in zip(before, new, strict=True))  # type: ignore[assignment]
        return sums

    def test_what_is_missing_is_taken_in_and_counted(self, meta: Recovered) -> None:
        """By form: how many Meta has, how many came here, and how many webhooks never came."""
        meta.make(3)
        yesterday = utcnow() - timedelta(days=1)
        self.reconciler(meta).run(yesterday)
        assert self.days(meta)[FORM] == (3, 3, 0, 3)
        meta.make(1, ago=timedelta(seconds=5))  # its webhook may be on its way
        self.reconciler(meta).run(yesterday)
        assert self.days(meta)[FORM] == (4, 4, 0, 3)
        assert {row["via"] for row in meta.stored()} == {"reconciliation"}

    def test_what_was_taken_in_before_a_list_broke_off_is_told(self, meta: Recovered) -> None:
        """As leads whose webhooks never came; the form's day is told when its list was read whole."""
        meta.make(150)

        class Breaking(Recovery):
            def take(self, *asked: Any) -> Iterator[Tally]:
                for tally in Recovery.take(self, *asked):
                    meta.box.fail(where="graph", next=1, status=500, body="busy")
                    yield tally

        breaking = Breaking(meta.recovery.entrance)
        with capture_logs() as told:
            Reconciler(meta.inbox, meta.book, breaking, 15).run(utcnow() - timedelta(days=1))
        assert len(meta.stored()) == 100
        assert [one["count"] for one in told if one["event"] == "leads_missed"] == [100]
        assert [one["subject"] for one in told if one["event"] == "reconciliation_failed"] == [f"form {FORM}"]
        assert FORM not in self.days(meta)
        self.reconciler(meta).run(utcnow() - timedelta(days=1))
        assert self.days(meta)[FORM] == (150, 150, 0, 50)

    def test_a_closed_form_is_asked_rarely(self, meta: Recovered, monkeypatch: pytest.MonkeyPatch) -> None:
        """Twice a day, so that none of its last leads is lost; a back-fill asks all forms."""
        for status in ("ARCHIVED", "DELETED"):
            meta.box.state.leads.name(FORM, PAGE, status=status)
        yesterday = utcnow() - timedelta(days=1)
        self.reconciler(meta).run(yesterday)
        meta.make()
        self.reconciler(meta).run(yesterday)
        assert self.days(meta)[FORM][0] == 0
        assert FORM in {form.id for form in meta.book.find().forms}
        later = utcnow() + timedelta(hours=13)
        monkeypatch.setattr("ingest.recovery.reconciler.utcnow", lambda: later)
        self.reconciler(meta).run(yesterday)
        assert self.days(meta)[FORM][0] == 1

    def test_nobody_compares_while_another_does(self, meta: Recovered, monkeypatch: pytest.MonkeyPatch) -> None:
        """However long it takes; and then not before it is time again."""
        one, other = self.reconciler(meta, 1), self.reconciler(meta, 1)
        one.is_due()
        monkeypatch.setattr("ingest.recovery.reconciler.RENEW", 0.01)
        clock, due = [utcnow().replace(microsecond=0)], []
        monkeypatch.setattr("ingest.inbox.jobs.utcnow", lambda: clock[0])
        clock[0] += timedelta(seconds=30)
        assert one.is_due()

        def hangs() -> Known:
            for _ in range(3):
                clock[0] += timedelta(seconds=50)
                wait_until(lambda: self.next_at(meta) == clock[0] + timedelta(minutes=1), "its word")
                due.append(other.is_due())
            return Known()

        monkeypatch.setattr(FormBook, "find", lambda _: hangs())
        one.run(utcnow())
        assert due == [None, None, None]
        clock[0] += timedelta(seconds=50)
        assert other.is_due() is None
        clock[0] += timedelta(seconds=11)
        assert other.is_due()

    def test_one_worker_of_all_does_it_now_and_then(self, meta: Recovered, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first soon after the start; with 0 minutes nobody."""
        one, other, never = self.reconciler(meta), self.reconciler(meta), self.reconciler(meta, 0)
        assert [each.is_due() for each in (one, other, never)] == [None, None, None]
        later = utcnow() + timedelta(minutes=2)
        monkeypatch.setattr("ingest.inbox.jobs.utcnow", lambda: later)
        due = [each.is_due() for each in (one, other, never)]
        assert [isinstance(each, datetime) for each in due] == [True, False, False]

    def test_what_came_before_we_were_here_is_not_ours_unless_someone_asks(
        self, meta: Recovered, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A business that starts today messages nobody of yesterday; `INGEST_RECONCILE` asks for it."""
        unasked, asked = self.reconciler(meta, None), self.reconciler(meta, 1)
        start = utcnow()
        unasked.is_due()
        monkeypatch.setattr("ingest.inbox.jobs.utcnow", lambda: utcnow() + timedelta(minutes=20))
        since = unasked.is_due()
        assert since is not None
        assert start - timedelta(minutes=11) < since <= start
        monkeypatch.setattr("ingest.inbox.jobs.utcnow", lambda: utcnow() + timedelta(minutes=60))
        since = asked.is_due()
        assert since is not None
        assert since < start - timedelta(hours=23) or since.day != start.day


def test_a_list_that_breaks_off_raises(meta: Recovered) -> None:
    """What came before is kept, and the next time begins anew."""
    meta.make(150)
    (form,) = [one for one in meta.book.find().forms if one.id == FORM]
    tallies = meta.recovery.take(form, utcnow() - timedelta(days=1), Via.BACKFILL)
    assert next(tallies).new == 100
    meta.box.fail(where="graph", next=1, status=500, body="busy")
    with pytest.raises(GraphError):
        next(tallies)
    assert len(meta.stored()) == 100
    assert meta.fill().new == 50


def test_an_id_leads_nowhere_else_at_meta(meta: Recovered) -> None:
    """Whatever a notice calls its form: it is asked for as one object, and never as another address."""
    (form,) = [one for one in meta.book.find().forms if one.id == FORM]
    with pytest.raises(GraphError):
        list(form.source.of_form("../me/accounts?x=", utcnow()))
    asked = meta.box.requests("graph")[-1]["path"]  # decoded once; one object's edge
    assert asked.endswith("/v26.0/%2E%2E/me/accounts?x=/leads")


def test_a_lead_that_meta_shows_without_its_answers_is_looked_up(meta: Recovered) -> None:
    """A token that may list leads and not read them: they wait for one that may, instead of going out blank."""
    bare = {"id": "900", "created_time": graph_time(utcnow())}
    meta.box.fail(where="graph", lead=f"{FORM}/leads", status=200, body={"data": [bare]})
    assert meta.fill().new == 1
    [row] = meta.stored()
    assert row["lane"].startswith("look-up:")


def told(meta: Recovered, endpoint: str, lead: str, page: str, form: str) -> None:
    """A lead of which a webhook told."""
    body = {"leadgen_id": lead, "form_id": form, "page_id": page}
    entrance = meta.recovery.entrance
    entrance.take(entrance.intakes.find(endpoint), [Notice(body, json.dumps(body).encode(), lead, form, page)])


class TestWhoseALeadIs:
    """Nobody is messaged for a mapping that Meta would not have told of the lead."""

    @pytest.fixture(autouse=True)
    def token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second app's; the sandbox has the first one's."""
        monkeypatch.setenv("BETA_ACCESS_TOKEN", "beta-token")

    BETA = "auth: {app_secret: BETA_APP_SECRET, access_token: BETA_ACCESS_TOKEN}"

    def test_what_one_app_told_no_other_app_takes_again(self, tmp_path: Path, inbox: Inbox, box: Sandbox) -> None:
        """Where both apps' tokens are for the page, and the other app's mapping comes first."""
        meta = Recovered(tmp_path, inbox, box, {"alpha": "", "beta": self.BETA})
        (lead,) = meta.make()
        told(meta, "beta", lead, PAGE, FORM)
        (missing,) = meta.make()
        meta.fill()
        assert sorted((row["external_id"], row["endpoint"]) for row in meta.stored()) == sorted(
            [(lead, "beta"), (missing, "beta")]
        )

    def test_a_page_of_several_apps_that_none_names_is_told_and_left(
        self, tmp_path: Path, inbox: Inbox, box: Sandbox
    ) -> None:
        """Whichever took it, the webhook of the other app would message people a second time."""
        meta = Recovered(tmp_path, inbox, box, {"alpha": "", "beta": self.BETA})
        meta.make()
        assert meta.fill().meta == 0
        assert "match.pages" in meta.book.find().faults[f"page {PAGE}"]

    def test_a_page_that_no_mapping_takes_is_left_alone(self, tmp_path: Path, inbox: Inbox, box: Sandbox) -> None:
        """Where every mapping has a `match`, a token's further pages are no client's of theirs."""
        match = "match: {{pages: ['{}']}}"
        meta = Recovered(tmp_path, inbox, box, {"acme": match.format("1"), "other": match.format("2")})
        meta.make()
        assert meta.fill().meta == 0

    def test_leads_go_where_meta_posts_them(self, tmp_path: Path, inbox: Inbox, box: Sandbox) -> None:
        """Of two mappings without `match`, to the one that took the form's last lead."""
        meta = Recovered(tmp_path, inbox, box, {"first": "", "second": ""})
        told(meta, "second", "77", PAGE, FORM)
        meta.make()
        meta.fill()
        assert {row["endpoint"] for row in meta.stored()} == {"second"}

    def test_names_are_there_with_a_pages_own_token_too(self, meta: Recovered) -> None:
        """A lead has the same fields, however it came: such a token lists no pages, and tells the page's name."""
        refused = {"error": {"message": "no node", "code": 100}}
        meta.box.fail(where="graph", next=1, status=400, body=refused)
        found = {form.id: (form.name, form.page_name) for form in meta.book.find().forms}
        assert found[FORM] == ("Spring offer", f"Page {PAGE}")


def test_a_fault_of_ours_in_one_form_keeps_no_other_from_being_compared(
    meta: Recovered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it end the thread that compares."""
    ids = meta.make(form=OTHER)
    take = Recovery.take

    def fails(self: Recovery, form: Any, *args: Any) -> Iterator[Tally]:
        if form.id == FORM:
            raise OverflowError
        return take(self, form, *args)

    monkeypatch.setattr(Recovery, "take", fails)
    Reconciler(meta.inbox, meta.book, meta.recovery, 15).run(utcnow() - timedelta(days=1))
    assert [row["external_id"] for row in meta.stored()] == ids
