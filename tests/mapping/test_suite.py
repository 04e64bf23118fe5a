from __future__ import annotations

from typing import Any

import pytest

from ingest.mapping.suite import run_tests
from ingest.models import Lead
from ingest.values import flatten
from tests.mapping.helpers import load_text

MAPPING = """channel: form
request:
  campaignName: c
  destination: "{{ lead.phone | phone }}"
  userName: u
  tags: [a, b]
  attributes: {x: "{{ meta.received_at }}"}
routes:
  - {name: pune, when: lead.city == 'Pune'}
  - {name: both, when: lead.city == 'Goa', continue: true}
  - {name: rest, when: lead.city == 'Goa'}
policy: {consent: lead.no is not present}
tests:
  - """

GOOD = "phone: '9876543210', city: Pune"


def _read(payload: Any, headers: Any) -> Lead:
    return Lead(flatten({**payload, **headers}), payload, is_test="is_test" in payload)


def _faults(test: str) -> tuple[str, ...]:
    mapping = load_text(f"{MAPPING}{test}\n")
    assert not mapping.findings
    (result,) = run_tests(mapping, _read, lambda body: ["userName: bad"] if body.get("source") else [])
    assert result.passed is (not result.faults)
    return result.faults


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
        f"{{payload: {{{GOOD}, is_test: 1}}, expect_skip: test_lead}}",
        "{lead: {phone: 9876543210, city: Goa}, expect: [{userName: u}, {userName: u}], expect_route: rest}",
    ],
)
def test_what_is_as_expected_passes(test: str) -> None:
    """Each way of expecting something holds when it is so."""
    assert _faults(test) == ()


@pytest.mark.parametrize(
    ("test", "fault"),
    [
        (f"{{lead: {{{GOOD}}}, expect: {{userName: v}}}}", "userName: expected 'v', got 'u'"),
        (f"{{lead: {{{GOOD}}}, expect: {{source: s}}}}", "source: expected 's', got nothing"),
        (f"{{lead: {{{GOOD}}}, expect: {{attributes: {{y: z}}}}}}", "attributes.y: expected 'z', got nothing"),
        (f"{{lead: {{{GOOD}}}, expect: {{tags: [a]}}}}", "tags: expected ['a'], got ['a', 'b']"),
        (f"{{lead: {{{GOOD}}}, expect_hold: no_route}}", "expected no_route, and a request is made"),
        (f"{{lead: {{{GOOD}}}, expect_route: rest}}", "route: expected 'rest', got ['pune']"),
        ("{lead: {city: Goa}, expect: [{userName: u}]}", "missing_value"),
        (f"{{lead: {{{GOOD}}}, expect: [{{userName: u}}, {{userName: u}}]}}", "expected 2 requests, got 1"),
        ("{lead: {phone: '12', city: Pune}, expect_skip: no_consent}", "expected no_consent, got"),
        (f"{{lead: {{{GOOD}}}, expect_exactly: {{userName: u}}}}", "campaignName: expected nothing, got 'c'"),
    ],
)
def test_what_is_not_as_expected_is_told(test: str, fault: str) -> None:
    """A failed test says what was expected and what came."""
    assert any(fault in each for each in _faults(test))
