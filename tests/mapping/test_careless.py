"""Nothing that an author writes, or a sender sends, stops the process: all is bounded, in time and in memory."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.channels import CHANNELS, KINDS
from ingest.channels.base import Inbound
from ingest.errors import Hold, Refusal
from ingest.mapping import loader
from ingest.mapping.render import Trace, translate
from ingest.models import Lead, Meta
from tests.inbox.helpers import FRESH
from tests.mapping.helpers import REQUEST, load_data, one, rendered, value

MEMORY = 1 << 30  # of the process that tries a table
EACH = 6.0  # seconds of processor time, on a busy machine

EXPRESSIONS = {
    "'x' * 10 ** 9": "over 64 kB",
    "10 ** 9 * 'x'": "over 64 kB",
    "[1] * 10 ** 9": "over 65,536 items",
    "[[[1] * 60000] * 60000] * 60000": "over 65,536 items",
    "(['x' * 60000] * 60000) | sort": "over 65,536 items",
    "(['x' * 60000] * 1000) | max": "over 65,536 items",
    "(('a,' * 30000).split(',') * 3) | unique | list": "over 65,536 items",
    "10 ** 10 ** 10 ** 10 ** 10": "too big",
    "2 ** -100000000000": "too big",
    "(10 ** 1200) * (10 ** 1200)": "too big",
    "'%1000000000d' % 1": "width",
    "'%.1000000000f' % 1": "width",
    "'%*d' % (1000000000, 1)": "width",
    "('%999d' * 600) | format(*([1] * 600))": "over 64 kB",
    "('%(a)999s' * 7000) % {'a': 'x'}": "over 64 kB",
    "('%(a)s' * 13000) % {'a': 'x' * 60000}": "over 64 kB",
    "('%(a)s' * 13000) | format(a='x' * 60000)": "over 64 kB",
    "'%r' % [['x' * 60000] * 1000]": "over 65,536 items",
    "lead.format | format": "width",
    "lead.big ~ lead.big": "over 64 kB",
    "[lead.big, lead.big] | join": "over 64 kB",
    "([1] * 60000) | sum": "",
    "([10 ** 1000] * 60000) | sum | string | length": "",
    "(['x' * 60000, 'y'] * 30) | map('upper') | list": "over 64 kB",
    "1.5 | round(10 ** 9)": "between -15 and 15",
    "'abc' | truncate(10 ** 12)": "",
    "('x' * 60000) | truncate(5, true, 'y' * 60000)": "",
    "('₹' * 20000) | urlencode": "over 64 kB",
    "('x' * 60000) | replace('', 'y' * 10000)": "over 64 kB",
    "('x' * 60000).replace('', 'y' * 10000)": "over 64 kB",
    "['a', 1, ['b']] | sort": "does not take",
    "[['a'], ['a']] | unique | list": "does not take",
    "('f' * 60000) | int(0, 16)": "",
    "('9' * 60000) | int": "",
    "('9' * 60000) | number": "",
    "'a' | regex_search('(')": "not understood",
    "'a' | regex_search('((a{100}){100}){100}')": "not understood",
    "('a' * 60000) | regex_search('(a*)*b')": "",
    "('a' * 60000) | regex_replace('', 'x' * 60000)": "over 64 kB",
    "'a' | regex_search('(a|b)' * 700)": "",
    "('x' * 60000) | regex_search('x' * 60000)": "4,000 characters",
    "('x' * 60000) | regex_replace('(a|x){500}(b|x){500}z')": "",
    "('<!--' * 15000) | striptags | length": "",
    "('1 ' * 30000) | phone": "no phone number",
    "('a@' * 30000) | email": "",
    "'2026-01-01' | date('%Y' * 30000)": "longer than",
    "lead.big | title | words | first_name": "",
    "'abc'[::0]": "",
    "'abc'[10 ** 30] | default('none')": "",
    "5 % 0": "divides by zero",
}
"""Expressions, each with a part of what holds the lead; nothing where it may come out."""

WRONG = {
    "(" * 5000 + "1" + ")" * 5000,
    "[" * 3000 + "1" + "]" * 3000,
    "-" * 20000 + "1",
    "+".join(["1"] * 15000),
    " or ".join(["lead.a"] * 5000),
    "lead.a" + "|upper" * 9000,
    "lead" + ".a" * 20000,
    "9" * 60000,
    "1e999",
    "'a'.center(10 ** 9)",
    "'{0.__class__}'.format(lead)",
    "range(10 ** 9) | list",
}
"""Expressions that are findings."""

_HEAD = 'channel: form\nrequest: {campaignName: c, destination: "+919876543210", userName: u, source: s'
_WHOLE = _HEAD + "}\n"
_LONG = "{{ " + " ~ ".join(["lead.a"] * 6000) + " }}"
_TWICE = "".join(
    f'  {name}{number}: "{{{{ [{name}{number - 1}, {name}{number - 1}] }}}}"\n'
    for name in "ab"
    for number in range(1, 31)
)
FILES = {
    "50 MB": ("a: " + "x" * 50_000_000, "file_too_big"),
    "aliases of aliases": (
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
        "file_too_big",
    ),
    "a long expression, again and again": (f'{_HEAD}, templateParams: [&x "{_LONG}"{", *x" * 15000}]}}', "bad_value"),
    "and as attributes": (
        f'{_HEAD}, tags: [&x "{_LONG}"], attributes: {{{", ".join(f"k{n}: *x" for n in range(900))}}}}}',
        "",
    ),
    "8,000 routes": (
        _WHOLE + "routes:\n" + "".join(f'- {{name: r{n}, when: "lead.x == {n}"}}\n' for n in range(8000)),
        "",
    ),
    "8,000 messages for a lead": (_WHOLE + "routes:\n" + "- {continue: true}\n" * 8000, "bad_value"),
    "8,000 policies": (
        _WHOLE
        + "policy: {duplicate: {within: 1h}, consent: lead.x}\nroutes:\n"
        + "".join(f"- {{policy: {{cap: {n + 1}/day}}}}\n" for n in range(8000)),
        "",
    ),
    "20,000 names": (_WHOLE + "let:\n" + "".join(f"  a{n}: x\n" for n in range(20000)), "bad_value"),
    "names of names of names": (
        f'{_HEAD}, tags: ["{{{{ a999 }}}}"]}}\nlet:\n  a0: x\n'
        + "".join(f'  a{n}: "{{{{ a{n - 1} }}}}"\n' for n in range(1, 1000)),
        "",
    ),
    "lists of lists of lists": (
        f'{_HEAD}, tags: ["{{{{ a900 }}}}"]}}\nlet:\n  a0: "{{{{ [1] }}}}"\n'
        + "".join(f'  a{n}: "{{{{ [a{n - 1}] }}}}"\n' for n in range(1, 901)),
        "",
    ),
    "lists that hold one list twice, compared": (
        f'{_HEAD}, tags: ["{{{{ a30 == b30 }}}}"]}}\nlet:\n  a0: "{{{{ [1] }}}}"\n  b0: "{{{{ [1] }}}}"\n{_TWICE}',
        "",
    ),
    "and written out": (
        f'{_HEAD}, tags: ["{{{{ a30 }}}}"]}}\nlet:\n  a0: "{{{{ lead.a }}}}"\n  b0: x\n{_TWICE}',
        "",
    ),
    "20,000 keys that are not known": (_WHOLE + "".join(f"key{n}: 1\n" for n in range(20000)), "unknown_key"),
    "20,000 times one key": (_WHOLE + "key: 1\n" * 20000, "yaml_duplicate_key"),
    "8,000 wrong names": (_WHOLE + "routes:\n" + "- {when: nam}\n" * 8000, "unknown_name"),
    "deep": ("[" * 100_000, "yaml_syntax"),
    "deep, by indentation": ("\n".join(" " * n + "a:" for n in range(1000)), "yaml_too_deep"),
}
"""Files, each with the code of a finding; nothing where it is a mapping."""


def _run(work: str, given: Any, told: Any) -> None:
    """In a process of its own with little memory: tell what comes of each, and how long it took."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name, one_of_them in given:
        start = time.process_time()
        try:
            said = globals()[work](one_of_them)
        except BaseException as error:  # noqa: BLE001 - that is what must not be
            said = f"escaped: {type(error).__name__}"
        told.put((name, said, time.process_time() - start))
    told.put(None)


