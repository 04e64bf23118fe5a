"""Mappings that are odd, and right: a false alarm is as bad as a fault that is not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.cli.mappings import catalog_of
from ingest.cli.posting import own_tests
from ingest.settings import Settings
from tests.mapping.lint.fragments import files_of, findings

FOLDER = Path(__file__).parent / "good"
LONG = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in FOLDER.rglob("*.yaml")}
VALUES = [
    "Bob's shop",
    "Don't stop, it's 'fine'",
    "https://acme.example/#top",
    "https://acme.example/a?b=c&d=e#f",
    "Acme & Sons",
    "50% off",
    "Form#5",
    "C#",
    "a:b",
    "10:30",
    "+91 98765 43210",
    "098765 43210",
    "2026-11-23",
    "no",
    "y",
    "'#5, the best'",
    '"Offer: today"',
    '"a: b # c"',
    "'It''s #1: ours'",
    "Offer # and a comment with blanks",
    "Website #comment of several words",
    "Website  #live",
    "Website # 5 of them",
    "Website\t# after a tab",
    '"a {% raw"'.replace("{% raw", "{ b }"),
    "Hello {{ lead.name }} from {{ lead.city }}",
    "Hello {name}",
    "a { b } [c]",
    "a, b, c",
    "(a) - b",
    "नमस्ते जी",
    "Crème brûlée — “quoted” inside",
    "🎉 Party 🎉",
    "&amp; is no anchor"[1:],
    "*"[1:] + "a*b*c",
    "a @ b",
    "yes, please!",
    "why? because",
    "a | b",
    "a > b",
    "~ about ten ~"[2:],
    "|\n    A text: with # and ' and {\n    - in lines",
    ">-\n    folded: and # all\n    the same",
    "|+ # a comment of the block\n    text\n",
    '"in\n    two lines"',
    "plain in\n    two lines",
    "'{{ lead.name }}\n\n    after a blank line'",
    "&anchor text\n  userName: *anchor",
    "!!str 5",
    "\"{{ lead.city | regex_search('[0-9]+') }}\"",
    "'{{ lead.city | regex_search(\"\\d+\") }}'",
    '"a\\tb \\u263a"',
    "\"{{ lead.city ~ ' #5: ' ~ lead.state }}\"",
    "\"{{ 'a }} b' if lead.city else '{{ c' }}\"",
    "\"{{ lead['utm source'] or lead.utmSource }}\"",
    "\"{{ lead.city in ['Pune', 'Delhi'] }}\"",
    "\"{{ lead.name.split(' ')[0] }}\"",
    '"{{ lead.city == lead.state and (lead.zip or lead.pincode) is present }}"',
    '"{{ lead.phone2 or lead.phone_2 or lead.emails or lead.firstname or lead.stage or lead.comment }}"',
    '"{{ (lead.message | default(0) | number | default(0)) - 1 }}"',
]
CONDITIONS = [
    "lead.form_id == '447333180259108'",
    "lead.city in ['Pune', 'Delhi']",
    "lead.city is present and not lead.state",
    "lead.message | number > 50000",
    "'\"Pune\" in lead.city'",
    "\"lead.city == 'Plot #1'\"",
    "\"{{ lead.city == 'Pune' }}\"",
    ">\n      lead.city == 'Pune'\n      or lead.state",
    "lead.city#no comment".replace("#no comment", ""),
    "lead.city # a comment",
    "lead.city #comment",
    "lead.message is matching('^#[0-9]+$')",
    "not lead.city",
    "lead.city != lead.state",
    "lead['What is it?'] | yes",
    "(lead.city or 'x') == 'x'",
    "meta.endpoint == 'site'",
    "payload.a.b[0].c == 'd'",
    "lead.name | length > 3",
    "(lead.city or 'x') == 'x' or lead.state == 'y'",
    "true",
]


def test_long_mappings_that_use_everything_have_no_findings(tmp_path: Path) -> None:
    """All that docs/mappings.md has, in all of YAML's styles; and their own tests pass."""
    assert [str(one) for one in findings(tmp_path, LONG)] == []
    for mapping in catalog_of(Settings(mappings=tmp_path)).mappings.values():
        assert [one for one in own_tests(mapping, "IN") if not one.passed] == []


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"], ids=["Windows", "Unix", "old Mac"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["bare", "byte order mark"])
def test_every_end_of_line_is_one(ends: str, mark: str, tmp_path: Path) -> None:
    """Files from Windows, with a byte order mark too, are as good as others; and faults are told in their line."""
    files = {name: mark + text.replace("\n", ends) for name, text in LONG.items()}
    assert [str(one) for one in findings(tmp_path, files)] == []
    files["zapier.yaml"] = files["zapier.yaml"].replace("| phone(", "| fone(")
    (found,) = findings(tmp_path, files)
    line = next(number for number, text in enumerate(LONG["zapier.yaml"].split("\n"), 1) if "| phone(" in text)
    assert (found.code, found.place.line, found.place.column) == ("unknown_filter", line, 17)


