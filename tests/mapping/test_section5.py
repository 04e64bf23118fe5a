"""The rules of values and expressions, a table for each sentence of interface.md's section 5."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import Hold
from ingest.models import Reason
from tests.mapping.helpers import REQUEST, codes, holds, one, problem, tags, value

FIELDS: dict[str, Any] = {
    "First Name": "Asha",
    "city": "  Pune ",
    "interests": ["solar", " battery ", ""],
    "items": "three",
    "age": 25,
    "price": 2500.0,
    "agreed": True,
    "refused": False,
    "blank": "   ",
    "nothing": None,
    "empty": [],
    "address": {"street": "MG Road", "geo": {"lat": 18.5}},
    "a[b]": "ab",
    "c__d": "cd",
    "form_fields[e]": "e!",
    "fields[g][value]": "g!",
    "जन्म स्थान": "पुणे",
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ lead.items }}", "three"),
        ("{{ lead.keys }}", None),
        ("{{ lead.get }}", None),
        ("{{ lead['items'] }}", "three"),
        ("{{ lead.__class__x }}", "no such thing"),
    ],
)
def test_a_lead_has_fields_and_nothing_else(expression: str, expected: str | None) -> None:
    """`lead.x` is field *x*, and no method of Python's."""
    if "__" in expression:
        assert codes(_mapping(expression)) == ["jinja_forbidden"]
    else:
        assert value(expression, FIELDS) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "{{ lead.first_name }}",
        "{{ lead['First Name'] }}",
        "{{ lead.firstName }}",
        "{{ lead['first-name'] }}",
        "{{ lead['ＦＩＲＳＴ name'] }}",
        "{{ lead['first' ~ ' Name'] }}",
    ],
)
def test_a_field_is_found_in_any_spelling(expression: str) -> None:
    """`First Name`, `firstName` and `first-name` are one field, as sent and as asked for."""
    assert value(expression, FIELDS) == "Asha"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ lead.address_street }}", "MG Road"),
        ("{{ lead.address_geo_lat }}", "18.5"),
        ("{{ lead.a_b }}", "ab"),
        ("{{ lead.c_d }}", "cd"),
        ("{{ lead.e }}", "e!"),
        ("{{ lead.g }}", "g!"),
        ("{{ lead.जन्म_स्थान }}", "पुणे"),
    ],
)
def test_nested_keys_are_flat(expression: str, expected: str) -> None:
    """Nested objects, brackets and `__` come to one key; marks stay with their letters."""
    assert value(expression, FIELDS) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ payload.id }}", "7"),
        ("{{ payload['First Name'] }}", " Asha "),
        ("{{ payload.first_name }}", None),
        ("{{ payload.field_data[1].values[0] }}", "Pune"),
        ("{{ payload.field_data[2].name }}", None),
        ("{{ payload.values }}", "v"),
        ("{{ payload.flag }}", "false"),
        ("{{ payload.total }}", "2500"),
        ("{{ payload.deep.er }}", "1.5"),
        ("{{ payload.deep.er.still }}", None),
        ("{{ payload.some[1] }}", "b"),
        ("{{ payload.some }}", "b, c"),
        ("{{ payload.nothing or payload.none_at_all or payload.gaps or 'none' }}", "none"),
    ],
)
def test_the_payload_is_what_came(expression: str, expected: str | None) -> None:
    """`payload` is nested as it came, under the keys that came."""
    payload = {
        "id": 7,
        "First Name": " Asha ",
        "values": "v",
        "flag": False,
        "total": 2500.0,
        "deep": {"er": 1.5},
        "field_data": [{"name": "x", "values": []}, {"name": "city", "values": ["Pune"]}],
        "some": [None, "b", "c"],
        "nothing": None,
        "gaps": [None, ""],
    }
    assert value(expression, {}, payload) == (expected.strip() if expected else None)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ meta.channel }}", "form"),
        ("{{ meta.endpoint }}", "acme/site"),
        ("{{ meta.id }}", "id1"),
        ("{{ meta.external_id }}", "ext1"),
        ("{{ meta.received_at }}", "2026-11-23T10:00:00.000Z"),
        ("{{ meta.received_at | date('%d.%m.%Y %H:%M', 'Asia/Kolkata') }}", "23.11.2026 15:30"),
        ("{{ meta.secret }}", None),
    ],
)
def test_meta_tells_where_a_lead_is_from(expression: str, expected: str | None) -> None:
    """`meta` has channel, endpoint, id, external_id and received_at."""
    assert value(expression) == expected