def outcomes(work: str, given: list[tuple[str, Any]]) -> dict[str, str]:
    """What came of each, once all had come to an end in time."""
    told = FRESH.Queue()
    process = FRESH.Process(target=_run, args=(work, given, told))
    process.start()
    found: dict[str, str] = {}
    while (line := told.get(timeout=120)) is not None:
        name, said, spent = line
        found[name] = said
        assert spent < EACH, f"{name[:80]} took {spent:.1f} s"
        assert not said.startswith("escaped"), f"{name[:80]}: {said}"
    process.join()
    return found


def _expression(text: str) -> str:
    try:
        return (
            f"gave {len(str(value('{{ ' + text + ' }}', {'format': '%1000000000d', 'big': 'x' * 60000})))} characters"
        )
    except Hold as hold:
        return f"{hold.message}"
    except AssertionError as error:
        return f"finding: {str(error)[:300]}"


def _file(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "site.yaml").write_text(text)
        mapping = loader.load(Path(folder), KINDS).mappings["site"]
        if mapping.translation is None:
            return f"finding: {mapping.findings[0].code}"
        rendered(mapping, {"a": "A" * 60000}, trace=Trace())
        (found,) = rendered(mapping, {"a": "A" * 60000})
        return f"gave {found.problem or found.request}"[:1000]


