from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.cli import cli

DOCS = Path(__file__).parents[2] / "docs"
MAPPING = """channel: zapier
auth: {token: T}
request:
  campaignName: c
  destination: "{{ lead.phone }}"
  userName: someone
"""
ROUTES = """channel: zapier
auth: {token: T}
let:
  name: "{{ lead.name | title }}"
  hello: "Hi {{ name }}"
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ name }}"
  source: "{{ lead.source }}"
  templateParams: ["{{ hello }}"]
  tags: [new, "{{ lead.interest }}", "{{ lead.platform }}"]
  attributes: {city: "{{ lead.city }}"}
routes:
  - {name: vip, when: lead.budget | number > 1000, continue: true, request: {campaignName: vip}}
  - {name: broken, when: lead.a == 'x', continue: true, request: {userName: "{{ lead.nobody }}"}}
  - {name: everyone}
  - {name: never, when: lead.z}
policy:
  consent: lead.optin | default('yes') | yes
  duplicate: {within: 1h}
"""
LEAD = {"name": "asha rao", "phone": "98765 43210", "interest": ["solar", "roof"], "budget": 5000, "a": "x"}

HELLO = """channel: form

request:
  campaignName: welcome_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name | default('friend') }}"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with mappings in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "routes.yaml").write_text(ROUTES)
    return tmp_path


def ingest_try(payload: Any, mapping: str = "routes", *options: str) -> Result:
    given = payload if isinstance(payload, str) else json.dumps(payload)
    return CliRunner().invoke(cli, ["try", *options, mapping, "-"], input=given)


def line(told: Result, start: str, nth: int = 0) -> str:
    """The nth line of a trace that begins so, its blanks made one."""
    lines = [" ".join(line.split()) for line in told.stderr.splitlines()]
    return [line for line in lines if line.startswith(start)][nth]


def test_try_points_at_the_expression_whose_value_aisensy_would_refuse(tmp_path: Path) -> None:
    """A forgotten `| phone` is told with its file, line, column, field and reason, and nothing is printed as a body."""
    mapping, payload = tmp_path / "m.yaml", tmp_path / "p.json"
    mapping.write_text(MAPPING)
    payload.write_text('{"phone": "98765 43210"}')
    told = CliRunner().invoke(cli, ["try", str(mapping), str(payload)])
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.startswith(f"{mapping}:5:17: request_invalid destination: ")


def test_a_trace_is_told_beside_the_body_not_in_it() -> None:
    """Standard output is the same JSON with `--trace` and without."""
    lead = {"name": "asha", "phone": "9876543210"}
    plain, traced = ingest_try(lead), ingest_try(lead, "routes", "--trace")
    assert plain.exit_code == traced.exit_code == 0
    assert plain.stdout == traced.stdout
    assert json.loads(plain.stdout)["userName"] == "Asha"
    assert plain.stderr == ""
    assert "\x1b" not in traced.stderr


def test_a_trace_tells_which_routes_were_asked_and_why_each_held_or_not() -> None:
    """Each with its `when`, what that looked at, and its result; those after the last are named too."""
    told = ingest_try(LEAD, "routes", "--trace")
    assert line(told, "Route `vip`") == "Route `vip`: holds"
    when = "routes[0].when mappings/routes.yaml:15:23 lead.budget | number > 1000 → true: holds [lead.budget='5000']"
    assert line(told, "routes[0].when").startswith(when)
    assert line(told, "Route `everyone`") == "Route `everyone`: no `when`, always holds"
    assert line(told, "Route `never`") == "Route `never`: not asked any more, after `everyone`"
    other = ingest_try({**LEAD, "a": "y", "budget": "much"}, "routes", "--trace")
    assert "→ false: does not hold [lead.a='y']" in line(other, "routes[1].when")
    assert "→ absent: does not hold: " in line(other, "routes[0].when")
    assert line(other, "Route `broken`") == "Route `broken`: does not hold"


def test_a_trace_tells_each_expression_with_its_place_its_inputs_its_result_and_its_time() -> None:
    """Names of `let` are told when they are first used, and what was made of them shows their values."""
    told = ingest_try(LEAD, "routes", "--trace")
    name = "let.name mappings/routes.yaml:4:10 {{ lead.name | title }} → 'Asha Rao' [lead.name='asha rao']"
    assert re.fullmatch(re.escape(name) + r" \d+ µs", line(told, "let.name"))
    assert "Hi {{ name }} → 'Hi Asha Rao' [name='Asha Rao']" in line(told, "let.hello")
    assert "{{ hello }} → 'Hi Asha Rao' [hello='Hi Asha Rao']" in line(told, "templateParams[0]")
    assert "→ ['solar', 'roof'] [lead.interest=['solar', 'roof']]" in line(told, "tags[1]")
    assert (
        line(told, "campaignName")
        == f"campaignName mappings/routes.yaml:15:{ROUTES.splitlines()[14].index('vip}}') + 1} vip"
    )
    assert "→ true: agreed" in line(told, "policy.consent")
    by = "→ '+919876543210 vip' [request.destination='+919876543210', request.campaignName='vip']"
    assert by in line(told, "policy.duplicate.by")
    assert re.fullmatch(r"\d+ expressions in [\d,]+ µs", told.stderr.splitlines()[-2])


def test_a_trace_tells_what_was_left_out_and_why() -> None:
    """A tag, an attribute and the source that come out absent."""
    told = ingest_try(LEAD, "routes", "--trace")
    for field, name in (("source", "source"), ("tags[2]", "platform"), ("attributes.city", "city")):
        assert f"→ left out: lead.{name} is absent" in line(told, field)


def test_the_step_that_holds_a_request_is_marked_and_is_its_last() -> None:
    """One route's failure ends its own request; those of other routes go on."""
    told = ingest_try(LEAD, "routes", "--trace")
    lines = told.stderr.splitlines()
    failing = next(index for index, each in enumerate(lines) if "✗" in each)
    assert "userName" in lines[failing]
    assert "{{ lead.nobody }}" in lines[failing]
    assert "✗ held, missing_value: lead.nobody is absent" in lines[failing]
    assert lines[failing + 1].startswith("Route `everyone`")
    assert [body["campaignName"] for body in json.loads(told.stdout)] == ["vip", "welcome"]
    assert told.exit_code == 1
    column = ROUTES.splitlines()[15].index("{{ lead.nobody") + 1
    assert lines[-1].startswith(f"mappings/routes.yaml:16:{column}: missing_value userName: ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phone": "12"}, "→ ✗ held: phone_invalid: no phone number that can be called"),
        ({"optin": "no"}, "→ ✗ false: skipped, no_consent"),
        ({"phone": None}, "→ ✗ held, missing_value: lead.phone is absent"),
    ],
)
def test_whatever_stops_a_request_is_marked(change: dict[str, Any], said: str) -> None:
    """A failure, an answer that is no consent, a field that must be there."""
    told = ingest_try({"name": "x", **LEAD, **change}, "routes", "--trace")
    assert said in told.stderr
    assert told.stdout == ""


