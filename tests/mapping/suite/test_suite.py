from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ingest.errors import Hold, Place, Refusal
from ingest.mapping.document.nodes import from_data
from ingest.mapping.records import Policy
from ingest.mapping.suite.differences import Fault, differences
from ingest.mapping.suite.suite import Posted, Result, run_tests
from ingest.models import Lead, Reason
from ingest.values import flatten
from tests.mapping.helpers import load_text

MAPPING = """channel: form
request:
  campaignName: c
  destination: "{{ lead.phone | phone }}"
  userName: u
  tags: [a, b]
  source: "{{ lead.source }}"
  attributes: {x: "{{ meta.received_at }}"}
routes:
  - {name: pune, when: lead.city == 'Pune'}
  - {name: both, when: lead.city == 'Goa', continue: true}
  - {name: rest, when: lead.city == 'Goa'}
policy: {consent: lead.no is not present}
tests:
"""
FIRST = MAPPING.count("\n") + 1  # the line of the first test
GOOD = "phone: '9876543210', city: Pune"
OLD = f"{GOOD}, created_time: '2020'"


def _read(payload: Any, headers: Any) -> Lead:
    if "refuse" in payload:
        raise Refusal(400, "invalid_json", "The body is no JSON.", "Send JSON.")
    return Lead(flatten({**payload, **headers}), payload, is_test="is_test" in payload)


def _limits(_: Policy, lead: Lead, now: datetime) -> list[Hold]:
    old = "created_time" in lead.fields and now.year > 2024
    return [Hold(Reason.TOO_OLD, "Old", "policy.max_age")] if old else []


def _check(body: dict[str, Any]) -> list[str]:
    return ["userName: bad"] if body.get("source") == "bad" else []


def _results(tests: str) -> list[Result]:
    mapping = load_text(f"{MAPPING}{tests}\n")
    assert not mapping.findings
    assert not mapping.warnings
    return run_tests(mapping, _read, _check, limits=_limits)


def _faults(test: str) -> tuple[Fault, ...]:
    (result,) = _results(f"- {test}")
    assert result.passed is (not result.faults)
    return result.faults


def _told(test: str) -> str:
    return "\n".join(f"{fault.place.line}:{fault.place.column}: {fault}" for fault in _faults(test))


@pytest.mark.parametrize(
    "test",
    [
        f"{{lead: {{{GOOD}}}, expect: {{destination: '+919876543210', tags: [a, b], source: null}}}}",
        f"{{payload: {{{GOOD}}}, expect_route: pune}}",
        "{payload: {phone: '9876543210'}, headers: {city: Pune}, expect: {userName: u}}",
        f"{{lead: {{{GOOD}}}, now: '2026-11-23T10:00:00+05:30', expect_exactly: {{campaignName: c,"
        " destination: '+919876543210', userName: u, tags: [a, b], attributes: {x: '2026-11-23T04:30:00.000Z'}}}",
        "{lead: {phone: '12', city: Pune}, expect_hold: phone_invalid}",
        "{lead: {city: Mumbai}, expect_hold: no_route}",
        f"{{lead: {{{GOOD}, no: 1}}, expect_skip: no_consent}}",
        f"{{lead: {{{GOOD}, no: 1}}, expect: {{userName: u}}}}",
        f"{{lead: {{{GOOD}, no: 1}}, expect: {{userName: u}}, expect_skip: no_consent}}",
        f"{{payload: {{{GOOD}, is_test: 1}}, expect_skip: test_lead}}",
        "{lead: {phone: 9876543210, city: Goa}, expect: [{userName: u}, {userName: u}], expect_route: rest}",
        "{lead: {phone: 9876543210, city: Goa}, expect: {userName: u}, expect_route: rest}",
        "{lead: {city: Mumbai}, expect_route: null}",
        "{lead: {city: Mumbai}, expect: []}",
        f"{{lead: {{{GOOD}}}, expect: {{media: null, attributes: {{y: null}}}}}}",
        f"{{lead: {{{OLD}}}, now: '2026-11-23T10:00:00Z', expect_hold: too_old}}",
        f"{{lead: {{{OLD}}}, now: '2020-01-01T10:00:00Z', expect: {{userName: u}}}}",
        f"{{lead: {{{OLD}}}, expect_hold: too_old, expect: {{userName: u}}}}",
        f"{{lead: {{{OLD}}}, expect: {{userName: u}}}}",
        f"{{lead: {{{GOOD}, source: bad}}, expect_hold: request_invalid, expect: {{source: bad}}}}",
    ],
)
def test_what_is_as_expected_passes(test: str) -> None:
    """Each way of expecting something holds when it is so."""
    assert _faults(test) == ()


