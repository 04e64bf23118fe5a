from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Skip
from ingest.mapping.render import Trace
from ingest.models import Reason
from tests.mapping.helpers import REQUEST, load_data, one, problem, rendered

LETS = {
    "name": "{{ lead.full_name or [lead.first_name, lead.last_name] | words }}",
    "greeting": "Hello {{ name }}",
    "phone": "{{ lead.phone | phone }}",
    "table": "{{ {'Pune': 'West'} }}",
    "list": "{{ lead.list }}",
}


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("{{ greeting }}", {"full_name": "Asha Rao"}, "Hello Asha Rao"),
        ("{{ greeting }}", {"first_name": "Asha"}, "Hello Asha"),
        ("{{ lead.city | lookup(table) }}", {"city": "pune"}, "West"),
        ("{{ list | first }}", {"list": ["a", "b"]}, "a"),
        ("{{ 'x' if greeting is present else 'y' }}", {}, "y"),
    ],
)
def test_a_let_names_a_value_for_those_below_it(text: str, fields: dict[str, Any], expected: str) -> None:
    """A name holds what its expression gave: text, a list, a table, or nothing."""
    found = one({"let": LETS, "request": {**REQUEST, "userName": text}}, fields)
    assert found.request is not None, found.problem
    assert found.request["userName"] == expected


def test_an_absent_let_says_what_is_missing() -> None:
    """A field that needs a name that is absent tells the name and its cause."""
    hold = problem({"let": LETS, "request": {**REQUEST, "userName": "{{ greeting }}"}})
    assert (hold.reason, hold.field) == (Reason.MISSING_VALUE, "userName")
    assert hold.message.startswith("greeting is absent (name is absent")


def test_a_let_that_is_not_used_holds_nobody() -> None:
    """A bad number in a name that no route asks for is no matter."""
    assert one({"let": LETS, "request": REQUEST}, {"phone": "12"}).request == REQUEST


def test_a_let_that_fails_is_told_by_its_own_name_and_place() -> None:
    """The hold of a name points at the name's expression."""
    hold = problem({"let": LETS, "request": {**REQUEST, "destination": "{{ phone }}"}}, {"phone": "12"})
    assert (hold.reason, hold.field) == (Reason.PHONE_INVALID, "let.phone")
    assert hold.place is not None
    assert (hold.place.line, hold.place.column) == (5, 11)


def test_the_policy_is_read() -> None:
    """Each key of `policy` is there in the program's own terms."""
    policy = {
        "max_age": "24h",
        "quiet_hours": {"from": "21:00", "to": "9:00", "zone": "Asia/Kolkata"},
        "cap": "3/week",
        "on_timeout": "retry",
        "duplicate": {"within": "90m"},
    }
    found = one({"account": "acme", "request": REQUEST, "policy": policy})
    assert found.account == "acme"
    assert (found.policy.max_age, found.policy.duplicate_within) == (timedelta(days=1), timedelta(minutes=90))
    assert (found.policy.cap, found.policy.on_timeout) == ((3, timedelta(days=7)), "retry")
    hours = found.policy.quiet_hours
    assert hours is not None
    assert (hours.start, hours.end, hours.zone.key) == (time(21), time(9), "Asia/Kolkata")
    assert found.duplicate_key == "+919876543210 c"


def test_without_a_policy_nothing_stands_in_the_way() -> None:
    """All of `policy` is optional; an ambiguous delivery is held by default."""
    found = one({"request": REQUEST})
    assert (found.policy.max_age, found.policy.cap, found.policy.quiet_hours) == (None, None, None)
    assert (found.policy.on_timeout, found.duplicate_key, found.account) == ("hold", None, "default")


