from __future__ import annotations

import doctest
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Hold
from ingest.mapping.expressions.native import AbsentValue, ExpressionError
from ingest.mapping.filters import consent, dates, names, numbers, phones, regex, texts, toolbox
from ingest.mapping.filters.ours import OF_LISTS, OF_TEXT
from ingest.mapping.tables import table as tables
from tests.mapping.helpers import value

OURS = ["phone", "lookup", *OF_LISTS, *OF_TEXT]
ARGUMENTS = {"clip": (3,), "match": ("a+",), "money": ("INR",), "regex_replace": ("a", "b"), "regex_search": ("a",)}
ARGUMENTS["lookup"] = ({"a": "b"},)


@pytest.mark.parametrize("module", [consent, dates, names, numbers, phones, regex, tables, texts])
def test_the_examples_of_the_documentation_are_true(module: Any) -> None:
    """Every example in a filter's documentation gives what it says."""
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("name", OURS)
def test_every_filter_of_ours_is_there(name: str) -> None:
    """Mappings can use each filter, and `present`."""
    assert name in toolbox.filters("IN")
    assert "present" in toolbox.TESTS


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        ("first_name", "Asha", "Asha"),
        ("first_name", "Mr. Ravi Kumar", "Ravi"),
        ("first_name", "Mr Ravi", "Ravi"),
        ("first_name", "Dr.Asha Rao", "Asha"),
        ("first_name", "Shri Prof. Dr. Asha Rao", "Asha"),
        ("first_name", "Smt Lakshmi Devi", "Lakshmi"),
        ("first_name", "श्रीमती आशा राव", "आशा"),
        ("first_name", "Rao, Asha", "Asha"),
        ("first_name", "Rao, Dr. Asha", "Asha"),
        ("first_name", "Asha Rao, MBA", "Asha"),
        ("first_name", "asha rao", "asha"),
        ("first_name", "Sri", "Sri"),
        ("last_name", "Asha Devi Rao", "Rao"),
        ("last_name", "Rao, Asha", "Rao"),
        ("last_name", "Asha", None),
        ("last_name", "Mr Rao", None),
        ("title", "ravi mcdonald", "Ravi McDonald"),
        ("title", "RAVI MCDONALD", "Ravi McDonald"),
        ("title", "d'souza", "D'Souza"),
        ("title", "o’brien", "O’Brien"),
        ("title", "anne-marie de la cruz", "Anne-Marie De La Cruz"),
        ("title", "asha's", "Asha's"),
        ("title", "McDonald DeSouza", "McDonald DeSouza"),
        ("title", "k.r. narayanan", "K.R. Narayanan"),
        ("title", "आशा राव", "आशा राव"),
        ("title", "élodie", "Élodie"),
        ("digits", "+91 (98) ७७", "919877"),
        ("digits", "none", None),
        ("email", " A.b@EXAMPLE.co.in ", "A.b@example.co.in"),
        ("email", "mailto:a@b.co", "a@b.co"),
        ("email", "a b@c.de", None),
        ("email", "a@b", None),
        ("email", "a@@b.co", None),
        ("email | default('none')", "nope", "none"),
        ("number", "1,00,000", "100000"),
        ("number", "₹ 2,500.50", "2500.5"),
        ("number", "2 500", "2500"),
        ("number", "2.500,50 €", "2500.5"),
        ("number", "1.000.000", "1000000"),
        ("number", "1,5", "1.5"),
        ("number", "-7", "-7"),
        ("number", "१२३", "123"),
        ("number", "12345678901234567890", "12345678901234567890"),
        ("number", "INR 500", "500"),
        ("number", "2026-11-23", None),
        ("number", "ten", None),
        ("number | default(0)", "ten", "0"),
        ("number + 1", "41", "42"),
        ("date", "2022-02-03T16:16:51+0000", "03 Feb 2022"),
        ("date('%d/%m/%Y %H:%M', 'Asia/Kolkata')", "2022-02-03T20:16:51Z", "04/02/2022 01:46"),
        ("date('%Y')", "1588890044000", "2020"),
        ("date('%H:%M', 'Asia/Kolkata')", "2026-11-23T10:00:00", "10:00"),
        ("date", "23/11/2026", "23 Nov 2026"),
        ("date | default('soon')", "some day", "soon"),
        ("lookup({'Pune': 'W', 'Delhi': 'N'})", " PUNE ", "W"),
        ("lookup({'Pune': 'W'}, 'else')", "Goa", "else"),
        ("lookup({5: 'five'})", "5", "five"),
        ("lookup({'Pune': 'W'})", "Goa", None),
        ("lookup({'Pune': 'W'})", "Ｐｕｎｅ", "W"),
        ("lookup({'PUNE': 'W'})", "pune", "W"),
        ("match('^[A-Z]{2}[0-9]+$')", "AB12", "true"),
        ("match('^[A-Z]{2}[0-9]+$')", "xAB12", "false"),
        ("match('[0-9]')", "AB12", "true"),
        ("hash | length", "Asha", "64"),
        ("hash(8)", "Asha", "504222d0"),
        ("default('') | hash | default('none')", None, "none"),
        ("words", "a   b", "a b"),
        ("joined", "a", "a"),
        ("upper", "a", "A"),
        ("trim | length", " ab ", "2"),
        ("truncate(6, true, '…', 0)", "abcdefghij", "abcde…"),
        ("replace('a', 'o')", "banana", "bonono"),
        ("replace('banana', '') | default('gone')", "banana", "gone"),
        ("int + 1", "41", "42"),
        ("float", "2500.0", "2500"),
    ],
)
def test_filters_do_what_people_expect(expression: str, text: str, expected: str | None) -> None:
    """Each filter as it is used in a mapping."""
    assert value(f"{{{{ lead.x | {expression} }}}}", {"x": text}) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ lead.l | first }}", "b"),
        ("{{ lead.l | last }}", "c"),
        ("{{ lead.l | sort | join('-') }}", "a-b-c"),
        ("{{ lead.l | length }}", "3"),
        ("{{ lead.l | reverse | list | first }}", "c"),
        ("{{ lead.l | select('ne', 'a') | joined(' ') }}", "b c"),
        ("{{ lead.l | reject('in', ['a', 'b']) | first }}", "c"),
        ("{{ lead.l | map('upper') | joined }}", "B, A, C"),
        ("{{ lead.l | upper }}", "B, A, C"),
        ("{{ payload.rows | map(attribute='n') | joined('/') }}", "1/2"),
        ("{{ payload.rows | selectattr('n', 'eq', '2') | map(attribute='v') | first }}", "y"),
        ("{{ payload.rows | map(attribute='n') | map('number') | sum }}", "3"),
        ("{{ ['3', '10'] | map('int') | max }}", "10"),
        ("{{ [2.5, 1] | min }}", "1"),
        ("{{ 2.567 | round(1) }}", "2.6"),
        ("{{ 7 | round }}", "7"),
        ("{{ 'x=%s' | format(5) }}", "x=5"),
        ("{{ '%s-%s' % (lead.l[0], 2) }}", "b-2"),
        ("{{ lead.s.split('@')[1].upper() }}", "B.CO"),
        ("{{ lead.s.replace('a@', '') }}", "b.co"),
        ("{{ 'in' if 'b.co' in lead.s else 'out' }}", "in"),
        ("{{ 'in' if 'c' in lead.l else 'out' }}", "in"),
        ("{{ 'in' if 'city' in lead else 'out' }}", "out"),
        ("{{ lead.s[:1] }}", "a"),
        ("{{ lead.l | unique | length }}", "3"),
    ],
)
def test_lists_and_texts_can_be_worked_on(expression: str, expected: str) -> None:
    """Jinja's safe filters and the methods of text are there."""
    payload = {"rows": [{"n": 1, "v": "x"}, {"n": 2, "v": "y"}]}
    assert value(expression, {"l": ["b", "a", "c"], "s": "a@b.co"}, payload) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "{{ lead.name / 2 }}",
        "{{ lead.name > 2 }}",
        "{{ 1 / 0 }}",
        "{{ lead.name | date(zone=lead.name) }}",
        "{{ lead.name | date(format=lead.name ~ '%') }}",
        "{{ lead.name | date(order=lead.name) }}",
        "{{ lead.name | lookup(lead.name) }}",
        "{{ lead.name | lookup(lead.l) }}",
        "{{ lead.name | phone(lead.name) }}",
        "{{ lead.name | money(lead.name) }}",
        "{{ lead.name | clip(lead.name) }}",
        "{{ lead.name | clip(0 + 0) }}",
        "{{ lead.name | hash(65 + 0) }}",
        "{{ lead.name | match('(' ~ lead.name) }}",
        "{{ lead.name | match(lead.l) }}",
        "{{ lead.name | regex_search('S', 5) }}",
        "{{ lead.name | replace('', 'x' * 60000) }}",
        "{{ lead.name | truncate(lead.name) }}",
        "{{ lead.name | round }}",
        "{{ lead }}",
        "{{ payload.object }}",
        "{{ payload }}",
        "{{ lead.name | map(lead.name, 'x') }}",
        "{{ lead.name.split('') }}",
        "{{ {lead.name: 1}[lead.l] }}",
    ],
)
def test_whatever_fails_holds_the_lead_and_tells_no_data(expression: str) -> None:
    """An error in an expression is a hold with its place, and people's data is not in the message."""
    fields = {"name": "Secretname", "l": ["Secretname", "x"], "object": {"a": "Secretname"}}
    with pytest.raises(Hold) as caught:
        value(expression, fields)
    assert caught.value.reason == "expression_failed"
    assert caught.value.field == "attributes.x"
    assert caught.value.place is not None
    assert "Secretname" not in str(caught.value)


