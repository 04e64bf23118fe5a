"""How Meta is called: in bounded time and size, lead by lead where a batch fails, and not beyond its limits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.channels.graph import Access, Graph, path_of
from ingest.channels.graph import client as calls
from ingest.channels.graph.usage import REST
from ingest.errors import GraphError
from ingest.models import Reason
from ingest.sandbox import Sandbox
from tests.aisensy.scripted import Act, answer, drip, hang, scripted
from tests.channels.meta import TOKEN, Canned, fetch, told

HASTY = 0.4  # seconds
PATIENT = 5  # seconds: a bound for what must end
HIDDEN = told(100, 33, "Unsupported get request")
LEAD = {"full_name": "Asha"}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


def part(document: Any, status: int = 200, **headers: str) -> dict[str, Any]:
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    return {"code": status, "headers": named, "body": json.dumps(document)}


@pytest.mark.parametrize(
    "act",
    [
        hang,
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        drip(b"HTTP/1.1 307 Elsewhere\r\nLocation: /\r\n\r\n", b" "),
    ],
    ids=["hangs", "drips a line", "drips heads", "drips a body", "drips chunks", "drips a redirect"],
)
def test_time_for_an_answer_is_bounded(act: Act) -> None:
    """However slowly Meta answers, after the time-out the call is over, and its leads wait."""
    with scripted(act) as server:
        start = time.monotonic()
        error = fetch(server.url, "1", timeout=HASTY)["1"]
        took = time.monotonic() - start
    assert (error.reason, error.message) == (Reason.LEAD_UNAVAILABLE, "Meta can't be reached: no answer in time")
    assert took < PATIENT


def test_size_of_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an endless answer only the beginning is read."""
    monkeypatch.setattr(calls, "MAX_BODY", 1_000)
    with scripted(drip(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 600)) as server:
        error = fetch(server.url, "1", timeout=60)["1"]
    assert (error.reason, error.message) == (Reason.LEAD_UNAVAILABLE, "Meta's answer is larger than 1,000 bytes")


def test_leads_of_a_batch_that_meta_refuses_come_alone(box: Sandbox) -> None:
    """An error of the whole call tells nothing of one lead: each that Meta gives alone is there, none is given up."""
    ids = [box.state.leads.add(LEAD)["id"] for _ in range(3)]
    box.fail(where="graph", next=1, status=400, body=HIDDEN)
    found = fetch(f"{box.url}/v26.0", ids[0], "404", *ids[1:])
    assert [found[one]["id"] for one in ids] == ids
    assert found["404"].reason is Reason.LEAD_UNAVAILABLE


def test_a_batch_that_is_refused_for_all_leads_is_not_asked_lead_by_lead(box: Sandbox) -> None:
    """A token that is not valid, a limit or a fault is everybody's: one call finds it out."""
    for code in (1, 4, 10, 190, 80005):
        box.fail(where="graph", next=1, status=400, body=told(code))
        found = fetch(f"{box.url}/v26.0", "1", "2", "3")
        assert {(one.reason, one.code) for one in found.values()} == {(Reason.LEAD_UNAVAILABLE, code)}
    assert len(box.requests("graph")) == 5


def test_asking_lead_by_lead_ends_with_what_concerns_all(box: Sandbox) -> None:
    """Those behind wait, too; Meta is not asked fifty times what it does not give."""
    box.fail(where="graph", next=1, status=400, body=HIDDEN)
    box.fail(where="graph", next=1, status=500, body=told(2))
    found = fetch(f"{box.url}/v26.0", *map(str, range(50)))
    assert {one.reason for one in found.values()} == {Reason.LEAD_UNAVAILABLE}
    assert len(box.requests("graph")) == 2


@pytest.mark.parametrize("document", [{"id": "1", "created_time": "2026-11-25T04:56:12+0000"}, {"field_data": None}])
def test_a_document_without_answers_is_no_lead(document: dict[str, Any]) -> None:
    """Meta leaves them out where it hides them: the lead waits, and the error says what the token lacks."""
    with Canned(200, json.dumps([part(document)]).encode()) as meta:
        error = fetch(meta.url, "1")["1"]
    assert error.reason is Reason.LEAD_UNAVAILABLE
    assert "leads_retrieval" in error.message
    assert "Lead Access Manager" in error.message


def test_a_lead_whose_person_answered_nothing_is_one() -> None:
    """An empty list is an answer."""
    with Canned(200, json.dumps([part({"id": "1", "field_data": []})]).encode()) as meta:
        assert fetch(meta.url, "1")["1"] == {"id": "1", "field_data": []}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"X-App-Usage": '{"call_count": 100}'}, REST),
        ({"X-Business-Use-Case-Usage": '{"1": [{"call_count": 9, "estimated_time_to_regain_access": 30}]}'}, 1800),
    ],
)
@pytest.mark.parametrize("body", [b"<html>", json.dumps(told(4)).encode(), json.dumps([part({})]).encode()])
def test_a_token_rests_as_long_as_meta_wishes(headers: dict[str, str], wait: float, body: bytes) -> None:
    """Whatever the answer is otherwise; other tokens go on."""
    with Canned(200, body, headers) as meta:
        graph = Graph(meta.url)
        graph.batch([path_of("1")], Access(TOKEN))
        [again] = graph.batch([path_of("1")], Access(TOKEN))
        assert len(meta.asked) == 1
        assert isinstance(again, GraphError)
        assert wait - PATIENT < (again.retry_after or 0) <= wait
        graph.batch([path_of("1")], Access("another"))
        assert len(meta.asked) == 2
        graph.close()


def test_a_page_at_its_limit_makes_no_other_page_rest() -> None:
    """What one part of a batch tells of its page's limit is this lead's time to wait, and not the token's."""
    usage = '{"77": [{"type": "leadgen", "call_count": 100, "estimated_time_to_regain_access": 30}]}'
    throttled = part(told(80005), 400, X_Business_Use_Case_Usage=usage)
    with Canned(200, json.dumps([throttled]).encode()) as meta:
        graph = Graph(meta.url)
        for _ in range(2):
            [error] = graph.batch([path_of("1")], Access(TOKEN))
            assert isinstance(error, GraphError)
            assert (error.code, error.retry_after) == (80005, 1800)
        assert len(meta.asked) == 2
        graph.close()


@pytest.mark.parametrize("odd", ["..", ".", "../me", "1/../../me", "1?fields=name", "1#", "%2e%2e", "\\..\\me"])
def test_no_id_leads_elsewhere(odd: str) -> None:
    """Ids come from payloads and mappings; each is one part of the address, whatever it is."""
    with scripted(answer(body={"id": "1"}, keep=False)) as server:
        graph = Graph(server.url)
        graph.get(path_of(odd, "leads"), Access(TOKEN), limit="1")
        graph.close()
    [head] = server.heads
    asked = head.split(b" ")[1].partition(b"?")[0].split(b"/")
    assert (asked[:-2], asked[-1]) == ([b"", b"campaign", b"t1", b"api"], b"leads")
    assert not {b"", b".", b".."} & {asked[-2]}