def test_the_request_is_seen_in_policy_only() -> None:
    """`request` has a meaning in `policy`, and is a finding elsewhere."""
    policy = {"duplicate": {"by": "{{ request.destination }}/{{ request.templateParams[0] }}", "within": "1h"}}
    found = one({"request": {**REQUEST, "templateParams": ["p"]}, "policy": policy})
    assert found.duplicate_key == "+919876543210/p"
    assert codes(_mapping("{{ request.destination }}")) == ["unknown_name"]


@pytest.mark.parametrize("name", ["environ", "env", "settings", "secrets", "os", "self", "config", "g"])
def test_no_environment_and_no_secrets_are_seen(name: str) -> None:
    """Expressions see the lead, and nothing of the machine."""
    assert codes(_mapping(f"{{{{ {name} }}}}")) in (["unknown_name"], ["jinja_forbidden"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ lead.city }}", "Pune"),
        ("{{ lead.age }}", "25"),
        ("{{ lead.price }}", "2500"),
        ("{{ lead.agreed }}", "true"),
        ("{{ lead.refused }}", "false"),
        ("{{ lead.interests }}", "solar, battery"),
        ("{{ lead.interests[1] }}", "battery"),
        ("I like {{ lead.interests }}.", "I like solar, battery."),
        ("{{ 1 / 4 }}", "0.25"),
        ("{{ 5000.0 / 2 }}", "2500"),
        ("{{ lead.price | number * 1.18 }}", "2950"),
        ("{{ lead.age == '25' }}", "true"),
        ("{{ ['a', 1, true] }}", "a, 1, true"),
        ("{{ lead.city ~ '/' ~ lead.interests ~ 1.0 }}", "Pune/solar, battery1"),
    ],
)
def test_values_are_trimmed_text_or_lists_of_it(expression: str, expected: str) -> None:
    """Numbers and booleans are their JSON text, a list written out is joined by a comma."""
    assert value(expression, FIELDS) == expected