@pytest.mark.parametrize(
    ("expected", "at", "told"),
    [
        ("expect: {userName: v}", "v}", "`userName` is not as expected\n- userName: v\n+ userName: u"),
        ("expect: {source: s}", "s}", "`source` is expected, and not there\n- source: s"),
        ("expect: {campaignName: null}", "null", "`campaignName` is there, and nothing is expected\n+ campaignName: c"),
        ("expect: {attributes: {y: z}}", "z}", "`attributes.y` is expected, and not there\n- attributes.y: z"),
        ("expect: {tags: [a, c, b]}", "c,", "`tags` is not as expected\n  tags:\n    a\n-   c\n    b"),
        ("expect: {tags: [a]}", "[a]", "`tags` is not as expected\n  tags:\n    a\n+   b"),
        ("expect: {tags: null}", "null", "`tags` is there, and nothing is expected\n+ tags:\n+   a\n+   b"),
        ("expect_exactly: {userName: u}", "expect", "`campaignName` is there, and nothing is expected\n+ campaignName"),
        ("expect_hold: no_route", "no_route", "expected `no_route`, and one request is made"),
        ("expect_skip: duplicate", "dupl", "`duplicate` can't be tested: that depends on other leads and people's"),
        ("expect_hold: ambiguous", "amb", "`ambiguous` can't be tested: that is known only when it is sent"),
        ("expect_route: rest", "rest", "expected the route `rest`, and `pune` was taken"),
        (
            "expect_route: pone",
            "pone",
            "there is no route `pone` (did you mean `pune`?): expected the route `pone`, and",
        ),
        ("expect_route: null", "null", "expected a route without a name, or none, and `pune` was taken"),
        ("expect: []", "expect", "expected no request, and one request is made\n  the request of the route `pune`"),
        ("expect: [{userName: u}, {}]", "expect", "expected 2 requests, and one request is made"),
    ],
)
def test_what_is_not_as_expected_is_told(expected: str, at: str, told: str) -> None:
    """A failed test says where the expectation stands, what was expected and what came."""
    test = f"{{lead: {{{GOOD}}}, {expected}}}"
    column = len("- ") + test.index(at, test.index(expected)) + 1
    assert _told(test).startswith(f"{FIRST}:{column}: {told}")


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (
            "{lead: {phone: '12', city: Pune}, expect_skip: no_consent}",
            "expected `no_consent`, and the lead is held\n  ",
        ),
        ("{lead: {city: Mumbai}, expect_route: pune}", "expected the route `pune`, and none was taken\n  "),
        (f"{{lead: {{{GOOD}, no: 1}}, expect_hold: no_consent}}", "skipped, not held: write `expect_skip: no_consent`"),
        (
            "{lead: {phone: 9876543210, city: Goa}, expect_exactly: {campaignName: c}}",
            "expected one request, and 2 requests are made",
        ),
        (
            f"{{lead: {{{OLD}}}, now: '2026-11-23T10:00:00Z', expect: {{userName: u}}}}",
            "expected a request, and the lead is held\n  ",
        ),
        (
            f"{{payload: {{{GOOD}, is_test: 1}}, expect: {{userName: u}}}}",
            "expected a request, and the lead is skipped\n  ",
        ),
        (
            "{payload: {refuse: 1}, expect_hold: phone_invalid}",
            f"{FIRST}:4: the payload is refused: invalid_json: The body is no JSON. (Send JSON.)",
        ),
    ],
)
def test_what_stopped_the_lead_is_told(test: str, told: str) -> None:
    """Where another thing stopped the lead than was expected, or nothing should have, one reads what did."""
    assert told in _told(test)