def test_no_expression_takes_more_than_its_share() -> None:
    """It gives something of at most 64 kB, or holds the lead and says why; within a gigabyte and a moment."""
    found = outcomes("_expression", [(text, text) for text in EXPRESSIONS])
    for text, part in EXPRESSIONS.items():
        assert part in found[text] if part else found[text], f"{text}: {found[text]}"
        assert part or not found[text].startswith("finding"), f"{text}: {found[text]}"


def test_what_no_expression_can_be_is_a_finding() -> None:
    """However long or deep it is."""
    found = outcomes("_expression", [(text, text) for text in WRONG])
    assert {text[:40]: said for text, said in found.items() if not said.startswith("finding")} == {}


def test_no_file_takes_more_than_its_share() -> None:
    """It is a mapping that translates a lead, or has findings, in seconds; nothing is raised."""
    found = outcomes("_file", [(name, text) for name, (text, _) in FILES.items()])
    for name, (_, code) in FILES.items():
        assert found[name].startswith(f"finding: {code}" if code else "gave"), f"{name}: {found[name]}"


def test_a_chain_of_names_works_for_more_than_a_person_writes() -> None:
    """A hundred, each built on the one before."""
    lets = {"a0": "{{ lead.x }}"} | {f"a{n}": f"{{{{ a{n - 1} }}}}" for n in range(1, 100)}
    assert value("{{ a99 }}", {"x": "X"}, **lets) == "X"


@pytest.mark.parametrize(
    "expression",
    [
        "{{ payload[lead.secret].price }}",
        "{{ payload[lead.secret][0] }}",
        "{{ payload.items[lead.secret] }}",
        "{{ lead[lead.secret] }}",
        "{{ {'a': 1}[lead.secret] }}",
        "{{ lead.secret | date('%Y', lead.secret) }}",
        "{{ lead.secret | phone(lead.secret) }}",
        "{{ lead.secret | regex_search('(' ~ lead.secret) }}",
        "{{ lead.secret | round }}",
        "{{ lead.secret * 2.5 }}",
        "{{ lead.secret | int / 0 }}",
        "{{ lead.secret % 'x' }}",
        "{{ [lead.secret] | map(lead.secret) | list }}",
        "{{ [lead.secret] | select(lead.secret) | list }}",
        "{{ [lead.secret] | map(attribute=lead.secret) | list }}",
        "{{ lead.secret ~ lead.absent }}",
    ],
)
def test_no_error_tells_what_a_lead_says(expression: str) -> None:
    """The place and what is wrong, and never a person's data."""
    fields = {"secret": "Asha Rao", "items": {"x": "y"}}
    found = one({"request": {**REQUEST, "userName": expression}}, fields, {**fields, "Asha Rao": {"a": 1}})
    assert found.problem is not None, found.request
    assert found.problem.place is not None
    assert "site.yaml:" in str(found.problem)
    assert "Asha" not in str(found.problem)
    assert "Rao" not in str(found.problem)


