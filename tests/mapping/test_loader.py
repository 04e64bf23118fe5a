from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.channels import KINDS
from ingest.errors import MappingError
from ingest.mapping import loader
from ingest.mapping.document.reading import parse
from ingest.mapping.render import event_id
from ingest.models import Lead, Meta
from ingest.values import flatten
from tests.mapping.helpers import load_text, rendered

GOOD = """channel: zapier
auth: {token: A_TOKEN}
request:
  campaignName: c
  destination: "{{ lead.phone | phone }}"
  userName: u
"""


def _findings(text: str, **others: str) -> list[tuple[str, int, int]]:
    mapping = load_text(text, **others)
    found = [*mapping.findings, *mapping.warnings]
    return [(finding.code, finding.place.line, finding.place.column) for finding in found]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("channel: zapier", "chanel: zapier"), [("unknown_key", 1, 1)]),
        (("channel: zapier", "channel: zapir"), [("bad_value", 1, 10)]),
        (("A_TOKEN", "s3cret-value!"), [("secret_in_file", 2, 15)]),
        (("token: A_TOKEN", "tokn: A_TOKEN"), [("unknown_key", 2, 8)]),
        (("token: A_TOKEN", "app_secret: A"), [("unknown_key", 2, 8)]),
        (("userName: u", "username: u"), [("unknown_key", 6, 3)]),
        (("userName: u", "userName: 5"), [("wrong_type", 6, 13)]),
        (("userName: u", "userName: [u]"), [("wrong_type", 6, 13)]),
        (("userName: u", 'userName: ""'), [("bad_value", 6, 13)]),
        (("  userName: u\n", ""), [("missing_key", 3, 1)]),
        (("userName: u", "userName: u\n  tags: a"), [("wrong_type", 7, 9)]),
        (("userName: u", "userName: u\n  tags: [a, 5]"), [("wrong_type", 7, 13)]),
        (("userName: u", "userName: u\n  templateParams: [null]"), [("wrong_type", 7, 20)]),
        (("userName: u", "userName: u\n  media: {url: x}"), [("missing_key", 7, 3)]),
        (("userName: u", "userName: u\n  attributes: {a: 1}"), [("wrong_type", 7, 19)]),
        (("lead.phone | phone", "lead.phone | fone"), [("unknown_filter", 5, 17)]),
        (("lead.phone | phone", "led.phone | phone"), [("unknown_name", 5, 17)]),
        (("userName: u", 'userName: "{{ a }} {{ b }}"'), [("unknown_name", 6, 14), ("unknown_name", 6, 22)]),
        (("userName: u", "userName: u\n  userName: v"), [("yaml_duplicate_key", 7, 3)]),
        (("userName: u", "userName: {{ lead.name }}"), [("yaml_unquoted", 6, 13)]),
        (("userName: u", "userName: [u"), [("yaml_unclosed", 6, 13)]),
        (("userName: u", "userName: !secret u"), [("yaml_tag", 6, 13)]),
        (("userName: u", "userName: u\nroutes: []"), [("bad_value", 7, 9)]),
        (("userName: u", "userName: u\nroutes: [{when: lead.x}, {nme: b}]"), [("unknown_key", 7, 27)]),
        (("userName: u", "userName: u\nroutes: [{when: 'lead.x =='}]"), [("jinja_syntax", 7, 18)]),
        (("userName: u", "userName: u\nroutes: [{name: a}, {name: a}]"), [("bad_value", 7, 28)]),
        (("userName: u", "userName: u\nlet: {lead: x}"), [("bad_value", 7, 7)]),
        (("userName: u", "userName: u\nlet: {a: '{{ b }}', b: x}"), [("unknown_name", 7, 11)]),
        (("userName: u", "userName: u\npolicy: {max_age: 24}"), [("wrong_type", 7, 19)]),
        (("userName: u", "userName: u\npolicy: {max_age: soon}"), [("bad_value", 7, 19)]),
        (("userName: u", "userName: u\npolicy: {cap: 3/fortnight}"), [("bad_value", 7, 15)]),
        (("userName: u", "userName: u\npolicy: {on_timeout: cry}"), [("bad_value", 7, 22)]),
        (("userName: u", "userName: u\npolicy: {quiet_hours: {from: 21:00}}"), [("missing_key", 7, 10)] * 2),
        (("userName: u", "userName: u\npolicy: {consent: 'lead.x | yess'}"), [("unknown_filter", 7, 20)]),
        (("userName: u", "userName: u\ntests: [{lead: {}, expect_hold: no_such}]"), [("bad_value", 7, 33)]),
        (("userName: u", "userName: u\ntests: [{lead: {}}]"), [("missing_key", 7, 9)]),
        (("userName: u", "userName: u\ntests: [{lead: {}, expect: {tag: []}}]"), [("unknown_key", 7, 29)]),
        (("userName: u", "userName: u\nmatch: {forms: ['1']}"), [("bad_value", 7, 8)]),
        (("userName: u", "userName: u\nduplicate_events: 10"), [("wrong_type", 7, 19)]),
        (("userName: u", "userName: u\nevent_id: '{{ payload.id | x }}'"), [("unknown_filter", 7, 12)]),
    ],
)
def test_every_fault_is_told_at_its_place(change: tuple[str, str], expected: list[tuple[str, int, int]]) -> None:
    """Findings have a stable code, and the line and column of what is wrong."""
    assert change[0] in GOOD
    assert sorted(_findings(GOOD.replace(*change)), key=lambda each: each[1:]) == sorted(
        expected, key=lambda each: each[1:]
    )


