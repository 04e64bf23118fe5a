from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ingest.channels import KINDS
from ingest.errors import Finding
from ingest.mapping.accounts import read_accounts
from ingest.mapping.document.reading import parse
from ingest.mapping.schema.jsonschema import accounts_schema, base_schema, mapping_schema
from tests.mapping.helpers import load_text

ROOT = Path(__file__).parents[3]
SCHEMAS = {"mapping": mapping_schema(KINDS), "base": base_schema(KINDS), "accounts": accounts_schema()}
MAPPING = Draft7Validator(SCHEMAS["mapping"])
SHIPPED = {path.name: path.read_text() for path in sorted((ROOT / "mappings").glob("*.yaml"))}
SHOWN = {
    f"{page.name}-{number}": text
    for page in (ROOT / "README.md", ROOT / "docs" / "reference.md")
    for number, text in enumerate(
        re.findall(r"^```yaml\n(channel:.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    )
}
(SHEET,) = re.findall(r"^```csv\n(.*?)^```$", (ROOT / "docs" / "reference.md").read_text(), re.DOTALL | re.MULTILINE)
STRUCTURE = {"unknown_key", "missing_key", "wrong_type", "bad_value"}
RICH = {
    "facebook": """
channel: facebook
auth: {app_secret: [NEW, OLD], verify_token: V, access_token: {'12': PAGE_12}}
match: {forms: ['1'], pages: ['2']}
account: acme
duplicate_events: 30s
let: {name: '{{ lead.full_name }}'}
tables: {regions: {Pune: West}, rows: {a: {b: c, d: null}}, products: products.csv}
request:
  campaignName: c
  destination: '{{ lead.phone | phone }}'
  source: s
  media: {url: 'https://acme.example/a.png', filename: a.png}
  templateParams: ['{{ name }}']
  tags: [a]
  attributes: {city: '{{ lead.city }}'}
routes:
- {name: a, when: lead.a, request: {userName: u, tags: [b], media: null}, continue: true}
- {name: b, request: {userName: v, attributes: {city: null}}}
policy:
  consent: lead.ok
  duplicate: {by: '{{ request.destination }}', within: 24h}
  max_age: 24h
  quiet_hours: {from: '21:00', to: '9:00', zone: Asia/Kolkata}
  cap: 3/week
  on_timeout: retry
tests:
- {name: x, lead: {phone: 9}, now: '2026-11-23T10:00:00+05:30', expect: {tags: [a], source: null}, expect_route: a}
- {payload: [1], headers: {A: b}, expect_exactly: [{userName: u}], expect_hold: no_route, expect_skip: no_consent}
""",
    "form": """
channel: form
event_id: '{{ payload.id }}'
form:
  origins: ['https://acme.example/']
  thanks: /thank-you
  rate: 10/minute
  phone_rate: 3/hour
  min_seconds: 2.5
  captcha: {vendor: turnstile, secret: S, site_key: k, when_down: hold, min_score: 0.7}
  language: hi-IN
  texts:
    {title: t, intro: i, button: b, consent: c, privacy: p, privacy_url: /p, thanks_title: t, thanks: t, error_title: e}
  theme: {accent: '#0b6b4f', scheme: dark, logo: 'https://acme.example/logo.svg'}
  pages: {form: _form.html, thanks: _thanks.html, error: _error.html}
  fields:
    name: {label: l, type: text, required: true, min: 1, max: 80, placeholder: p, help: h}
    city: {type: choice, choices: [Pune], multiple: true, value: Pune, wrong: Choose a city.}
    phone: {type: phone, country: IN, link: /privacy}
request: {campaignName: c, destination: d, userName: u}
routes: [{name: a}]
""",
    "zapier": """
channel: zapier
auth: {token: [A, B]}
request: {campaignName: c, destination: d, userName: u}
""",
    "json": """
channel: json
auth:
  token: A
  hmac:
    secret: [B, C]
    header: X-Signature
    algorithm: sha512
    encoding: base64
    prefix: 'sha512='
    timestamp_header: X-Timestamp
    tolerance: 1m
    signed: 'v0:{timestamp}:{body}'
request: {campaignName: c, destination: d, userName: u}
""",
    "webflow": """
channel: webflow
auth: {secret: [A, B], token: C}
request: {campaignName: c, destination: d, userName: u}
""",
}
GOOD = {**SHIPPED, **SHOWN, **RICH}
VALUES: tuple[Any, ...] = (None, True, 5, 1.5, -1, "", "zz", "0s", [], ["zz"], [5], {}, {"zz": "zz"})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every part of a document."""
    yield path
    for step, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, step))


def changed(document: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A document with the part at a path changed: `change` gets its parent and its last step."""
    copied = deepcopy(document)
    parent = copied
    for step in path[:-1]:
        parent = parent[step]
    change(parent, path[-1])
    return copied


def plain(text: str) -> Any:
    node = parse(text, "x.yaml").node
    assert node is not None, text
    return node.plain()


def written(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, default=float)


def findings(text: str, **others: str) -> list[Finding]:
    """All that our own validation finds; what is wrong in tests stops no lead, and stands apart."""
    mapping = load_text(text, **others, **{"products.csv": SHEET})
    return [*mapping.findings, *(mapping.translation.faulty_tests if mapping.translation else ())]


def disagreements(document: Any) -> list[str]:
    """Where the schema and our own validation see a document differently; expressions are ours alone."""
    text = written(document)
    told = findings(text)
    refused = [error.message for error in MAPPING.iter_errors(plain(text))]
    structural = [str(finding) for finding in told if finding.code in STRUCTURE]
    if refused and not told:
        return [f"only the schema refuses: {refused}\n{text}"]
    if structural and not refused:
        return [f"only ingest check refuses: {structural}\n{text}"]
    return []


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_json_schema(name: str) -> None:
    """Draft 7, which editors know."""
    Draft7Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", GOOD)
def test_a_good_mapping_is_good_in_the_editor(name: str) -> None:
    """All that we ship, show and read has neither findings nor marks in the editor."""
    assert findings(GOOD[name]) == []
    assert [error.message for error in MAPPING.iter_errors(plain(GOOD[name]))] == []


@pytest.mark.parametrize("name", GOOD)
def test_a_letter_missing_in_a_key_is_marked(name: str) -> None:
    """Whatever key of ours is mistyped, the editor says so."""
    document = plain(GOOD[name])
    told = []
    for path in places(document):
        if path and isinstance(path[-1], str) and len(path[-1]) > 1:
            shorter = path[-1][:-2] + path[-1][-1]
            told += disagreements(changed(document, path, lambda on, key, to=shorter: on.update({to: on.pop(key)})))
    assert told == []


@pytest.mark.parametrize("name", [*RICH, *SHOWN])
def test_a_key_left_out_is_judged_as_the_program_does(name: str) -> None:
    """What is missing is marked in the editor, and what may be left out is not."""
    document = plain(GOOD[name])
    told = []
    for path in places(document):
        if path:
            told += disagreements(changed(document, path, lambda on, key: on.pop(key)))
    assert told == []


@pytest.mark.parametrize("name", RICH)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_of_another_kind_is_judged_as_the_program_does(name: str, value: Any) -> None:
    """Whatever is put wherever: the editor marks it if `ingest check` finds it, and only then."""
    document = plain(GOOD[name])
    told = []
    for path in places(document):
        if path and path[-1] != "zone":  # only the program knows all zones
            told += disagreements(changed(document, path, lambda on, key: on.__setitem__(key, value)))
    assert told == []


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (("channel: zapier\n", ""), True),
        (("channel: zapier\n", "extends: _base.yaml\n"), False),
        (("channel: zapier\n", "extends:\n"), True),
        (("channel: zapier\n", "extends: base.yaml\n"), True),
        (("channel: zapier", "channel: zapir"), True),
        (("{token: A}", "{app_secret: A}"), True),
        (("{token: A}", "{}"), True),
        (("{token: A}", "not a set"), True),
        (("request:", "form: {thanks: /x}\nrequest:"), True),
        (("request:", "match: {forms: ['1']}\nrequest:"), True),
        (("request:", "match:\npolicy:\nrequest:"), False),
        (("request:", "policy: {cap: null}\nrequest:"), False),
        (("userName: u", "username: u"), True),
        (("userName: u", "userName: 5"), True),
        (("userName: u", "userName: null"), True),
        (("userName: u}", "userName: u}\nroutes: [{name: a, request: {userName: null}}]"), True),
        ((", userName: u}", "}\nroutes: [{request: {userName: v}}, {request: {userName: w}}]"), False),
        ((", userName: u}", "}\nroutes: [{request: {userName: v}}, {name: everyone}]"), True),
        (("userName: u}", "userName: u}\nlet: {Lead: x}"), True),
        (("userName: u}", "userName: u}\nlet: {शहर: x, leads: y}"), False),
        (("userName: u}", "userName: u}\ntests: [{lead: {}, payload: {}, expect: {}}]"), True),
        (("userName: u}", "userName: u}\ntests: [{lead: {}}]"), True),
    ],
)
def test_what_must_be_there_and_what_may_not_is_marked(change: tuple[str, str], bad: bool) -> None:
    """What hangs together, like channel and `auth`, or routes and request, is seen by the editor as by the program."""
    text = "channel: zapier\nauth: {token: A}\nrequest: {campaignName: c, destination: d, userName: u}\n"
    assert change[0] in text
    text = text.replace(*change)
    assert bool(list(MAPPING.iter_errors(plain(text)))) is bad
    assert bool(findings(text, _base="channel: zapier")) is bad


