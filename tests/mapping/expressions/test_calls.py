from __future__ import annotations

import pytest

from ingest.mapping.filters.toolbox import TESTS, filters
from tests.mapping.helpers import load_text

MAPPING = """channel: form
request:
  campaignName: c
  destination: "+919876543210"
  userName: "{{ %s }}"
"""


def told(expression: str) -> list[tuple[str, int, str, str]]:
    """What is found in an expression: code, column, sentence and hint."""
    return [
        (each.code, each.place.column, each.message, each.hint) for each in load_text(MAPPING % expression).findings
    ]


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("lead.x | phone('IN', 2, 3)", "`phone` takes country.", ""),
        ("lead.x | date(fmt='%d')", "`date` takes format, zone and order.", "did you mean `format`?"),
        ("lead.x | words(5)", "`words` takes no arguments.", ""),
        ("lead.x | title('a')", "`title` takes no arguments.", ""),
        ("lead.x | money", "`money` takes currency.", "it needs currency"),
        ("lead.x | match", "`match` takes pattern.", "it needs pattern"),
        ("lead.x | replace('a')", "`replace` takes old, new and count.", "it needs old and new"),
        ("lead.x | truncate(5, lenght=3)", "`truncate` takes length, killwords, end and leeway.", ""),
        ("lead.x | upper(1)", "`upper` takes no arguments.", ""),
        ("lead.x | regex_search", "`regex_search` takes pattern and group.", "it needs pattern"),
        ("lead.x | date(zone='UTC', zone='UTC')", "`date` is given the same argument twice.", ""),
        ("lead.x is matching", "`matching` takes pattern.", "it needs pattern"),
        ("lead.x is present(5)", "`present` takes no arguments.", ""),
        ("'y' if lead.x is eq else 'n'", "`eq` takes b.", "it needs b"),
        ("lead.x | map('phone', 1, 2, 3) | list", "`phone` takes country.", ""),
        ("lead.x | select('matching') | list", "`matching` takes pattern.", "it needs pattern"),
    ],
)
def test_arguments_that_do_not_fit_are_told_before_a_lead_comes(expression: str, message: str, hint: str) -> None:
    """How many there are, and under which names, is compared with what the filter or test takes."""
    ((code, column, said, mend),) = told(expression)
    assert (code, column, said) == ("bad_arguments", 14, message)
    assert not hint or mend == hint


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("lead.x | date(zone='Asia/Kolkatta')", "zone"),
        ("lead.x | date('%Q')", "format"),
        ("lead.x | date('%100000d')", "format"),
        ("lead.x | date(order='myd')", "order"),
        ("lead.x | money('RUPEES')", "INR"),
        ("lead.x | phone('India')", "country"),
        ("lead.x | match('(')", "missing )"),
        ("lead.x | regex_search('a(?=b)')", "regular expression"),
        ("lead.x | regex_replace('[', '')", "regular expression"),
        ("lead.x | clip(0)", "clip"),
        ("lead.x | clip(-3)", "clip"),
        ("lead.x | clip('5')", "clip"),
        ("lead.x | hash(65)", "hash"),
        ("'y' if lead.x is matching('(') else 'n'", "regular expression"),
        ("lead.x | map('date', '%Q') | list", "format"),
        ("lead.x | select('matching', '(') | list", "regular expression"),
    ],
)
def test_arguments_that_are_written_out_are_tried_before_a_lead_comes(expression: str, word: str) -> None:
    """Patterns, zones, formats, currencies, countries and lengths are found wrong when the mapping is read."""
    ((code, _, message, _),) = told(expression)
    assert code == "bad_arguments"
    assert word in message


@pytest.mark.parametrize(
    ("expression", "code", "hint"),
    [
        ("lead.x | map('uper') | list", "unknown_filter", "did you mean `upper`?"),
        ("lead.x | select('matchin', 'a') | list", "unknown_test", "did you mean `matching`?"),
        ("payload.x | selectattr('a', 'eqq', 'b') | list", "unknown_test", "did you mean `eq`?"),
    ],
)
def test_filters_and_tests_named_in_texts_are_known(expression: str, code: str, hint: str) -> None:
    """What `map` and `select` are given by name is looked at as well."""
    assert [(found[0], found[3]) for found in told(expression)] == [(code, hint)]


@pytest.mark.parametrize(
    "expression",
    [
        "lead.x | date(lead.form, zone=lead.zone)",
        "lead.x | phone(lead.country)",
        "lead.x | match(lead.pattern)",
        "lead.x | default('a', true)",
        "lead.x | truncate(5, true, end='…', leeway=0)",
        "'%s %s' | format(lead.a, lead.b)",
        "payload.x | map(attribute='n') | list",
        "payload.x | map(attribute='n', default='a') | list",
        "payload.x | selectattr('n') | rejectattr('m', 'in', ['a']) | list",
        "lead.x | sort(reverse=true) | unique | first",
        "lead.x | round(1, 'floor')",
        "lead.x | int(0, 16)",
        "'y' if lead.x is divisibleby 3 else 'n'",
        "'y' if lead.x is in ['a'] and lead.x is not none else 'n'",
    ],
)
def test_good_calls_have_no_findings(expression: str) -> None:
    """Nothing that works is found wrong."""
    assert told(expression) == []


def test_every_filter_and_test_can_be_asked_for_what_it_takes() -> None:
    """A call with far too much is told for all of them, but those that take any number."""
    many = ", ".join(["1"] * 9)
    any_number = {"format", "map", "select", "reject", "selectattr", "rejectattr"}
    for name in sorted(set(filters("IN")) - any_number):
        assert [found[0] for found in told(f"lead.x | {name}({many})")] == ["bad_arguments"], name
    for name in sorted(name for name in TESTS if name.isidentifier() and name != "in"):
        assert [found[0] for found in told(f"1 if lead.x is {name}({many}) else 2")] == ["bad_arguments"], name