def test_all_faults_are_told_at_once() -> None:
    """A person mends a file in one go."""
    text = GOOD.replace("userName: u", "userName: '{{ nam }}'\n  sorce: x").replace("A_TOKEN", "not a name")
    assert sorted(code for code, _, _ in _findings(text)) == ["bad_value", "unknown_key", "unknown_name"]
    text = GOOD.replace("userName: u", "userName: '{{ nam }}'\n  source: '{{ lead.x | uper }}'")
    assert sorted(code for code, _, _ in _findings(text)) == ["unknown_filter", "unknown_name"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (GOOD.replace("userName: u", "usrName: u"), "did you mean `userName`?"),
        (GOOD.replace("| phone", "| fone"), "did you mean `phone`?"),
        (GOOD.replace("channel: zapier", "channel: zapir"), "did you mean `zapier`?"),
        (GOOD.replace("request:", "requst:"), "did you mean `request`?"),
        (GOOD.replace("userName: u", "userName: '{{ city }}'"), "for a field: lead.city"),
        (GOOD.replace("userName: u", "userName: 5"), 'put it in quotes: "5"'),
        (GOOD.replace("userName: u", "userName: {{ lead.x }}"), 'put it in quotes: "{{ … }}"'),
        (GOOD.replace("userName: u", "userName: u\npolicy: {max_ag: 1h}"), "did you mean `max_age`?"),
        (GOOD.replace("userName: u", "userName: u\nroutes: [{whn: x}]"), "did you mean `when`?"),
    ],
)
def test_a_finding_says_what_to_do(text: str, hint: str) -> None:
    """A near miss is named."""
    assert hint in [finding.hint for finding in load_text(text).findings]


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    """Who writes the secret where its variable's name belongs does not find it in a log."""
    findings = load_text(GOOD.replace("A_TOKEN", "EAAG-s3cret")).findings
    assert findings
    assert "EAAG-s3cret" not in str(findings)


@pytest.mark.parametrize(
    ("break_", "intake", "translation"),
    [
        (("userName: u", "userName: '{{ nam }}'"), True, False),
        (("userName: u", "usrName: u"), True, False),
        (("A_TOKEN", "no name"), False, True),
        (("channel: zapier", "channel: pigeon"), False, True),
        (("userName: u", "userName: u\nwhatever: 1"), True, False),
        (("userName: u", "userName: u\nform: {rate: often}"), False, True),
        (("userName: u", "userName: [u"), False, False),
    ],
)
def test_a_fault_in_one_part_leaves_the_other(break_: tuple[str, str], intake: bool, translation: bool) -> None:
    """Intake and translation are validated apart."""
    mapping = load_text(GOOD.replace(*break_))
    assert (mapping.intake is not None, mapping.translation is not None) == (intake, translation)
    assert bool(mapping.translation_findings) is not translation
    assert bool(mapping.intake_findings) is not intake


@pytest.mark.parametrize(
    "section",
    [
        "let: 5",
        "let: [a]",
        "policy: {duplicate: {within: soon}}",
        "policy: {quiet_hours: {from: 25:00, to: 9:00, zone: x}}",
    ],
)
def test_a_section_that_is_half_wrong_is_a_finding(section: str) -> None:
    """What is left of it when the wrong part is set aside need not be whole."""
    mapping = load_text(f"{GOOD}{section}\n")
    assert {finding.code for finding in mapping.findings} <= {"wrong_type", "bad_value"}
    assert mapping.findings


