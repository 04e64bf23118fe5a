from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import Hold
from ingest.mapping import filters, names, phones, toolbox
from tests.mapping.helpers import value

OURS = "phone first_name last_name words title digits email number date lookup yes joined".split()


@pytest.mark.parametrize("module", [filters, names, phones])
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
        ("date", "23/11/2026", None),
        ("date | default('soon')", "some day", "soon"),
        ("lookup({'Pune': 'W', 'Delhi': 'N'})", " PUNE ", "W"),
        ("lookup({'Pune': 'W'}, 'else')", "Goa", "else"),
        ("lookup({5: 'five'})", "5", "five"),
        ("lookup({'Pune': 'W'})", "Goa", None),
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
    ("text", "expected"),
    [
        *((text, "true") for text in ("yes", "Y", "TRUE", "1", "on", "OK", "checked", "I agree", "agree", "haan")),
        *((text, "true") for text in ("हाँ", "हां", "जी", "Yes.", "Yes, please call", "✓ yes", True, 1, ["yes", "haan"])),
        *((text, "false") for text in ("no", "0", "off", "false", "nahi", "नहीं", "maybe", "yesterday", False)),
        *((text, "false") for text in (["no"], ["no", "yes"])),
    ],
)
def test_yes_knows_a_yes(text: Any, expected: str) -> None:
    """A yes in the words of forms and of people; everything else is no."""
    assert value("{{ lead.x | yes }}", {"x": text}) == expected


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
        "{{ lead.name | date(zone='Nowhere') }}",
        "{{ lead.name | lookup('x') }}",
        "{{ lead.name | phone('zz') }}",
        "{{ lead.name | title(5) }}",
        "{{ lead.name | round }}",
        "{{ lead }}",
        "{{ payload.object }}",
        "{{ payload }}",
        "{{ lead.name | map('attr', 'x') }}",
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


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([name for name in OURS if name not in {"phone", "lookup"}]), st.text(max_size=40))
def test_filters_take_any_text(name: str, text: str) -> None:
    """No text makes a filter fail."""
    value_ = toolbox.filters("IN")[name](text)
    assert value_ is None or isinstance(value_, str | bool | int | float) or not value_