def test_a_trace_of_no_route_says_so(folder: Path) -> None:
    """After the routes, none of which holds."""
    (folder / "mappings" / "none.yaml").write_text(
        MAPPING.replace("T}", "T}\nroutes: [{name: one, when: lead.a}]").replace(
            "lead.phone }}", "lead.phone | phone }}"
        )
    )
    told = ingest_try(LEAD | {"a": ""}, "none", "--trace")
    assert "✗ held: mappings/none.yaml:3:1: no_route" in told.stderr
    assert told.exit_code == 1


def test_nothing_is_evaluated_for_the_trace_alone(folder: Path) -> None:
    """What the trace shows is what happened: no body is made where the consent's other name had failed."""
    (folder / "mappings" / "early.yaml").write_text(
        'channel: zapier\nauth: {token: T}\nlet: {bad: "{{ lead.other | phone }}"}\n'
        'request: {campaignName: c, destination: "+919876543210", userName: u}\n'
        "policy: {consent: bad == 'x' or request.userName == 'x'}\n"
    )
    told = ingest_try(LEAD | {"other": "12"}, "early", "--trace")
    assert [each.split()[0] for each in told.stderr.splitlines()[:2]] == ["let.bad", "policy.consent"]
    assert told.stderr.splitlines()[2].startswith("2 expressions in")


def test_a_lead_can_not_steer_the_terminal_and_does_not_flood_it() -> None:
    """Escapes and overrides are shown, not done; long values are cut."""
    evil = {**LEAD, "name": "\x1b[2J\u202eevil", "city": "x" * 60_000, "interest": [f"i{n}" for n in range(500)]}
    told = ingest_try(evil, "routes", "--trace")
    assert all(each.isprintable() for each in (told.stderr + told.stdout).splitlines())
    assert "\\u001b[2J\\u202eevil" in told.stderr
    assert "… (500 items)" in told.stderr
    assert max(map(len, told.stderr.splitlines())) < 1500
    assert json.loads(told.stdout)[0]["attributes"]["city"] == "x" * 60_000