def test_a_zapier_mapping_without_auth_is_a_finding_that_breaks_nothing() -> None:
    """It is told, and answers 401 to all."""
    mapping = load_text(GOOD.replace("auth: {token: A_TOKEN}\n", ""))
    assert [finding.code for finding in mapping.findings] == ["missing_key"]
    assert mapping.intake is not None
    assert mapping.intake.auth == {}
    assert mapping.translation is not None


@pytest.mark.parametrize(
    ("auth", "expected", "by_page"),
    [
        (
            "{}",
            {
                "app_secret": ("FACEBOOK_APP_SECRET",),
                "verify_token": ("FACEBOOK_VERIFY_TOKEN",),
                "access_token": ("FACEBOOK_ACCESS_TOKEN",),
            },
            {},
        ),
        (
            "{app_secret: [NEW, OLD], access_token: {'12': PAGE_12}}",
            {
                "app_secret": ("NEW", "OLD"),
                "verify_token": ("FACEBOOK_VERIFY_TOKEN",),
                "access_token": ("FACEBOOK_ACCESS_TOKEN",),
            },
            {"12": "PAGE_12"},
        ),
    ],
)
def test_facebooks_secrets_have_defaults(auth: str, expected: dict[str, Any], by_page: dict[str, str]) -> None:
    """Each key of facebook's `auth` defaults to its FACEBOOK_ variable; tokens may be told by page."""
    text = GOOD.replace("zapier", "facebook").replace("{token: A_TOKEN}", auth)
    mapping = load_text(text + "match: {forms: ['1'], pages: ['2']}\n")
    assert not mapping.findings
    assert mapping.intake is not None
    assert (mapping.intake.auth, mapping.intake.access_tokens) == (expected, by_page)
    assert (set(mapping.intake.forms), set(mapping.intake.pages)) == ({"1"}, {"2"})


def test_a_forms_block_is_read_and_can_be_kept() -> None:
    """All of a form's block is there, and comes back from the document that the store keeps."""
    mapping = load_text(
        """channel: form
duplicate_events: 30s
event_id: "{{ payload.id }}"
form:
  origins: [https://ACME.example/]
  thanks: https://acme.example/thank-you
  rate: 10/minute
  min_seconds: 2.5
  captcha: {vendor: turnstile, secret: TURNSTILE_SECRET, when_down: accept}
  fields:
    full_name: {label: Your name, required: true, max: 80}
    city: {type: choice, choices: [Pune, Delhi]}
request: {campaignName: c, destination: d, userName: u}
"""
    )
    assert not mapping.findings
    intake, document = mapping.intake, mapping.intake_document
    assert intake is not None
    assert intake.form is not None
    assert document is not None
    assert intake.duplicate_events == timedelta(seconds=30)
    assert intake.form.origins == ("https://acme.example",)
    assert intake.form.min_seconds == 2.5
    assert intake.form.fields["city"] == {"type": "choice", "choices": ["Pune", "Delhi"]}
    again = loader.intake_from(document, "kept.yaml", KINDS)
    assert (again.form, again.duplicate_events, again.channel) == (intake.form, intake.duplicate_events, "form")
    lead = Lead(flatten({"id": 7}), {"id": 7})
    assert event_id(again, lead, Meta("form", "x")) == "7"
    assert event_id(again, Lead({}, {}), Meta("form", "x")) is None
    with pytest.raises(MappingError):
        loader.intake_from({"channel": "pigeon"}, "kept.yaml", KINDS)


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    """A file's path is its endpoint; `_` and hidden names are none; one broken file touches no other."""
    for name, text in {
        "a.yaml": GOOD,
        "acme/b.yaml": GOOD,
        "acme/_base.yaml": "broken: [",
        "_drafts/c.yaml": "broken: [",
        ".hidden/d.yaml": "broken: [",
        "broken.yaml": "x: [",
        "empty.yaml": "",
        "latin.yaml": "x",
        "other.yml": GOOD,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if name != "latin.yaml" else b"channel: \xff\xfe")
    (tmp_path / "_accounts.yaml").write_text(
        "accounts: {default: {pace: 120/minute, campaigns: {c: {params: 1, media: image}, d: null}, tags: [x]}}"
    )
    catalog = loader.load(tmp_path, KINDS)
    assert set(catalog.mappings) == {"a", "acme/b", "broken", "empty", "latin"}
    assert catalog.mappings["a"].translation is not None
    assert catalog.mappings["broken"].intake is None
    account = catalog.accounts["default"]
    assert (account.pace, account.tags, account.attributes) == (2.0, ("x",), None)
    assert account.campaigns is not None
    assert account.campaigns["c"].media == "image"
    told = {(Path(finding.place.file).name, finding.code) for finding in catalog.findings}
    assert {("broken.yaml", "yaml_syntax"), ("latin.yaml", "yaml_syntax"), ("other.yml", "file_name")} <= told
    assert not any(file in {"a.yaml", "b.yaml", "c.yaml", "d.yaml"} for file, _ in told)