def test_a_hold_in_place_of_a_request_is_told_with_where_it_comes_from() -> None:
    """One sees the line of the mapping that held the lead, its field and why."""
    fault = _faults("{lead: {city: Goa}, expect: [{userName: u}, {userName: u}]}")[0]
    assert fault.message == "expected a request, and the lead is held"
    assert fault.lines[0].endswith(":4:17: missing_value destination: lead.phone is absent")


def test_all_that_differs_is_told_at_once() -> None:
    """A test that expects several things tells each of them that does not hold, each with its place."""
    faults = _faults(
        f"""{{lead: {{{GOOD}}},
     expect: {{userName: v, tags: [x], attributes: {{x: y}}}}, expect_route: rest, expect_hold: no_route}}"""
    )
    named = [fault.message.partition("`")[2].partition("`")[0] for fault in faults]
    assert named == ["no_route", "rest", "userName", "tags", "attributes.x"]
    assert {fault.place.line for fault in faults} == {FIRST + 1}


@pytest.mark.parametrize(
    ("expected", "came"),
    [("Asha Rao", "Asha\u00a0Rao"), ("Asha\u200b", "Asha"), ("e\u0301", "\u00e9"), ("A", "\uff21")],
)
def test_texts_that_look_alike_are_told_apart(expected: str, came: str) -> None:
    """Where the eye can't see what differs, the marks that can't be seen are written out; in lists too."""
    for made, wanted in ((came, expected), ([came], [expected])):
        (fault,) = differences(from_data({"x": wanted}, Place("f")), {"x": made}, exactly=False)
        before, after = fault.lines[-2:]
        assert "\\" in before + after
        assert before[1:] != after[1:]


def test_what_is_equal_in_a_long_list_is_left_out() -> None:
    """Of a hundred tags one sees those around the ones that differ."""
    tags = [f"tag {number}" for number in range(100)]
    expected = from_data({"tags": [*tags[:50], "other", *tags[51:]]}, Place("f"))
    (fault,) = differences(expected, {"tags": tags}, exactly=False)
    assert "-   other" in fault.lines
    assert "+   tag 50" in fault.lines
    assert len(fault.lines) < 12


def test_items_that_look_like_marks_of_a_diff_are_told() -> None:
    """A tag called `--` is a tag."""
    (fault,) = differences(from_data({"tags": ["--", "@@"]}, Place("f")), {"tags": ["++"]}, exactly=False)
    assert fault.lines == ("  tags:", "-   --", "-   @@", "+   ++")


def test_tests_without_a_name_are_numbered() -> None:
    """One finds the test by its number."""
    first, second = _results(f"- {{lead: {{{GOOD}}}, expect_route: pune}}\n- {{lead: {{{GOOD}}}, expect_route: pune}}")
    assert (first.name, second.name) == ("test 1", "test 2")
    assert (first.place.line, second.place.line) == (FIRST, FIRST + 1)
    assert first.seconds > 0


def test_a_name_is_one_line() -> None:
    """A name that is written over several lines is told in one."""
    (one,) = _results(f'- {{name: "Two\\n lines", lead: {{{GOOD}}}, expect_route: pune}}')
    assert one.name == "Two lines"


def test_several_leads_of_one_post_give_a_request_each() -> None:
    """What a post holds is translated lead by lead, in order; a held one makes no request."""
    mapping = load_text(f"{MAPPING}- {{payload: [1], expect_hold: suspected_spam, expect: [{{}}, {{}}]}}\n")
    lead = Posted(Lead(flatten({"phone": "9876543210", "city": "Pune"}), {}))
    spam = Posted(Lead({}, {}), hold=Hold(Reason.SUSPECTED_SPAM, "A robot"))
    (result,) = run_tests(mapping, lambda *_: [lead, spam, lead])
    assert result.passed, result.faults
    assert len(result.leads) == 2