def test_a_broken_mapping_prints_its_findings(folder: Path) -> None:
    """Each with file, line and column, and nothing as a body."""
    (folder / "mappings" / "bad.yaml").write_text(MAPPING.replace("lead.phone", "lead.phone | fone"))
    told = ingest_try(LEAD, "bad", "--trace")
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.startswith("mappings/bad.yaml:5:17: unknown_filter")


def test_what_is_refused_is_said_with_its_code() -> None:
    """A payload that the endpoint would not take."""
    told = ingest_try("{", "routes", "--trace")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("<stdin>:1:1: invalid_json payload: ")


def test_an_old_lead_is_tried_all_the_same_and_a_note_says_what_max_age_would_do(folder: Path) -> None:
    """A document in a file is old: what AiSensy would have got of it, when it was fresh, is what is asked for."""
    (folder / "mappings" / "old.yaml").write_text(
        'channel: facebook\nrequest: {campaignName: c, destination: "{{ lead.phone_number | phone }}", userName: u}\n'
        "policy: {max_age: 24h}\n"
    )
    document = {
        "id": "1",
        "created_time": "2022-02-03T16:16:51+0000",
        "field_data": [{"name": "phone_number", "values": ["+919876543210"]}],
    }
    told = ingest_try(document, "old")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["destination"] == "+919876543210"
    assert "too_old" in told.stderr


def test_each_lead_of_several_has_its_own_trace() -> None:
    """An array that was posted gives a heading for each."""
    told = ingest_try([LEAD, LEAD], "routes", "--trace")
    assert [each for each in told.stderr.splitlines() if each.startswith("Lead ")] == ["Lead 1 of 2", "Lead 2 of 2"]


def test_the_trace_in_the_documentation_is_what_one_gets(folder: Path) -> None:
    """Typed as it stands there."""
    (folder / "mappings" / "hello.yaml").write_text(HELLO)
    text = (DOCS / "commands.md").read_text()
    found = re.search(
        r"^\$ echo '([^']*)' \| ingest try --trace hello - >/dev/null\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    )
    assert found
    told = ingest_try(found[1], "hello", "--trace")
    assert re.sub(r"\d+ µs", "… µs", told.stderr) == re.sub(r"\d+ µs", "… µs", found[2])


def test_of_a_test_lead_all_is_shown_that_would_have_been_sent(folder: Path) -> None:
    """Meta's dummy of a phone can't be called; what stands after it is told all the same."""
    (folder / "mappings" / "here.yaml").write_text(
        """channel: facebook
request:
  campaignName: welcome
  destination: "{{ lead.phone_number | phone }}"
  userName: "{{ lead.full_name }}"
  templateParams: ["{{ lead.city }}", "{{ lead.state }}"]
  tags: [facebook, "{{ lead.platform }}"]
  attributes: {city: "{{ lead.city | upper }}"}
"""
    )
    dummies = ("full_name", "phone_number", "city")
    answers = [{"name": name, "values": [f"<test lead: dummy data for {name}>"]} for name in dummies]
    told = ingest_try({"id": "1", "platform": "ig", "field_data": answers}, "here", "--trace")
    assert (told.exit_code, told.stdout) == (1, "")
    lines = dict(line.split(maxsplit=1) for line in told.stderr.splitlines() if "mappings/here.yaml:" in line)
    assert "✗ held: phone_invalid" in lines["destination"]
    assert "'<test lead: dummy data for full_name>'" in lines["userName"]
    assert "'<test lead: dummy data for city>'" in lines["templateParams[0]"]
    assert "✗ held, missing_value" in lines["templateParams[1]"]
    assert "'ig'" in lines["tags[1]"]
    assert "'<TEST LEAD: DUMMY DATA FOR CITY>'" in lines["attributes.city"]


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("google_ads", {"lead_id": "1", "Google_key": "a key of the tests", "is_test": "true", "user_column_data": []}),
        ("shopify", {"id": 820982911946154508, "line_items": [], "phone": "+919876543210"}),
    ],
)
def test_a_test_lead_is_told_as_one_whoevers_it_is(folder: Path, channel: str, payload: dict[str, Any]) -> None:
    """Not as Meta's; and Google's key is no part of it."""
    (folder / "mappings" / "here.yaml").write_text(HELLO.replace("channel: form", f"channel: {channel}\nauth: {{}}"))
    told = ingest_try(payload, "here", "--trace")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "test_lead A test lead is never sent" in told.stderr
    assert "a key of the tests" not in told.stderr
