"""How routes and `extends` change a request."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.channels import KINDS
from ingest.mapping import loader
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
        ("extends: ../_base.yaml", {}),
        ("extends: a/../../_base.yaml", {}),
        ('extends: "_a\\0.yaml"', {}),
        (f"extends: _{'a' * 5000}.yaml", {}),
        ("extends: _many0.yaml", {f"_many{n}": f"extends: _many{n + 1}.yaml" for n in range(12)}),
    ],
)
def test_a_base_that_can_not_be_is_a_finding(text: str, others: dict[str, str]) -> None:
    """A missing file, a circle, a long chain or a name without `_` breaks the mapping and says so."""
    assert codes(text, **others) == ["bad_value"]


def test_files_of_a_client_share_the_base_of_all(tmp_path: Path) -> None:
    """`extends: ../_base.yaml` in a sub-folder; a base that is outside of the mappings is refused."""
    folder = tmp_path / "mappings"
    (folder / "acme").mkdir(parents=True)
    (tmp_path / "_outside.yaml").write_text(_B)
    (folder / "_base.yaml").write_text(_B)
    (folder / "acme" / "_acme.yaml").write_text("extends: ../_base.yaml\nrequest: {tags: [acme]}")
    (folder / "acme" / "site.yaml").write_text("extends: _acme.yaml\nrequest: {tags: [site]}")
    (folder / "acme" / "bad.yaml").write_text("extends: ../../_outside.yaml")
    catalog = loader.load(folder, KINDS)
    [found] = rendered(catalog.mappings["acme/site"])
    assert (found.request or {})["tags"] == ["x", "acme", "site"]
    [finding] = catalog.findings
    assert (finding.code, Path(finding.place.file).name) == ("bad_value", "bad.yaml")
    assert "outside" in finding.message


def test_each_that_extends_a_broken_base_says_so(tmp_path: Path) -> None:
    """Both are broken, by the same finding in the base; what `check` prints has it once."""
    (tmp_path / "_base.yaml").write_text(_B.replace("d\n", '"{{ lead.x | fone }}"\n'))
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("extends: _base.yaml")
    catalog = loader.load(tmp_path, KINDS)
    assert [one.findings for one in catalog.mappings.values()] == [catalog.findings, catalog.findings]
    [finding] = catalog.findings
    assert Path(finding.place.file).name == "_base.yaml"


def test_the_version_is_of_all_that_is_extended() -> None:
    """A change of the base is a new version of the mapping."""
    versions = {load_text("extends: _base.yaml", _base=_B + tail).version for tail in ("", "# more\n", "")}
    assert len(versions) == 2
    assert {len(version) for version in versions} == {12}


def test_the_version_is_of_the_content_also_where_that_is_broken() -> None:
    """Two broken contents are two versions, so that what one held is tried again with the next."""
    versions = {load_text(text).version for text in ("a: [", "a: {", "b", "extends: _gone.yaml")}
    assert len(versions) == 4


POLICY: dict[str, Any] = {"consent": "lead.optin", "cap": "3/week", "duplicate": {"within": "24h"}, "max_age": "1h"}
KEPT = {"consent", "cap", "duplicate_within", "duplicate_by", "max_age"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, KEPT),
        ({"cap": "1/week"}, KEPT),
        ({"consent": None, "cap": None, "duplicate": None}, {"max_age"}),
        (None, set()),
        ({"consent": None, "duplicate": {"by": "{{ lead.x }}", "within": "1h"}}, KEPT - {"consent"}),
    ],
)
def test_a_routes_policy_changes_the_mappings(own: dict[str, Any] | None, expected: set[str]) -> None:
    """By key, each replaced whole; null removes one, or all of it. The other routes have the mapping's."""
    routes = [{"name": "a", "policy": own, "continue": True}, {"name": "b"}]
    translation = load_data({**_routes(*routes), "policy": POLICY}).translation
    assert translation is not None
    first, second = (
        {key for key in vars(route.policy) if key != "on_timeout" and getattr(route.policy, key) is not None}
        for route in translation.routes
    )
    assert (first, second) == (expected, KEPT)
    count = 1 if own and own.get("cap") else 3
    assert translation.routes[0].policy.cap == ((count, timedelta(7)) if "cap" in expected else None)


_ONE_ROUTE = "channel: form\nrequest: {campaignName: c, destination: d, userName: u}\nroutes:\n- {name: a, policy: "


@pytest.mark.parametrize(
    ("policy", "code", "column"),
    [
        ("{consnt: lead.x}", "unknown_key", 22),
        ("{cap: often}", "bad_value", 27),
        ("{consent: lead.x | yess}", "unknown_filter", 31),
        ("{duplicate: {by: '{{ nam }}', within: 1h}}", "unknown_name", 39),
        ("{duplicate: {}}", "missing_key", 22),
        ("[]", "wrong_type", 21),
    ],
)
def test_a_fault_in_a_routes_policy_is_told_at_its_place(policy: str, code: str, column: int) -> None:
    """As one in the mapping's."""
    [finding] = load_text(f"{_ONE_ROUTE}{policy}}}\n").findings
    assert (finding.code, finding.place.line, finding.place.column) == (code, 4, column)


def test_a_fault_in_a_policy_that_no_route_has_is_told_once() -> None:
    """Though each route has one of its own."""
    assert codes(f"{_ONE_ROUTE}null}}\npolicy: {{consent: lead.x | yess}}\n") == ["unknown_filter"]
    assert codes(f"{_ONE_ROUTE}{{cap: 1/day}}}}\n- {{}}\npolicy: {{consent: lead.x | yess}}\n") == ["unknown_filter"]


def test_routes_are_replaced_whole_by_a_file_that_has_some() -> None:
    """A base's routes hold where the file has none."""
    base = _B + "routes: [{name: base}]\n"
    [kept] = rendered(load_text("extends: _base.yaml", _base=base))
    [own] = rendered(load_text("extends: _base.yaml\nroutes: [{name: own}]", _base=base))
    [none] = rendered(load_text("extends: _base.yaml\nroutes: null", _base=base))
    assert (kept.route, own.route, none.route) == ("base", "own", None)


def test_routes_are_known_by_names_or_campaigns() -> None:
    """Each by another one, so that a delivery finds its own whatever their order."""
    routes: list[dict[str, Any]] = [{"name": "a"}, {}, {"request": {"campaignName": "{{ lead.c }}"}}, {}, {"name": "c"}]
    translation = load_data(_routes(*({**one, "continue": True} for one in routes))).translation
    assert translation is not None
    assert [route.key for route in translation.routes] == ["a", "c", "{{ lead.c }}", "c #2", "c #3"]


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