@pytest.mark.parametrize("value", VALUES)
def test_odd_texts_are_texts(value: str, tmp_path: Path) -> None:
    """Apostrophes, colons, hashes, braces and the like, where YAML takes them as they stand."""
    fragment = f"request:\n  source: {value}\n"
    if value.startswith("&"):
        fragment = fragment.replace(
            "request:\n", "request:\n  campaignName: c\n  destination: '{{ lead.phone | phone }}'\n"
        )
    assert [str(one) for one in findings(tmp_path, files_of(fragment))] == []


@pytest.mark.parametrize("value", [value for value in VALUES if "\n" not in value and not value.startswith("&")])
def test_odd_texts_are_texts_in_lists(value: str, tmp_path: Path) -> None:
    """The same, behind a dash."""
    fragment = f"request:\n  source: Website\n  tags:\n    - {value}\n    - vip\n"
    assert [str(one) for one in findings(tmp_path, files_of(fragment))] == []


@pytest.mark.parametrize("condition", CONDITIONS)
def test_odd_conditions_are_conditions(condition: str, tmp_path: Path) -> None:
    """Conditions with and without braces, quotes and comments."""
    fragment = f"channel: facebook\nroutes:\n  - name: first\n    when: {condition}\n"
    assert [str(one) for one in findings(tmp_path, files_of(fragment))] == []


def test_what_stands_in_a_map_may_be_merged_from_another(tmp_path: Path) -> None:
    """YAML's merge key `<<` works, and what stands in the place itself comes first."""
    text = (
        "channel: form\nrequest: &whole\n  campaignName: a\n  destination: '{{ lead.phone | phone }}'\n  userName: b\n"
        "  source: c\nroutes:\n  - name: one\n    when: lead.city\n    request: {campaignName: x, <<: *whole}\n"
        "  - name: all\n"
    )
    assert [str(one) for one in findings(tmp_path, {"site.yaml": text})] == []
    translation = catalog_of(Settings(mappings=tmp_path)).mappings["site"].translation
    assert translation is not None
    assert [route.request.texts["campaignName"].source for route in translation.routes] == ["x", "a"]


def test_a_consent_that_no_test_gives_is_a_notice(tmp_path: Path) -> None:
    """Tests get their bodies without consent; that of a field which is nearly another's is a slip all the same."""
    text = (
        "channel: facebook\npolicy: {consent: lead.whatsapp_optin | yes}\nlet: {city: '{{ lead.city }}'}\n"
        "routes: [{when: city == 'Pune'}, {name: everyone}]\n"
        "tests:\n  - lead: {phone: '9876543210', name: Asha, city: Pune}\n    expect: {userName: Asha}\n"
    )
    (found,) = findings(tmp_path, files_of(text))
    assert (found.code, found.severity) == ("unknown_field", "notice")
    (found,) = findings(tmp_path, files_of(text.replace("whatsapp_optin", "citty")))
    assert (found.code, found.severity) == ("unknown_field", "warning")