_TEXT = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Mn", "Nd", "So"]), max_size=10),
    st.sampled_from(["{{ 7*7 }}", "{% for x in lead %}", "${x}", "%s%n", "\ud83d", "\0", "x" * 70_000, "' or 1=1 --"]),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=15,
)
_NAMES = st.sampled_from(["name", "phone", "city", "Phone Number", "fields[a][value]", "__class__", "", "a.b"]) | _TEXT
_ALL = load_data(
    {
        "let": {"name": "{{ lead.name or [lead.a, lead.b] | words }}", "list": "{{ lead.city }}"},
        "request": {
            "campaignName": "{{ lead.campaign | default('welcome') }}",
            "destination": "{{ lead.phone | default('9876543210') | phone }}",
            "userName": "{{ name | default('friend') | title }}",
            "tags": ["{{ list }}", "{{ payload.name }}", "{{ lead.city | first }}", "{{ payload | length }}"],
            "attributes": {
                "a": "{{ lead.city | number }}",
                "b": "{{ lead.city | date }}",
                "c": "{{ lead.city ~ ' ' ~ lead.name }}",
                "d": "{{ payload.city[0] }}",
            },
        },
        "routes": [
            {"when": "lead.city == 'Pune' or lead.city is matching('^x')", "continue": True},
            {"policy": {"consent": "lead.optin | default('yes') | yes", "duplicate": {"within": "1h"}}},
        ],
    }
)
_INBOUND = partial(Inbound, "POST", {}, {})


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _JSON, max_size=6), st.sampled_from(["form", "zapier"]))
def test_no_payload_makes_more_than_a_request_a_hold_or_a_refusal(payload: dict[str, Any], kind: str) -> None:
    """From the bytes to the body: wrong types, control characters, lone surrogates, templates, anything."""
    channel = CHANNELS[kind]
    try:
        notices = channel.parse(_INBOUND(json.dumps(payload).encode(), "application/json")).notices
        leads = [channel.lead(notice.payload, None) for notice in notices]
    except Refusal as refusal:
        assert refusal.status in {400, 413, 415}
        return
    assert _ALL.translation is not None
    for lead in leads:
        for found in translate(_ALL.translation, lead, Meta(kind, "site")):
            if found.problem is not None:
                assert "49" not in str(found.problem.message)
                continue
            text = json.dumps(found.request, ensure_ascii=False)
            text.encode()
            assert "\\u0000" not in text
            assert all(len(part) <= 65_536 for part in (found.request or {})["attributes"].values())


def test_a_payload_is_never_a_template() -> None:
    """What a sender writes between braces stays what it is."""
    fields = {"name": "{{ 7*7 }} {% raw %}", "city": "{{ lead.name }}"}
    found = one({"request": {**REQUEST, "userName": "{{ lead.name }}", "tags": ["{{ lead.city }}"]}}, fields)
    assert found.request is not None
    assert (found.request["userName"], found.request["tags"]) == ("{{ 7*7 }} {% raw %}", ["{{ lead.name }}"])


def test_ten_thousand_fields_of_a_lead_are_looked_through_in_a_moment() -> None:
    """As they may come from a vendor; senders are held to a thousand."""
    fields: Any = {f"field_{number}": "x" * 100 for number in range(10_000)}
    assert _ALL.translation is not None
    start = time.process_time()
    found = translate(_ALL.translation, Lead(fields, fields), Meta("form", "site"))
    assert time.process_time() - start < 1
    assert len(found) == 1
