from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from ingest.channels import KINDS
from ingest.mapping import loader
from ingest.mapping.render import translate
from ingest.mapping.suite.coverage import Coverage, measure
from ingest.models import Lead, Meta
from ingest.values import flatten

META = Meta("form", "site")


def covered(folder: Path, text: str, *leads: dict[str, Any]) -> Coverage:
    """What leads with these fields cover of a mapping."""
    path = folder / "site.yaml"
    path.write_text(textwrap.dedent(text))
    found = measure(str(path), "IN", [(Lead(flatten(fields), fields), META) for fields in leads])
    assert found is not None
    return found


def missing(folder: Path, expression: str, *leads: dict[str, Any]) -> list[str]:
    """What leads leave uncovered of an expression in an optional place."""
    mapping = f"""\
        channel: form
        request: {{campaignName: c, destination: "+919876543210", userName: u, source: "{{{{ {expression} }}}}"}}
    """
    return [one.message for one in covered(folder, mapping, *leads).missing]


def test_a_table_of_the_mapping_is_looked_up_as_ever(tmp_path: Path) -> None:
    """A value that is found, and one that is missed, are branches: by the table's name, by text, and in a file."""
    (tmp_path / "products.csv").write_text("key,name\nsolar,Solar roof\n")
    for table, key in (("regions", "pune"), ("'regions'", "pune"), ("'products.csv'", "solar")):
        text = f"""\
            channel: form
            tables: {{regions: {{Pune: West}}}}
            request: {{campaignName: c, destination: d, userName: "{{{{ lead.a | lookup({table}, 'x') }}}}"}}
        """
        missed = f"`lookup({table}, 'x')` never missed `lead.a`"
        assert [one.message for one in covered(tmp_path, text, {"a": key}).missing] == [missed]
        assert covered(tmp_path, text, {"a": key}, {"a": "else"}).missing == []


@pytest.mark.parametrize(
    ("expression", "leads", "told"),
    [
        ("lead.a or lead.b", [{"a": 1}], ["`lead.b` was never the one that counts in `lead.a or lead.b`"]),
        ("lead.a or lead.b", [{}], ["`lead.a` was never the one", "`lead.b` was never the one"]),
        ("lead.a or lead.b", [{"a": 1}, {"b": 1}], []),
        ("lead.a or lead.b or 'x'", [{"a": 1}, {}], ["`lead.b` was never the one that counts in"]),
        ("lead.a and lead.b", [{}], ["`lead.b` was never reached in `lead.a and lead.b`"]),
        ("lead.a and lead.b", [{"a": 1}], ["`lead.a` was never false in `lead.a and lead.b`"]),
        ("lead.a and lead.b and 'x'", [{}, {"a": 1}, {"a": 1, "b": 1}], []),
        ("'x' if lead.a else 'y'", [{"a": 1}], ["the `else` of `'x' if lead.a else 'y'` was never taken"]),
        ("'x' if lead.a else 'y'", [{}], ["the `if` of `'x' if lead.a else 'y'` was never taken"]),
        ("'x' if lead.a", [{"a": 1}], ["the `else` of `'x' if lead.a` was never taken"]),
        ("lead.b | upper if lead.a", [{"a": 1}, {}], []),
        ("lead.a | default('x')", [{"a": 1}], ["`default('x')` never stepped in for `lead.a`"]),
        ("lead.a | d('x')", [{}], ["`lead.a` was never there before `d('x')`"]),
        ("lead.a | default('x')", [{"a": 1}, {}], []),
        ("(lead.a == '1') | default('x', true)", [{"a": 1}, {"a": 2}], []),
        ("(lead.a == '1') | default(default_value='x', boolean=true)", [{"a": 1}, {"a": 2}], []),
        ("lead.a | lookup({'p': 'P'}, 'x')", [{"a": "P"}], ["`lookup({'p': 'P'}, 'x')` never missed `lead.a`"]),
        ("lead.a | lookup({'p': 'P'})", [{"a": "q"}], ["`lookup({'p': 'P'})` never found `lead.a`"]),
        ("lead.a | lookup({'p': 'P'}, default='P')", [{"a": "q"}, {"a": "p"}], []),
        ("lead.a | lookup({'p': 'P'})", [{}], ["never missed", "never found"]),
        ("lead.a", [{}], []),
    ],
)
def test_each_way_through_an_expression_is_a_branch(
    tmp_path: Path, expression: str, leads: list[dict[str, Any]], told: list[str]
) -> None:
    """What no lead went through is told in the words of the expression."""
    found = missing(tmp_path, expression, *leads)
    assert len(found) == len(told)
    assert all(said in one for said, one in zip(told, found, strict=True)), found


ROUTES = """\
    channel: form
    request: {campaignName: c, destination: "{{ lead.phone | phone }}", userName: u}
    routes:
      - name: diwali
        when: lead.offer == 'diwali'
        continue: true
      - when: lead.budget | number > 5000
      - name: never
        when: "false"
    policy: {consent: lead.no is not present}
"""