def test_a_missing_folder_is_a_finding(tmp_path: Path) -> None:
    """Nothing is raised for a folder that is not there."""
    assert [finding.code for finding in loader.load(tmp_path / "gone", KINDS).findings] == ["file_unreadable"]


@pytest.mark.parametrize(("country", "expected"), [("US", "+14155552671"), ("IN", None)])
def test_phones_are_of_the_country_that_is_set(tmp_path: Path, country: str, expected: str | None) -> None:
    """Local numbers are read in INGEST_DEFAULT_COUNTRY."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    mapping = loader.load(tmp_path, KINDS, country).mappings["a"]
    (found,) = rendered(mapping, {"phone": "(415) 555-2671"})
    assert (found.request or {}).get("destination") == expected


@pytest.mark.parametrize("text", ["[" * 2000, "a: " * 500, "{a: " * 2000, "- " * 3000, "&a [*a]", "a: &x [*x, *x]"])
def test_deep_and_circular_files_are_findings(text: str) -> None:
    """Nothing that a file holds makes loading fail."""
    assert load_text(text).findings


def test_a_bomb_of_aliases_is_a_finding() -> None:
    """Aliases that would write out to more than anyone's memory are refused."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert [finding.code for finding in load_text("\n".join(lines)).findings] == ["file_too_big"]


@given(
    st.text(max_size=80), st.sampled_from(["", "channel: form\nrequest:\n  userName: ", "let: {a: '", "routes:\n- "])
)
def test_no_text_makes_loading_fail(text: str, before: str) -> None:
    """Whatever a file holds, it is loaded or has findings."""
    mapping = load_text(before + text.replace("\r", "").encode("utf-8", "ignore").decode())
    assert mapping.translation is not None or mapping.findings


@pytest.mark.parametrize(
    ("yaml", "line", "column"),
    [
        ('userName: "{{ lead.a | nope }}"', 6, 14),
        ("userName: '{{ lead.a | nope }}'", 6, 14),
        ("userName: Hello {{ lead.a | nope }}", 6, 19),
        ("userName: >-\n    Hello\n    {{ lead.a | nope }}", 8, 5),
        ("userName: |\n    Hello {{ lead.a }}\n    {{ lead.a | nope }}", 8, 5),
        ('"userName": "{{ \'{{\' }} {{ lead.a | nope }}"', 6, 27),
        ("userName: 'it''s {{ lead.a | nope }}'", 6, 20),
        ("userName: ü {{ lead.a | nope }}", 6, 15),
    ],
)
def test_the_column_is_that_of_the_expressions_start(yaml: str, line: int, column: int) -> None:
    """However a text is written in YAML, the place is that of its `{{`."""
    ((code, *place),) = _findings(GOOD.replace("userName: u", yaml))
    assert (code, place) == ("unknown_filter", [line, column])


@pytest.mark.parametrize(
    ("when", "column"), [("lead.x | nope", 11), ("'lead.x | nope'", 12), ('"{{ lead.x | nope }}"', 12)]
)
def test_the_column_of_a_bare_expression_is_its_first_character(when: str, column: int) -> None:
    """`when` and `consent` begin inside their quotes."""
    ((_, line, found),) = _findings(f"{GOOD}routes:\n  - when: {when}\n")
    assert (line, found) == (8, column)


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("21:00", "21:00"),
        ("098765", "098765"),
        ("+919876543210", "+919876543210"),
        ("2026-11-23", "2026-11-23"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("=", "="),
        ("42", 42),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_scalars_are_those_of_yaml_1_2(scalar: str, expected: Any) -> None:
    """Only true, false, null and plain numbers are more than text."""
    node = parse(f"a: {scalar}", "x").node
    assert node is not None
    assert node.get("a") == expected
