from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ingest.channels.graph.errors import error_of
from ingest.channels.graph.usage import REST, rest
from ingest.errors import GraphError
from ingest.models import Reason
from ingest.sandbox import Sandbox
from tests.channels.meta import TOKEN, Canned, fetch, told


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


def test_leads_come_by_their_ids_fifty_a_call(box: Sandbox) -> None:
    """Each id has its own document, however many there are."""
    ids = [box.state.leads.add({"full_name": f"Lead {n} आशा"})["id"] for n in range(120)]
    found = fetch(f"{box.url}/v26.0", *ids)
    assert list(found) == ids
    for n, one in enumerate(ids):
        assert found[one]["field_data"] == [{"name": "full_name", "values": [f"Lead {n} आशा"]}]


def test_one_lead_that_is_gone_harms_no_other(box: Sandbox) -> None:
    """Each answer of a batch stands on its own."""
    there = box.state.leads.add({"full_name": "Asha"})["id"]
    found = fetch(f"{box.url}/v26.0", "404", there)
    assert found[there]["id"] == there
    assert isinstance(found["404"], GraphError)
    assert found["404"].reason == Reason.LEAD_GONE


def test_a_wrong_token_makes_leads_wait(box: Sandbox) -> None:
    """They come by themselves once the token is replaced."""
    box.state.tokens = frozenset({"another"})
    error = fetch(f"{box.url}/v26.0", "1")["1"]
    assert (error.reason, TOKEN in str(error)) == (Reason.LEAD_UNAVAILABLE, False)


@pytest.mark.parametrize(
    ("code", "subcode", "reason", "wait"),
    [
        (1, None, Reason.LEAD_UNAVAILABLE, None),
        (2, None, Reason.LEAD_UNAVAILABLE, None),
        (4, None, Reason.LEAD_UNAVAILABLE, 60),
        (613, None, Reason.LEAD_UNAVAILABLE, 60),
        (80005, 7, Reason.LEAD_UNAVAILABLE, 60),
        (10, None, Reason.LEAD_UNAVAILABLE, None),
        (200, None, Reason.LEAD_UNAVAILABLE, None),
        (190, 463, Reason.LEAD_UNAVAILABLE, None),
        (368, None, Reason.LEAD_UNAVAILABLE, None),
        (100, 33, Reason.LEAD_GONE, None),
        (100, None, Reason.LEAD_UNAVAILABLE, None),
        (99999, None, Reason.LEAD_UNAVAILABLE, None),
    ],
)
def test_every_error_says_whether_to_ask_again(
    code: int, subcode: int | None, reason: Reason, wait: float | None
) -> None:
    """As the table of Meta's codes has it for a lead; an error of the whole call gives no lead up, whatever it is."""
    part = {"code": 400, "body": json.dumps(told(code, subcode))}
    for body, why in (([part], reason), (told(code, subcode), Reason.LEAD_UNAVAILABLE)):
        with Canned(200, json.dumps(body).encode()) as meta:
            error = fetch(meta.url, "1")["1"]
        assert isinstance(error, GraphError)
        assert (error.reason, error.retry_after) == (why, wait)


def test_meta_names_its_own_time_to_wait() -> None:
    """`Retry-After` goes before our guess."""
    with Canned(429, json.dumps(told(4)).encode(), {"Retry-After": "7"}) as meta:
        assert fetch(meta.url, "1")["1"].retry_after == 7


def test_a_token_that_meta_repeats_is_not_shown() -> None:
    """Its errors quote tokens that it can't read."""
    with Canned(400, json.dumps(told(190, None, f"Malformed access token {TOKEN}")).encode()) as meta:
        assert TOKEN not in str(fetch(meta.url, "1")["1"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"[null]",
        b"[7]",
        b'[{"code": 200}]',
        b'[{"code": 200, "body": "no json"}]',
        b'[{"code": 200, "body": "[]"}]',
        b'[{"code": 200, "body": "\\ud800"}]',
        b'[{"code": 500, "body": "{}"}]',
        b'[{"code": 200, "body": "{\\"error\\": 7}"}]',
        b'{"error": {"code": "x"}}',
        b"[" * 5000,
    ],
)
def test_an_answer_that_is_none_makes_leads_wait(body: bytes) -> None:
    """Whatever comes back, nothing is raised and nothing is given up."""
    with Canned(200, body) as meta:
        assert fetch(meta.url, "1")["1"].reason == Reason.LEAD_UNAVAILABLE


def test_the_token_is_in_no_address_and_an_id_can_not_leave_its_place() -> None:
    """Addresses stand in logs; and ids come from outside."""
    with Canned(200, b"[null]") as meta:
        fetch(meta.url, "1/../me?fields=x")
        (asked,) = meta.asked
    assert (asked["path"], asked["headers"]["Authorization"]) == ("/v26.0/", f"Bearer {TOKEN}")
    assert TOKEN not in asked["body"]
    assert "appsecret_proof=" in asked["body"]
    assert "1%252F%25252E%25252E%252Fme%253Ffields%253Dx" in asked["body"]


def test_a_redirect_is_not_followed_and_an_absent_server_is_no_accident() -> None:
    """The token goes to the address that was set, and nowhere else."""
    with Canned(307, b"", {"Location": "http://127.0.0.1:1/"}) as meta:
        assert fetch(meta.url, "1")["1"].reason == Reason.LEAD_UNAVAILABLE
        url = meta.url
    assert "can't be reached" in str(fetch(url, "1")["1"])


def test_limits_that_are_no_sensible_numbers_harm_nothing() -> None:
    """Numbers beyond all bounds, and such as are none."""
    assert rest({"X-App-Usage": f'{{"call_count": 1{"0" * 400}}}'}) == REST
    assert rest({"X-App-Usage": '{"call_count": NaN}'}) == 0.0


def test_what_meta_says_can_be_stored() -> None:
    """Characters that no store takes are not kept of an error."""
    error = error_of(told(1, message="a\0b\ud800"), "", TOKEN)
    assert "ab?" in error.message