def test_routes_and_conditions_are_covered_when_they_went_both_ways(tmp_path: Path) -> None:
    """A route is taken or not, `when` and `consent` are once true and once false, and what is constant is no branch."""
    found = covered(tmp_path, ROUTES, {"offer": "holi", "budget": "9000"})
    assert [f"{one.place.line}:{one.place.column} {one.message}" for one in found.missing] == [
        "4:11 route `diwali` was never taken",
        "5:11 `lead.offer == 'diwali'` was never true",
        "7:11 `lead.budget | number > 5000` was never false",
        "8:11 route `never` was never taken",
        "10:19 `lead.no is not present` was never false",
    ]
    assert (len(found.routes), len(found.branches)) == (3, 6)
    assert found.percent == pytest.approx(100 * 4 / 9)


def test_a_held_lead_covers_what_it_went_through(tmp_path: Path) -> None:
    """A lead without a number takes its route all the same; one whose `when` fails takes none."""
    failing = ROUTES.replace("lead.budget | number > 5000", "lead.budget > 5000")
    found = covered(tmp_path, failing, {"offer": "diwali", "budget": "9000", "no": 1})
    assert [one.taken for one in found.routes] == [True, False, False]


def test_absent_is_false_for_a_condition(tmp_path: Path) -> None:
    """A `when` that comes out absent was false."""
    found = covered(tmp_path, ROUTES, {"phone": "9876543210"})
    assert "`lead.budget | number > 5000` was never true" in [one.message for one in found.missing]
    assert "`lead.budget | number > 5000` was never false" not in [one.message for one in found.missing]


def test_the_only_request_is_a_route(tmp_path: Path) -> None:
    """Without `routes` there is one route: the request."""
    text = "channel: form\nrequest: {campaignName: c, destination: d, userName: u}\n"
    assert [one.message for one in covered(tmp_path, text).missing] == ["the request was never made"]
    assert covered(tmp_path, text, {}).percent == 100


def test_what_several_routes_share_counts_once(tmp_path: Path) -> None:
    """An expression of the request above the routes, or one that an alias repeats, has its branches once."""
    found = covered(
        tmp_path,
        """\
        channel: form
        request: {campaignName: c, destination: "+919876543210", userName: &n "{{ lead.a or 'x' }}", source: *n}
        routes:
          - {name: a, when: lead.r == 'a'}
          - {name: b}
        """,
        {"a": 1},
        {"r": "a"},
    )
    assert (len(found.routes), len(found.branches)) == (2, 4)
    assert found.percent == 100


def test_two_expressions_in_one_text_are_told_apart(tmp_path: Path) -> None:
    """Each `{{ }}` has its own branches, at its own column."""
    text = (
        "channel: form\nrequest: {campaignName: c, destination: d, userName: "
        "\"{{ lead.a or 'x' }} {{ lead.b or 'x' }}\"}\n"
    )
    found = covered(tmp_path, text, {"a": 1})
    starts = [text.splitlines()[1].index(f"{{{{ lead.{name}") + 1 for name in "ab"]
    assert [one.place.column for one in found.branches] == [starts[0], starts[0], starts[1], starts[1]]
    assert [one.taken for one in found.branches] == [True, False, False, True]


def test_what_a_file_extends_is_covered_with_it(tmp_path: Path) -> None:
    """The branches of the file below stand in that file."""
    (tmp_path / "_base.yaml").write_text("channel: form\nlet: {n: \"{{ lead.a or 'x' }}\"}\n")
    text = 'extends: _base.yaml\nrequest: {campaignName: c, destination: d, userName: "{{ n }}"}\n'
    (one,) = covered(tmp_path, text, {"a": 1}).missing
    assert Path(one.place.file).name == "_base.yaml"


def test_an_expression_that_is_nearly_too_deep_is_run_without_branches(tmp_path: Path) -> None:
    """What can be compiled can be measured, though at the very edge its branches are not."""
    deep = "lead.a | default(" * 60 + "'x'" + ")" * 60
    path = tmp_path / "site.yaml"
    path.write_text(
        f'channel: form\nrequest: {{campaignName: c, destination: d, userName: u, source: "{{{{ {deep} }}}}"}}\n'
    )
    mapping = loader.load_file(path, KINDS, tmp_path)
    assert mapping.translation, mapping.findings
    assert measure(str(path), "IN", [(Lead({}, {}), META)]) is not None


def test_a_broken_file_is_not_measured(tmp_path: Path) -> None:
    """There is no coverage of what can't be translated by."""
    path = tmp_path / "site.yaml"
    for text in ("channel: form\n", "{", "just text"):
        path.write_text(text)
        assert measure(str(path), "IN", []) is None


def test_measuring_changes_nothing_of_what_is_made(tmp_path: Path) -> None:
    """The watched expressions give what the plain ones give; and plain ones are not watched."""
    path = tmp_path / "site.yaml"
    path.write_text(textwrap.dedent(ROUTES))
    mapping = loader.load_file(path, KINDS, tmp_path)
    assert mapping.translation
    lead = Lead(flatten({"phone": "9876543210", "offer": "diwali", "budget": "9000"}), {})
    before = translate(mapping.translation, lead, META)
    measure(str(path), "IN", [(lead, META)])
    assert translate(mapping.translation, lead, META) == before
    assert not [name for name in mapping.translation.language.filters if name.startswith("(")]
