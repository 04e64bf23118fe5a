from __future__ import annotations

import pytest

from ingest.mapping.expressions.native import ExpressionError
from ingest.mapping.filters.numbers import money, number
from ingest.mapping.filters.texts import clip, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café & Bar, 2nd floor", "cafe-bar-2nd-floor"),
        ("D'Souza's", "dsouzas"),
        ("नई दिल्ली", "नई-दिल्ली"),
        ("Straße", "strasse"),
        ("İstanbul ışık", "istanbul-isik"),
        ("Łódź Ærø Nguyễn", "lodz-aero-nguyen"),
        ("Йод 한국어 東京", "йод-한국어-東京"),
        ("C++ -- x", "c-x"),
        ("👍", ""),
    ],
)
def test_slugs_keep_every_script(text: str, expected: str) -> None:
    """Latin letters lose their accents; others stay, so that no tag vanishes."""
    assert slug(text) == expected
    assert slug(expected) == expected


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("नमस्ते", 4, "नम"),
        ("नमस्ते", 6, "नमस्ते"),
        ("क्षत्रिय", 4, "क्ष"),
        ("👨‍👩‍👧‍👦 family", 8, "👨‍👩‍👧‍👦"),
        ("🇮🇳🇺🇸", 3, "🇮🇳"),
        ("👍🏽👍🏽", 3, "👍🏽"),
        ("e\u0301e\u0301", 3, "e\u0301"),
        ("1️⃣2", 2, ""),
        ("한글", 1, "한"),
        ("a\r\nb", 2, "a"),
        ("two words", 4, "two"),
    ],
)
def test_clip_never_cuts_a_character_in_two(text: str, length: int, expected: str) -> None:
    """Marks, flags, families and conjuncts stay whole or go."""
    assert clip(text, length) == expected


def test_clip_counts_what_it_puts_at_the_end() -> None:
    """The result is never longer than asked."""
    assert clip("A rather long answer", 12, "…") == "A rather lo…"
    assert clip("A rather long answer", 10, "…") == "A rather…"
    assert clip("short", 12, "…") == "short"
    with pytest.raises(ExpressionError, match="clip"):
        clip("long", 2, "...")


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("100000", "INR", "₹1,00,000"),
        ("₹ 12,34,567.8", "inr", "₹12,34,567.80"),
        ("2500.5", "INR", "₹2,500.50"),
        ("Rs. 500/-", "INR", "₹500"),
        ("-1234567.891", "INR", "-₹12,34,567.89"),
        ("1234567", "USD", "$1,234,567"),
        ("1234567", "EUR", "€1,234,567"),
        ("2500", "GBP", "£2,500"),
        ("2500", "AED", "AED 2,500"),
        ("999.999", "USD", "$1,000"),
        ("-0.004", "USD", "$0"),
        ("2500.5", "JPY", "¥2,501"),
        ("1.2345", "KWD", "KWD 1.235"),
        ("9" * 24, "USD", "$" + ",".join(["999"] * 8)),
        ("many", "INR", None),
    ],
)
def test_money_is_written_as_in_its_country(text: str, currency: str, expected: str | None) -> None:
    """Indian groups for rupees, thousands for others; decimals where there are some."""
    assert money(text, currency) == expected


def test_an_unknown_currency_names_the_known() -> None:
    """A slip is told with what may be written."""
    with pytest.raises(ExpressionError, match=r"AED, .*INR.*USD"):
        money("5", "RUPEES")


def test_a_list_is_no_number() -> None:
    """Two answers are not put together to one."""
    assert number("1, 2") is None
    assert number("1,2") == 1.2