ODD = st.one_of(
    st.text(max_size=60),
    st.text("0123456789०१२/-.,:+ %₹apAPmMhkनव़ि्\u200d\ud800\x00🇮👍🏽\t\r\n'’", max_size=30),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=3),
)


def called(name: str, *args: Any) -> Any:
    """What a filter gives; `lookup` is also given the names that an expression sees, and there are none."""
    return toolbox.filters("IN")[name](*[None] * (name == "lookup"), *args)


@given(ODD)
def test_filters_take_any_value(odd: Any) -> None:
    """No text, number or list makes a filter fail; only `phone` holds a lead whose number is none."""
    for name in OURS:
        with suppress(Hold):
            result = called(name, odd, *ARGUMENTS.get(name, ()))
            assert not result or isinstance(result, str | bool | int | float)


@given(ODD, ODD)
def test_a_filter_that_is_given_nonsense_says_so(odd: Any, argument: Any) -> None:
    """An argument that a filter can't take is an error in our words, without the lead's data."""
    for name in OURS:
        try:
            called(name, odd, argument)
        except ExpressionError as error:
            assert len(str(argument)) < 8 or str(argument) not in str(error)
        except (AbsentValue, Hold):
            pass


@given(ODD.filter(lambda odd: isinstance(odd, str)), st.integers(1, 70), st.sampled_from(["", "…", " …"]))
def test_clip_leaves_no_more_than_it_says_and_what_was_there(text: str, length: int, end: str) -> None:
    """The result is the beginning of the text, never longer than asked, and never begins a mark's letter anew."""
    if length < len(end):
        return
    found = texts.clip(text, length, end)
    kept = found.removesuffix(end) if found != text else found
    assert len(found) <= length
    assert text.startswith(kept)


def test_results_are_bounded() -> None:
    """What a filter makes of a text is at most 64 kB."""
    for expression in ("urlencode", "replace('a', 'bb')", "regex_replace('a', 'bb')"):
        with pytest.raises(Hold, match="64 kB"):
            value(f"{{{{ (lead.x ~ '%' * 20000) | {expression} | length }}}}", {"x": "a" * 45_000})