@pytest.mark.parametrize("name", ["blank", "nothing", "empty", "never_asked"])
def test_null_blank_and_empty_lists_are_absent(name: str) -> None:
    """null, blank text, `[]` and a field that did not come are the same: absent."""
    assert value(f"{{{{ lead.{name} }}}}", FIELDS) is None
    assert value(f"{{{{ 'no' if lead.{name} is not present else 'yes' }}}}", FIELDS) == "no"
    assert value(f"{{{{ payload.{name} | default('else') }}}}", {}, FIELDS) == "else"


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        (["{{ lead.interests }}"], ["solar", "battery"]),
        (["a", "{{ lead.interests }}", "b"], ["a", "solar", "battery", "b"]),
        (["solar", "{{ lead.interests }}", "solar"], ["solar", "battery"]),
        (["x {{ lead.interests }}"], ["x solar, battery"]),
        (["{{ lead.interests | map('upper') }}"], ["SOLAR", "BATTERY"]),
        (["{{ [lead.city, lead.nothing, lead.interests] }}"], ["Pune", "solar", "battery"]),
        (["{{ lead.age }}", "{{ lead.nothing }}"], ["25"]),
        (["{{ lead.nothing }}"], None),
    ],
)
def test_each_item_of_a_list_is_a_tag(expressions: list[str], expected: list[str] | None) -> None:
    """In `tags` a list gives a tag for each of its items; doubles go, the order stays."""
    assert tags(*expressions, fields=FIELDS) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("lead.nothing", False),
        ("not lead.nothing", True),
        ("lead.nothing or lead.city", True),
        ("lead.nothing and lead.city", False),
        ("(lead.city if lead.nothing else lead.blank) is present", False),
        ("lead.nothing == lead.nothing", False),
        ("lead.nothing == lead.blank", False),
        ("lead.nothing != lead.nothing", True),
        ("lead.nothing == ''", False),
        ("lead.nothing == none", False),
        ("lead.nothing != 'Pune'", True),
        ("'Pune' == lead.nothing", False),
        ("lead.nothing in ['Pune', 'Delhi']", False),
        ("lead.nothing not in ['Pune']", True),
        ("lead.nothing in 'Pune'", False),
        ("'Pune' in lead.nothing", False),
        ("'Pune' not in lead.nothing", True),
        ("lead.nothing is eq('x')", False),
        ("lead.nothing is ne('x')", True),
    ],
)
def test_an_absent_field_is_false_and_unequal_to_everything(condition: str, expected: bool) -> None:
    """Absent is false in or, and, not and if; it equals nothing, not even itself."""
    assert holds(condition, FIELDS) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ lead.nothing | default('x') }}", "x"),
        ("{{ lead.nothing | d(lead.city) }}", "Pune"),
        ("{{ lead.nothing | default(lead.blank) | default('z') }}", "z"),
        ("{{ lead.city | default('x') }}", "Pune"),
        ("{{ 'there' if lead.city is present else 'gone' }}", "there"),
        ("{{ 'there' if lead.nothing is present else 'gone' }}", "gone"),
        ("{{ 'there' if lead.nothing is defined else 'gone' }}", "gone"),
        ("{{ lead.city | lookup({'delhi': 'N'}) | default('W') }}", "W"),
        ("{{ lead.city }}{{ lead.nothing | default('') }}!", "Pune!"),
    ],
)
def test_default_and_present_see_what_is_absent(expression: str, expected: str) -> None:
    """`default` puts something in the place of what is absent, `present` tells."""
    assert value(expression, FIELDS) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "{{ lead.nothing }}",
        "Hello {{ lead.nothing }}",
        "{{ lead.city }} {{ lead.nothing }}",
        "{{ lead.city ~ lead.nothing }}",
        "{{ 'Hello ' + lead.nothing }}",
        "{{ lead.nothing | title }}",
        "{{ lead.nothing | title | default('x') }}",
        "{{ lead.nothing | yes }}",
        "{{ lead.nothing | length }}",
        "{{ lead.city | lookup({}, lead.nothing) }}",
        "{{ lead.city | replace('u', lead.nothing) }}",
        "{{ lead.nothing * 2 }}",
        "{{ lead.nothing > 3 }}",
        "{{ '%s' % lead.nothing }}",
        "{{ 'x' if lead.nothing }}",
        "{{ none }}",
        "{{ none | title }}",
        "{{ lead.nothing.upper() }}",
        "{{ lead.nothing.further.down }}",
        "{{ lead.nothing[0] }}",
        "{{ lead.nothing[1:3] }}",
        "{{ [lead.nothing, lead.city] | join(' ') }}",
    ],
)
def test_an_absent_value_that_is_used_makes_the_whole_expression_absent(expression: str) -> None:
    """Written out, or given to a filter other than default, it makes the whole expression absent."""
    assert value(expression, FIELDS) is None