def test_a_base_may_be_a_part_of_a_mapping() -> None:
    """A file that others extend needs nothing, and its keys are checked all the same."""
    base = Draft7Validator(SCHEMAS["base"])
    assert base.is_valid({"request": {"campaignName": "c"}, "auth": {"token": "A"}})
    assert base.is_valid({})
    assert not base.is_valid({"requst": {}})
    assert not base.is_valid({"channel": "zapier", "auth": {"app_secret": "A"}})


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("accounts: {default: {campaigns: {c: {params: 1, media: image}, d: null}, tags: [x], attributes: [y]}}", True),
        ("accounts: {acme: null, b: {url: 'https://a.example/api', pace: 20/second, in_flight: 4}}", True),
        ("accounts: {acme: {pace: fast}}", False),
        ("accounts: {acme: {in_flight: 0}}", False),
        ("accounts: {acme: {campains: {}}}", False),
        ("accounts: {'no name': {}}", False),
        ("account: {}", False),
    ],
)
def test_accounts_are_judged_as_the_program_does(tmp_path: Path, text: str, good: bool) -> None:
    """`_accounts.yaml` has a schema of its own."""
    path = tmp_path / "_accounts.yaml"
    path.write_text(text)
    assert (read_accounts(path)[1] == []) is good
    assert Draft7Validator(SCHEMAS["accounts"]).is_valid(plain(text)) is good
