from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Hold
from ingest.mapping.expressions.native import ExpressionError
from ingest.mapping.filters.phones import phone
from ingest.models import Reason

MOBILE = "+919876543210"


@pytest.mark.parametrize(
    "text",
    [
        "9876543210",
        "09876543210",
        "098765 43210",
        "0091 98765 43210",
        "+91-98765-43210",
        "91 98765 43210",
        "919876543210",
        "p:+919876543210",
        "9876543210.0",
        "919876543210.00",
        "９８７６５４３２１０",
        "＋９１ ９８７６５ ４３２１０",
        "९८७६५४३२१०",
        "+९१ ९८७६५-४३२१०",
        "+91+919876543210",
        "+91 91 98765 43210",
        "+91919876543210",
        "tel:+91-98765-43210",
        "tel:9876543210;ext=4",
        "whatsapp:+919876543210",
        "'9876543210",
        "'+919876543210",
        "’+919876543210",
        "+91 (0) 98765 43210",
        "+91(0)9876543210",
        "\u202a+91\u00a098765\u00a043210\u202c",
        "\u200e9876543210\ufeff",
        "+91\u202f98765\u201143210",
        "0919876543210",
        "+0 98765 43210",
        "98765.43210",
        "98765/43210",
        "(98765) 43210",
        "9876543210 9876543210",
        "9876543210, +91 98765 43210",
        "98765 43210 98765 43210",
        "9876543210 and 12345",
        "9876543210 ext. 12",
        "call 98765 43210 after 5",
        "98765 43210 (home), 4321",
        "\n9876543210\n",
    ],
)
def test_a_phone_is_read_however_it_is_written(text: str) -> None:
    """Every spelling of one Indian mobile comes to the same number."""
    assert phone(text) == MOBILE


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("9123456789", "IN", "+919123456789"),
        ("09123456789", "IN", "+919123456789"),
        ("919123456789", "IN", "+919123456789"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("1 (415) 555-2671", "IN", "+14155552671"),
        ("14155552671", "US", "+14155552671"),
        ("971501234567", "IN", "+971501234567"),
        ("+44 (0)20 7946 0958", "IN", "+442079460958"),
        ("07911 123456", "gb", "+447911123456"),
        ("+39 06 6982 1234", "IN", "+390669821234"),
        ("+91 22 2553 1234", "IN", "+912225531234"),
        ("0501234567", "AE", "+971501234567"),
    ],
)
def test_countries_are_told_apart(text: str, country: str, expected: str) -> None:
    """Numbers are read in their country, and those that begin with 91 are no country code."""
    assert phone(text, country) == expected


@pytest.mark.parametrize(
    "text",
    [
        "9.19877E+11",
        "9,19877E+11",
        "9876543210E+0",
        "(415) 555-2671",
        "022 2553 1234",
        "+9876543210",
        "98765",
        "12345678901234567890",
        "none",
        "-",
        "",
        "98765O4321O",
        "1" * 300,
    ],
)
def test_what_can_not_be_called_is_held(text: str) -> None:
    """No guess reaches a stranger: the lead is held, and the message does not hold the number."""
    with pytest.raises(Hold) as caught:
        phone(text)
    assert caught.value.reason == Reason.PHONE_INVALID
    assert not any(c.isdigit() for c in caught.value.message)


@pytest.mark.parametrize(
    "text",
    [
        "9876543210, 9123456789",
        "9876543210 / 9123456789",
        "9876543210; 9123456789",
        "9876543210 | 9123456789",
        "9876543210 & 9123456789",
        "9876543210 and 9123456789",
        "9876543210 or 9123456789",
        "9876543210\n9123456789",
        "9876543210 9123456789",
        "98765 43210 91234 56789",
        "+919876543210+919123456789",
        ["9876543210", "9123456789"],
    ],
)
def test_two_different_numbers_are_ambiguous(text: str | list[str]) -> None:
    """Two numbers that can be called, in one field or in a list, are for a person to choose from."""
    with pytest.raises(Hold) as caught:
        phone(text)
    assert caught.value.reason == Reason.PHONE_AMBIGUOUS


def test_a_list_of_one_number_is_that_number() -> None:
    """The same number twice is one, and junk beside it is no other."""
    assert phone(["9876543210", "+91 98765 43210", "n/a"]) == MOBILE


def test_an_unknown_country_is_told() -> None:
    """A country that is none fails the expression; nothing is guessed."""
    with pytest.raises(ExpressionError, match="country"):
        phone("9876543210", "India")


@given(st.text(alphabet="+0123456789 ().-/,eE०९٣pxor\u200e\u00a0", max_size=60))
def test_any_text_is_a_number_or_is_held(text: str) -> None:
    """Nothing but E.164 or a hold comes of any text; and a number that came out reads as itself."""
    try:
        found = phone(text)
    except Hold as hold:
        assert hold.reason in {Reason.PHONE_INVALID, Reason.PHONE_AMBIGUOUS}
    else:
        assert found.startswith("+")
        assert found[1:].isdecimal()
        assert phone(found) == found


@given(st.integers(6_000_000_000, 9_999_999_999), st.sampled_from(["{}", "0{}", "+91{}", "91{}", "0091 {}", "p:+91{}"]))
def test_every_indian_mobile_is_itself(number: int, form: str) -> None:
    """Whatever a mobile begins with, its usual spellings give that mobile or none, never another."""
    try:
        assert phone(form.format(number)) == f"+91{number}"
    except Hold as hold:
        assert hold.reason == Reason.PHONE_INVALID