def test_words_and_joined_leave_out_what_is_absent() -> None:
    """A list with something absent in it is no absent value: `words` and `joined` take what is there."""
    assert value("{{ [lead.nothing, lead.city] | words }}", FIELDS) == "Pune"
    assert value("{{ [lead.city, lead.nothing, lead.age] | joined(' / ') }}", FIELDS) == "Pune / 25"
    assert value("{{ [lead.nothing, lead.blank] | words | default('x') }}", FIELDS) == "x"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("lead.nothing | yes", False),
        ("lead.nothing > 3", False),
        ("lead.agreed | yes", True),
        ("lead.refused | yes", False),
        ("lead.refused", False),
        ("lead.city == 'Pune'", True),
        ("{{ lead.city == 'Pune' }}", True),
        ("true", True),
    ],
)
def test_an_absent_result_of_when_and_consent_is_false(condition: str, expected: bool) -> None:
    """Neither a route nor a consent holds by something that is not there."""
    assert holds(condition, FIELDS) is expected
    found = one({"request": REQUEST, "policy": {"consent": condition}}, FIELDS)
    assert (found.problem is None) is expected
    assert expected or (found.problem is not None and found.problem.reason == Reason.NO_CONSENT)


def test_an_optional_place_is_left_out() -> None:
    """A tag, an attribute and the source that come out absent are not sent."""
    request = {
        **REQUEST,
        "source": "{{ lead.nothing }}",
        "tags": ["{{ lead.nothing }}"],
        "attributes": {"a": "{{ lead.nothing }}", "b": "{{ lead.city }}"},
    }
    assert one({"request": request}, FIELDS).request == {**REQUEST, "attributes": {"b": "Pune"}}


@pytest.mark.parametrize(
    ("change", "field", "line", "column"),
    [
        ({"campaignName": "{{ lead.nothing }}"}, "campaignName", 3, 18),
        ({"destination": "{{ lead.nothing | phone }}"}, "destination", 4, 17),
        ({"userName": "Mr {{ lead.city }} {{ lead.nothing }}"}, "userName", 5, 32),
        ({"templateParams": ["a", "{{ lead.nothing }}", "c"]}, "templateParams[1]", 8, 6),
        ({"media": {"url": "{{ lead.nothing }}", "filename": "f"}}, "media.url", 7, 11),
        ({"media": {"url": "https://x.example/a", "filename": "{{ lead.nothing }}"}}, "media.filename", 8, 16),
    ],
)
def test_a_required_place_holds_the_lead(change: dict[str, Any], field: str, line: int, column: int) -> None:
    """The hold names field, file, line and column, and what is absent; never the lead's data."""
    hold = problem({"request": {**REQUEST, **change}}, FIELDS)
    assert (hold.reason, hold.field) == (Reason.MISSING_VALUE, field)
    assert hold.message == "lead.nothing is absent"
    assert hold.place is not None
    assert hold.place.file.endswith("site.yaml")
    assert (hold.place.line, hold.place.column) == (line, column)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ lead.phone | phone }}", "+919876543210"),
        ("{{ lead.zip }}", "000123"),
        ("{{ lead.list }}", "['a', 'b']"),
        ("{{ lead.quoted }}", '"x"'),
        ("{{ 5 }}", "5"),
        ("{{ lead.true }}", "True"),
    ],
)
def test_results_are_text(expression: str, expected: str) -> None:
    """No text is read as a number, a list or anything else."""
    fields = {"phone": "9876543210", "zip": "000123", "list": "['a', 'b']", "quoted": '"x"', "true": "True"}
    assert value(expression, fields) == expected


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% raw %}", "{{ lead.phone }}", "{# x #}", "a }} b"])
def test_payload_text_is_never_rendered(text: str) -> None:
    """What a lead says is data, even where it looks like an expression."""
    assert value("{{ lead.city }}", {"city": text}) == text
    assert value("Hi {{ name }}", {"city": text}, name="{{ lead.city }}") == f"Hi {text}"


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("{% if lead.city %}x{% endif %}", "jinja_forbidden"),
        ("{% set x = 1 %}{{ x }}", "jinja_forbidden"),
        ("{# note #}{{ lead.city }}", "jinja_forbidden"),
        ("{{ range(3) }}", "jinja_forbidden"),
        ("{{ lipsum() }}", "jinja_forbidden"),
        ("{{ cycler(1) }}", "jinja_forbidden"),
        ("{{ joiner() }}", "jinja_forbidden"),
        ("{{ namespace() }}", "jinja_forbidden"),
        ("{{ dict(a=1) }}", "jinja_forbidden"),
        ("{{ lead.city.__class__ }}", "jinja_forbidden"),
        ("{{ lead.city.format(1) }}", "jinja_forbidden"),
        ("{{ lead.city.encode() }}", "jinja_forbidden"),
        ("{{ lead.city() }}", "jinja_forbidden"),
        ("{{ lead.city | safe }}", "unknown_filter"),
        ("{{ lead.city | attr('x') }}", "unknown_filter"),
        ("{{ lead.city is callable }}", "unknown_test"),
        ("{{ nmae }}", "unknown_name"),
        ("{{ lead.city | }}", "jinja_syntax"),
        ("{{ lead.city", "jinja_syntax"),
        ("lead.city }}", "jinja_syntax"),
        ("{{ 'a }}", "jinja_syntax"),
        ("{{ }}", "jinja_syntax"),
    ],
)
def test_what_is_no_expression_is_a_finding(expression: str, code: str) -> None:
    """Statements, Jinja's globals, unknown names and bad syntax are told when the mapping is loaded."""
    assert set(codes(_mapping(expression))) == {code}