@pytest.mark.parametrize(
    ("consent", "fields", "reason"),
    [
        ("lead.optin | yes", {"optin": "yes"}, None),
        ("lead.optin | yes", {"optin": "no"}, Reason.NO_CONSENT),
        ("lead.optin | yes", {}, Reason.NO_CONSENT),
        ("lead.optin", {"optin": False}, Reason.NO_CONSENT),
        ("lead.optin > 3", {"optin": "a"}, Reason.EXPRESSION_FAILED),
        ("request.destination == '+919876543210'", {}, None),
    ],
)
def test_consent_comes_before_the_request(consent: str, fields: dict[str, Any], reason: Reason | None) -> None:
    """Who did not agree is skipped, even where the request would be held."""
    found = one({"request": REQUEST, "policy": {"consent": consent}}, fields)
    assert (found.problem.reason if found.problem else None) == reason
    assert isinstance(found.problem, Skip) is (reason == Reason.NO_CONSENT)
    broken = {**REQUEST, "userName": "{{ lead.absent }}"}
    if reason == Reason.NO_CONSENT:
        assert problem({"request": broken, "policy": {"consent": consent}}, fields).reason == reason


def test_a_trace_tells_every_expression() -> None:
    """What each expression looked at and came to, and what went wrong, in order."""
    trace = Trace()
    document = {
        "let": {"name": LETS["name"]},
        "request": {**REQUEST, "userName": "{{ name | title }}", "tags": ["{{ lead.gone }}"]},
    }
    rendered(load_data(document), {"full_name": "asha"}, trace=trace)
    steps = {step.field: step for step in trace.steps}
    assert [step.field for step in trace.steps] == ["campaignName", "destination", "let.name", "userName", "tags[0]"]
    assert steps["userName"].inputs == {"name": "asha"}
    assert steps["userName"].result == "Asha"
    assert steps["let.name"].inputs["lead.full_name"] == "asha"
    assert (steps["tags[0]"].result, steps["tags[0]"].problem) == (None, "lead.gone is absent")
    assert all(step.microseconds >= 0 for step in trace.steps)


def test_translating_is_deterministic() -> None:
    """The same lead gives the same requests, with a trace or without."""
    mapping = load_data({"let": LETS, "request": {**REQUEST, "tags": ["{{ list }}", "{{ name }}"]}})
    fields = {"list": ["b", "a", "b"], "full_name": "Asha"}
    assert rendered(mapping, fields) == rendered(mapping, fields) == rendered(mapping, fields, trace=Trace())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_MAPPING = load_data(
    {
        "let": LETS,
        "request": {
            **REQUEST,
            "destination": "{{ phone | default(lead.a | phone) }}",
            "userName": "{{ payload.a or payload.b[0] or lead.a | title }}",
            "tags": ["{{ lead.a }}", "{{ payload.a.b }}", "{{ payload }}"],
            "attributes": {"n": "{{ lead.a | number }}", "d": "{{ lead.a | date }}", "e": "{{ lead.a | email }}"},
        },
    }
)


@given(st.dictionaries(st.sampled_from(["a", "b", "phone", "full_name", "list"]), _JSON, max_size=4))
def test_no_lead_makes_translating_fail(payload: dict[str, Any]) -> None:
    """Whatever a sender sends comes to requests of clean text, or to a hold."""
    for found in rendered(_MAPPING, payload, payload):
        assert (found.request is None) is (found.problem is not None)
        for text in (found.request or {}).get("tags", []):
            assert text == text.strip()
            text.encode()


def test_a_let_that_an_expression_does_not_come_to_is_not_evaluated() -> None:
    """What would fail in an arm that is not taken holds nobody, and is in no trace."""
    document = {
        "let": {"other": "{{ lead.alternative | phone }}"},
        "request": {**REQUEST, "destination": "{{ lead.phone | phone if lead.phone else other }}"},
    }
    trace = Trace()
    (found,) = rendered(load_data(document), {"phone": "9876543210", "alternative": "12"}, trace=trace)
    assert found.problem is None
    assert "let.other" not in [step.field for step in trace.steps]
    (found,) = rendered(load_data(document), {"alternative": "12"})
    assert found.problem is not None
    assert (found.problem.reason, found.problem.field) == ("phone_invalid", "let.other")
