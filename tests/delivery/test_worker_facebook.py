"""A Graph API that hangs, throttles or hides: whose leads wait, for how long, and that all others go on."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from ingest.channels.graph import Graph
from ingest.models import utcnow
from ingest.sandbox.leads import graph_time
from tests.channels.meta import told
from tests.delivery.house import House
from tests.e2e.meta import paths_of
from tests.inbox.helpers import event, post, wait_until

MAPPING = """
channel: facebook
auth: {access_token: {"88": ACME_TOKEN}}
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
"""


class Meta:
    """Leads of pages; 88 has a token of its own, the others share one."""

    def __init__(self, house: House) -> None:
        self.house = house

    def make(self, page: str = "77") -> str:
        """A lead at Meta; its id there."""
        return self.house.box.add_lead({"full_name": "Asha", "phone_number": "9876543210"}, page_id=page)

    def tell(self, known: str, page: str = "77") -> str:
        """The notice of a lead; our id."""
        body = json.dumps({"leadgen_id": known, "page_id": page}).encode()
        notice = event(
            known, "facebook:x", endpoint="fb", channel="facebook", body=body, lane=f"look-up:facebook:{page}"
        )
        return post(self.house.inbox, notice)[0]

    def lead(self, page: str = "77") -> str:
        """Both."""
        return self.tell(self.make(page), page)

    def waits(self, lead: str) -> dict[str, Any]:
        """Its delivery, once it waits for Meta."""
        return self.house.until(lead, "waiting", "lead_unavailable")

    @property
    def asked(self) -> list[str]:
        """The look-ups of leads, in their order."""
        paths = [path for one in self.house.box.requests("graph") for path in paths_of(one)]
        return [path.partition("?")[0] for path in paths if "field_data" in path]


@pytest.fixture
def meta(house: House, monkeypatch: pytest.MonkeyPatch) -> Meta:
    monkeypatch.setenv("ACME_TOKEN", "acme")
    house.write("fb", MAPPING)
    return Meta(house)


def test_a_graph_api_that_hangs_is_waited_for_in_bounded_time(meta: Meta, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its leads wait with the reason, a form's lead goes out, and they do as soon as it answers."""
    house = meta.house
    monkeypatch.setattr("ingest.delivery.worker.Graph", partial(Graph, timeout=0.3))
    house.box.fail(where="graph", hang=60)
    house.work()
    lead = meta.lead()
    assert "no answer in time" in meta.waits(lead)["error"]
    house.until(house.lead(), "sent")
    house.box.clear()
    house.until(lead, "sent")


def test_a_throttled_token_rests_as_long_as_meta_says(meta: Meta) -> None:
    """Other leads of its pages are not asked for meanwhile; another token's, and a form's, go out; then all do."""
    house = meta.house
    house.box.fail(where="graph", next=1, status=429, body="busy", headers={"Retry-After": "5"})
    house.work()
    first, other = meta.make(), meta.make("99")
    leads = [meta.tell(first)]
    meta.waits(leads[0])
    leads.append(meta.tell(other, "99"))
    meta.waits(leads[1])
    house.until(meta.lead("88"), "sent")
    house.until(house.lead(), "sent")
    assert other not in meta.asked
    assert len(house.sent()) == 2
    for lead in leads:
        house.until(lead, "sent")
    assert meta.asked.count(first) == 2


def test_a_page_at_its_limit_holds_up_no_other_page_of_its_token(meta: Meta) -> None:
    """Its own leads wait without being asked for."""
    house = meta.house
    known = meta.make()
    house.box.fail(where="graph", lead=known, status=400, body=told(80005))
    house.work()
    assert "80005" in meta.waits(meta.tell(known))["error"]
    house.until(meta.lead("99"), "sent")
    another = meta.make()
    meta.waits(meta.tell(another))
    assert another not in meta.asked


def test_a_batch_that_meta_refuses_gives_no_lead_up(meta: Meta) -> None:
    """Code 100/33 for the whole call says of none that it is gone: they are asked for again, till they come."""
    house = meta.house
    house.box.fail(where="graph", next=2, status=400, body=told(100, 33))  # the call, and the lead alone
    house.work()
    lead = meta.lead()
    assert "100/33" in meta.waits(lead)["error"]
    house.until(lead, "sent")


def test_a_lead_that_was_gone_is_asked_for_again_when_it_is_replayed(meta: Meta) -> None:
    """Meta says the same of a lead that it hides: once the token may see it, a person replays it, and it is sent."""
    house = meta.house
    known = meta.make()
    house.box.fail(where="graph", lead=known, status=400, body=told(100, 33))
    house.work()
    lead = meta.tell(known)
    delivery = house.until(lead, "held", "lead_gone")["id"]
    house.inbox.replay([delivery])
    wait_until(lambda: meta.asked.count(known) == 2, "another look-up")
    house.until(lead, "held", "lead_gone")
    house.box.clear()
    house.inbox.replay([delivery])
    house.until(lead, "sent")
    assert [body["userName"] for body in house.sent()] == ["Asha"]


def test_a_lead_that_comes_without_its_answers_is_asked_for_again(meta: Meta) -> None:
    """It waits for the permission, and is whole then; nothing of the empty one is kept."""
    house = meta.house
    known = meta.make()
    bare = {"id": known, "created_time": graph_time(utcnow())}
    house.box.fail(where="graph", lead=known, next=1, status=200, body=bare)
    house.work()
    lead = meta.tell(known)
    assert "leads_retrieval" in meta.waits(lead)["error"]
    house.until(lead, "sent")
    assert [body["userName"] for body in house.sent()] == ["Asha"]


def test_after_a_long_fault_leads_go_out_as_soon_as_one_comes(meta: Meta, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that had failed for long do not wait for their next time."""
    house = meta.house
    monkeypatch.setattr("ingest.delivery.retry.PAUSES", (3600,))
    monkeypatch.setattr("ingest.delivery.stops.PROBE_AFTER", 0.0)  # any fault is a long one
    house.box.fail(where="graph", next=1, status=500, body=told(2))
    house.work()
    lead = meta.lead()
    meta.waits(lead)
    house.until(meta.lead(), "sent")
    house.until(lead, "sent")