@pytest.mark.parametrize(
    "expression",
    [
        "{{ 'x' * 100000 }}",
        "{{ 100000 * 'x' }}",
        "{{ lead.city * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 9 ** 99999 }}",
        "{{ 2 ** 100000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (1000000000, 1) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ (lead.long + lead.long) }}",
        "{{ lead.long ~ lead.long }}",
        "{{ lead.long.replace('x', 'yyyyyyyyyy') }}",
        "{{ lead.long | replace('', 'yyyyyyyyyy') }}",
        "{{ (lead.long | list) | join('yyyyyyyyyy') }}",
        "{{ ([lead.long] * 1000) | map('upper') }}",
        "{{ [[lead.long] * 1000] * 1000 }}",
        "{{ lead.long | regex_replace('x', 'yyyyyyyyyy') }}",
        "{{ 1.5 | round(1000000000, 'ceil') }}",
        "{{ [[1]] | sum(start=[]) }}",
        "{{ lead.longer }}",
        "{{ lead.devanagari }}",
    ],
)
def test_results_are_at_most_64_kb(expression: str) -> None:
    """No expression makes much of little: `*`, `**`, `%` and the filters are bounded, and the lead is held."""
    fields = {"city": "Pune", "long": "x" * 60_000, "longer": "x" * 70_000, "devanagari": "क" * 30_000}
    with pytest.raises(Hold) as caught:
        value(expression, fields)
    assert caught.value.reason == Reason.EXPRESSION_FAILED


def test_regular_expressions_run_in_linear_time() -> None:
    """A pattern that lets other engines hang is no harm."""
    fields = {"text": "a" * 50_000 + "!", "city": "Pune 411001"}
    assert value("{{ 'y' if lead.text is matching('^(a+)+$') else 'n' }}", fields) == "n"
    assert value(r"{{ lead.city | regex_search('\\d{6}') }}", fields) == "411001"
    assert value(r"{{ lead.city | regex_search('(\\w+) \\d') }}", fields) == "Pune"
    assert value(r"{{ lead.city | regex_replace('\\s*\\d+', '') }}", fields) == "Pune"
    assert value("{{ lead.city | regex_search('x') }}", fields) is None
    with pytest.raises(Hold, match="not understood"):
        value("{{ lead.city | regex_search('(' ~ lead.city) }}", fields)


def _mapping(expression: str) -> str:
    quoted = expression.replace("'", "''")
    return f"channel: form\nrequest:\n  campaignName: c\n  destination: d\n  userName: '{quoted}'\n"
