"""How routes and `extends` change a request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.helpers import REQUEST, codes, load_data, load_text, one, rendered

BASE: dict[str, Any] = {
    **REQUEST,
    "source": "s",
    "media": {"url": "https://x.example/a.png", "filename": "a.png"},
    "templateParams": ["1", "2"],
    "tags": ["a", "b"],
    "attributes": {"x": "1", "y": "2"},
}

CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"tags": ["c", "a", "d"]}, {"tags": ["a", "b", "c", "d"]}),
    ({"attributes": {"y": "3", "z": "4"}}, {"attributes": {"x": "1", "y": "3", "z": "4"}}),
    ({"attributes": {"x": None}}, {"attributes": {"y": "2"}}),
    ({"attributes": {"x": None, "y": None}}, {"attributes": None}),
    ({"attributes": None}, {"attributes": None}),
    ({"templateParams": ["9"]}, {"templateParams": ["9"]}),
    ({"templateParams": []}, {"templateParams": None}),
    ({"templateParams": None}, {"templateParams": None}),
    (
        {"media": {"url": "https://x.example/b", "filename": "b"}},
        {"media": {"url": "https://x.example/b", "filename": "b"}},
    ),
    ({"media": None}, {"media": None}),
    ({"tags": None}, {"tags": None}),
    ({"source": None}, {"source": None}),
    ({"campaignName": "other", "userName": "v"}, {"campaignName": "other", "userName": "v"}),
    ({}, {}),
]


def _expected(change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**BASE, **change}.items() if value is not None}


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_a_route_changes_the_request(change: dict[str, Any], expected: dict[str, Any]) -> None:
    """Tags are appended, attributes merge by key, everything else is replaced whole, null removes."""
    found = one({"request": BASE, "routes": [{"name": "r", "request": change}]})
    assert found.request == _expected(expected)


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_a_file_changes_what_it_extends(change: dict[str, Any], expected: dict[str, Any]) -> None:
    """`extends` merges as a route does."""
    import json

    base = json.dumps({"request": BASE})
    mapping = load_text(f"extends: _base.yaml\nchannel: form\nrequest: {json.dumps(change)}\n", _base=base)
    (found,) = rendered(mapping)
    assert found.request == _expected(expected)


def test_the_order_of_the_body_is_the_references() -> None:
    """Keys stand in AiSensy's order, whatever the mapping's."""
    found = one({"request": dict(reversed(BASE.items()))})
    assert list(found.request or {}) == list(BASE)


def test_sections_merge_by_key() -> None:
    """A file keeps the names, policies and secrets of its base that it does not tell anew; null removes them."""
    mapping = load_text(
        """
extends: _base.yaml
let: {second: "{{ first }}!"}
policy: {cap: 3/week, max_age: null}
request: {userName: "{{ second }}"}
""",
        _base="""
channel: zapier
auth: {token: A_TOKEN}
let: {first: "{{ lead.name }}"}
policy: {max_age: 2h, on_timeout: retry}
request: {campaignName: c, destination: "+919876543210"}
""",
    )
    assert not mapping.findings
    assert mapping.intake is not None
    assert mapping.intake.auth == {"token": ("A_TOKEN",)}
    (found,) = rendered(mapping, {"name": "Asha"})
    assert found.request == {"campaignName": "c", "destination": "+919876543210", "userName": "Asha!"}
    assert (found.policy.max_age, found.policy.on_timeout) == (None, "retry")
    assert found.policy.cap is not None


def test_a_base_can_have_a_base() -> None:
    """Files extend one another, each from its own place."""
    mapping = load_text("extends: _a.yaml\nrequest: {tags: [z]}", _a="extends: _b.yaml\nrequest: {tags: [y]}", _b=_B)
    (found,) = rendered(mapping)
    assert (found.request or {})["tags"] == ["x", "y", "z"]


def test_a_finding_in_a_base_names_the_base() -> None:
    """A fault is told where it stands."""
    mapping = load_text("extends: _base.yaml", _base=_B.replace("d\n", '"{{ lead.x | fone }}"\n'))
    (finding,) = mapping.findings
    assert finding.place.file.endswith("_base.yaml")
    assert finding.code == "unknown_filter"
    assert (finding.place.line, finding.place.column) == (4, 17)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("extends: _gone.yaml", {}),
        ("extends: base.yaml", {"base": "channel: form"}),
        ("extends: _a.yaml", {"_a": "extends: _b.yaml", "_b": "extends: _a.yaml"}),
        ("extends: 5", {}),
        ("extends: /etc/_passwd", {}),
        ("extends: _many0.yaml", {f"_many{n}": f"extends: _many{n + 1}.yaml" for n in range(12)}),
    ],
)
def test_a_base_that_can_not_be_is_a_finding(text: str, others: dict[str, str]) -> None:
    """A missing file, a circle, a long chain or a name without `_` breaks the mapping and says so."""
    assert codes(text, **others) == ["bad_value"]


def test_the_version_is_of_all_that_is_extended() -> None:
    """A change of the base is a new version of the mapping."""
    versions = {load_text("extends: _base.yaml", _base=_B + tail).version for tail in ("", "# more\n", "")}
    assert len(versions) == 2
    assert {len(version) for version in versions} == {12}


def _routes(*routes: dict[str, Any]) -> dict[str, Any]:
    return {"request": REQUEST, "routes": list(routes)}


@pytest.mark.parametrize(
    ("routes", "city", "expected"),
    [
        ([{"name": "a", "when": "lead.city == 'Pune'"}, {"name": "b"}], "Pune", ["a"]),
        ([{"name": "a", "when": "lead.city == 'Pune'"}, {"name": "b"}], "Goa", ["b"]),
        ([{"name": "a"}, {"name": "b"}], "Goa", ["a"]),
        ([{"name": "a", "continue": True}, {"name": "b"}], "Goa", ["a", "b"]),
        ([{"name": "a", "continue": True}, {"name": "b", "when": "lead.city == 'Pune'"}], "Goa", ["a"]),
        ([{"name": "a", "when": "false", "continue": True}, {"name": "b"}], "Goa", ["b"]),
        ([{"name": "a", "when": "lead.absent"}, {"name": "b", "when": "lead.city"}], "Goa", ["b"]),
        ([{"name": "a", "when": False}, {"name": "b", "when": True}], "Goa", ["b"]),
    ],
)
def test_the_first_route_that_holds_is_taken(routes: list[dict[str, Any]], city: str, expected: list[str]) -> None:
    """The first whose `when` holds; with `continue` those after it as well; no `when` always holds."""
    found = rendered(load_data(_routes(*routes)), {"city": city})
    assert [each.route for each in found] == expected
    assert all(each.request == REQUEST for each in found)


def test_a_lead_that_no_route_takes_is_held() -> None:
    """None holds: held, `no_route`, at the mapping's routes."""
    found = one(_routes({"name": "a", "when": "false"}))
    assert found.problem is not None
    assert (found.problem.reason, found.request) == ("no_route", None)
    assert found.problem.place is not None
    assert found.problem.place.line == 6


def test_a_when_that_fails_holds_the_lead() -> None:
    """A route that can't be told to hold or not stops the search: the next one might be wrong."""
    found = one(_routes({"name": "a", "when": "lead.age > 3"}, {"name": "b"}), {"age": 5})
    assert found.problem is not None
    assert (found.problem.reason, found.problem.field, found.route) == ("expression_failed", "routes[0].when", "a")


_B = """channel: form
request:
  campaignName: c
  destination: d
  userName: u
  tags: [x]
"""
