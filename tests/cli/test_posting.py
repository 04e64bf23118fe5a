from __future__ import annotations

import pytest

from tests.cli.test_test import FORM, folder, said

__all__ = ["folder"]

FACEBOOK = FORM.replace("channel: form\n", "channel: facebook\n").replace(
    FORM[FORM.index("form:\n") : FORM.index("request:")], ""
)


def case(test: str, mapping: str = FORM) -> str:
    """What is told of one test; nothing where it passes."""
    told = said(site=f"{mapping}  - {test}\n")
    failures = told.stdout.partition("site  1 test")[0]
    assert told.exit_code == (1 if failures else 0), told.output
    return failures


@pytest.mark.parametrize(
    "test",
    [
        '{payload: {phone: "9876543210", _gotcha: "on"}, expect_hold: suspected_spam}',
        "{payload: {phone: nonsense, botcheck: true}, expect_hold: suspected_spam}",
        '{lead: {phone: "9876543210", _gotcha: "on"}, expect_hold: suspected_spam}',
        '{lead: {phone: "12"}, expect_hold: phone_invalid}',
        '{payload: "phone=98765+43210&name=Asha%20Rao", expect: {userName: Asha Rao}}',
        '{payload: \'{"phone": "9876543210"}\', expect: {userName: friend}}',
        '{payload: {phone: 9876543210}, headers: {Origin: "https://acme.example"}, expect: {userName: friend}}',
        '{payload: {phone: 9876543210}, now: "2026-11-23T22:00:00+05:30", expect_hold: quiet_hours, expect: {}}',
        '{payload: {phone: 9876543210}, now: "2026-11-23T22:00:00+05:30", expect: {userName: friend}}',
    ],
)
def test_a_payload_goes_the_way_of_a_real_post(test: str) -> None:
    """Honeypots, bodies as browsers send them, headers and quiet hours do what they do to a visitor's post."""
    assert case(test) == ""


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (
            '{payload: {phone: "12"}, expect_hold: phone_invalid}',
            "refused: invalid_fields: WhatsApp number is no phone",
        ),
        (
            "{payload: {phone: 9876543210}, headers: {origin: 'https://x.example'}, expect: {}}",
            "refused: foreign_origin",
        ),
        ("{payload: {}, expect: {}}", "refused: empty_form"),
        ("{payload: [1], expect: {}}", "refused: invalid_payload"),
        ("{payload: '{', expect: {}}", "refused: invalid_json"),
        ("{payload: '<lead/>', expect: {}}", "refused: xml"),
        ("{payload: 5, expect: {}}", "refused: invalid_payload"),
        (
            '{payload: {phone: "9876543210", _gotcha: "on"}, expect: {}}',
            "suspected_spam payload: A field was filled in that people do not see",
        ),
        (
            '{payload: {phone: 9876543210}, now: "2026-11-23T12:00:00+05:30", expect_hold: quiet_hours}',
            "expected `quiet",
        ),
    ],
)
def test_what_is_refused_or_held_is_told_in_the_words_that_its_sender_reads(test: str, told: str) -> None:
    """A payload that a real post could not bring is a failed test that says why."""
    assert told in case(test)


@pytest.mark.parametrize(
    "test",
    [
        '{lead: {phone: 1, created_time: "2026-11-20T10:00:00+0000"}, now: "2026-11-23T10:00:00Z",'
        " expect_hold: phone_invalid}",
        '{lead: {phone: 9876543210, created_time: "2026-11-20T10:00:00+0000"}, now: "2026-11-23T10:00:00Z",'
        " expect_hold: too_old}",
        '{lead: {phone: 9876543210, created_time: "2026-11-20T10:00:00+0000"}, now: "2026-11-20T12:00:00Z",'
        " expect: {}}",
        '{lead: {phone: 9876543210, created_time: "2020-11-20T10:00:00+0000"}, expect_hold: too_old}',
        '{lead: {phone: 9876543210, created_time: "2020-11-20T10:00:00+0000"}, expect: {userName: friend}}',
        "{payload: {id: 1, field_data: [{name: phone, values: [9876543210]}]}, expect: {userName: friend}}",
        "{payload: {id: 1, field_data: [{name: email, values: [test@fb.com]}]}, expect_skip: test_lead}",
        "{payload: [{phone: 9876543210}, {phone: 9876543211}], expect: [{}, {destination: '+919876543211'}]}",
    ],
)
def test_a_facebook_lead_is_as_old_as_it_says(test: str) -> None:
    """`max_age` is held against `now`; a test without `now` is the same on every day, unless it expects `too_old`."""
    assert case(test, FACEBOOK) == ""


def test_metas_notice_is_no_lead() -> None:
    """What Meta posts holds no fields: the test says what to give instead."""
    assert "give the Graph API's document" in case("{payload: {entry: []}, expect: {}}", FACEBOOK)


def test_an_array_posted_to_zapier_gives_a_request_each() -> None:
    """Leads of one post come in order, and `meta` has the sender's id of each."""
    mapping = """channel: zapier
auth: {token: T}
request: {campaignName: c, destination: "{{ lead.phone | phone }}", userName: "{{ meta.external_id }}"}
tests:
"""
    test = (
        "{payload: [{phone: 9876543210}, {phone: 9876543211}], headers: {idempotency-key: k},"
        " expect: [{userName: 'k#0'}, {userName: 'k#1'}]}"
    )
    assert case(test, mapping) == ""
