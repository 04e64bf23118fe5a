from __future__ import annotations

import json
from typing import Any

from ingest.mapping.render import Rendered, Step, Trace
from tests.mapping.helpers import REQUEST, load_data, rendered

ROUTES = [
    {"name": "one", "when": "lead.a == 'x'", "continue": True, "request": {"userName": "{{ lead.gone }}"}},
    {"name": "two", "when": "size > 3", "continue": True},
    {"name": "three"},
    {"name": "four", "when": "lead.b"},
]
DOCUMENT = {"let": {"size": "{{ lead.size | number }}", "phone": "{{ lead.phone | phone }}"}, "request": REQUEST}


def traced(document: dict[str, Any], fields: Any = None) -> tuple[list[Rendered], Trace, dict[str, Step]]:
    """What a document makes of a lead, with its trace, and that by field."""
    trace = Trace()
    found = rendered(load_data(document), fields, trace=trace)
    return found, trace, {step.field: step for step in trace.steps}


def test_every_step_tells_for_which_route_it_was_taken() -> None:
    """Its `when` and its request, with the names that it was the first to ask for; those after the last have none."""
    found, trace, _ = traced(DOCUMENT | {"routes": ROUTES}, {"a": "x", "size": "5"})
    assert [one.route for one in found] == ["one", "two", "three"]
    assert [(step.route, step.field) for step in trace.steps] == [
        (0, "routes[0].when"),
        (0, "campaignName"),
        (0, "destination"),
        (0, "userName"),
        (1, "let.size"),
        (1, "routes[1].when"),
        *((route, field) for route in (1, 2) for field in REQUEST),
    ]
    assert trace.route == 2


def test_a_step_tells_whether_it_failed_or_is_absent_or_is_just_text() -> None:
    """And a name's failure is told by all that needed it."""
    request = {**REQUEST, "destination": "{{ phone }}", "source": "{{ lead.gone }}"}
    found, _, steps = traced(DOCUMENT | {"request": request}, {"phone": "12"})
    assert found[0].problem is not None
    assert steps["campaignName"].literal
    assert [name for name, step in steps.items() if step.failed] == ["let.phone", "destination"]
    assert steps["let.phone"].problem == "phone_invalid: no phone number that can be called"
    assert steps["destination"].problem == "phone_invalid: no phone number that can be called (let.phone)"
    assert "source" not in steps


def test_inputs_show_what_stood_in_the_names_that_were_used() -> None:
    """Numbers, lists, tables and what is absent, as JSON knows them."""
    lets = {"size": "{{ lead.size | number }}", "list": "{{ lead.list }}", "table": "{{ {'a': lead.size | number} }}"}
    source = "{{ size }} {{ list[-1] }} {{ table.a }} {{ payload.list[0] }} {{ lead.none | default('') }}"
    request = {**REQUEST, "source": source, "attributes": {"all": "{{ table }}", "whole": "{{ payload }}"}}
    _, trace, steps = traced({"let": lets, "request": request}, {"size": "2.50", "list": ["a", "b"]})
    inputs = {"size": 2.5, "list": ["a", "b"], "table.a": 2.5, "payload.list.0": "a", "lead.none": None}
    assert steps["source"].inputs == inputs
    json.dumps([[step.inputs, step.result] for step in trace.steps], allow_nan=False)


def test_a_name_that_failed_is_no_input() -> None:
    """It has no value; it is not said to be absent."""
    _, _, steps = traced(DOCUMENT | {"request": {**REQUEST, "destination": "{{ phone }}"}}, {"phone": "12"})
    assert steps["destination"].inputs == {}


def test_the_time_of_a_step_is_its_own() -> None:
    """That of a name counts for the name, so that the times add up."""
    lets = {"slow": "{{ lead.words | replace('a', 'b') | title | upper | words }}"}
    fields = {"words": "a b " * 8_000}
    _, _, steps = traced({"let": lets, "request": {**REQUEST, "source": "{{ slow | first }}"}}, fields)
    assert steps["let.slow"].microseconds > steps["source"].microseconds
