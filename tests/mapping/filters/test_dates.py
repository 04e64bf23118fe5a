from __future__ import annotations

import pytest

from ingest.mapping.expressions.native import ExpressionError
from ingest.mapping.filters.dates import date


@pytest.mark.parametrize(
    "text",
    [
        *("24/11/2026", "24-11-2026", "24.11.2026", "24/11/26", "2026/11/24", "2026.11.24", "11/24/2026", "20261124"),
        *("24 Nov 2026", "24-Nov-2026", "24-Nov-26", "24th November, 2026", "24 november 2026", "Nov 24, 2026"),
        *("November 24th 2026", "2026-Nov-24", "24 of Nov 2026", "24 Nov '26", "Tuesday, 24 November 2026"),
        *("२४/११/२०२६", "24 नवंबर 2026", "24 नवम्बर 2026"),
    ],
)
def test_dates_are_read_as_people_write_them(text: str) -> None:
    """Forms and sheets have many ways to write a day."""
    assert date(text, "%Y-%m-%d") == "2026-11-24"


@pytest.mark.parametrize(
    "text",
    [
        *("24/11/2026 5:30 PM", "24/11/2026 05:30pm", "24/11/2026, 17:30:00", "24-11-2026 17:30", "24.11.2026 17.30"),
        *("Nov 24, 2026 at 5:30 p.m.", "2026-11-24 5:30 PM", "2026-11-24T17:30", "2026-11-24T12:00:00Z"),
        *("Tue, 24 Nov 2026 12:00:00 +0000", "Tue Nov 24 2026 17:30:00 GMT+0530 (India Standard Time)"),
        *("24/11/2026 12:00 UTC", "24/11/2026 17:30 +05:30", "1795521600", "1795521600000"),
    ],
)
def test_times_are_read_with_their_zone_or_the_one_asked_for(text: str) -> None:
    """What names no zone is a time of the place that the mapping names."""
    assert date(text, "%Y-%m-%d %H:%M", "Asia/Kolkata") == "2026-11-24 17:30"


def test_the_day_comes_first_unless_it_is_said_otherwise() -> None:
    """Where day and month could be either, India's order holds."""
    assert date("3/4/2026") == "03 Apr 2026"
    assert date("3/4/2026", order="mdy") == "04 Mar 2026"
    assert date("24/11/2026", order="mdy") == "24 Nov 2026"
    assert date("26/11/24", order="ymd") == "24 Nov 2026"
    assert date("1/2/85") == "01 Feb 1985"


@pytest.mark.parametrize(
    "text",
    [
        *("13/13/2026", "31/02/2026", "0000-00-00", "24/11-2026", "24/11/20261", "202/1/24", "1/1/1", "24 xyz 2026"),
        *("Nov 24", "24/11/2026 5", "24/11/2026 13:00 PM", "24/11/2026 24:00", "Foo, 24 Nov 2026", "soon", "5:30 PM"),
        *("99999999999999", "9" * 200, "24 Nov 2026" * 1000, "\ud800", "\0"),
    ],
)
def test_what_is_no_day_is_absent(text: str) -> None:
    """Nothing is guessed."""
    assert date(text) is None


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%-d %-m %-I:%M %P", "5 1 9:07 am"),
        ("%e|%F %T|%D %R", " 5|2026-01-05 09:07:00|01/05/26 09:07"),
        ("%c|%:z|%s|%%", "Mon Jan  5 09:07:00 2026|+05:30|1767584220|%"),
        ("दिन %d\0\ud800", "दिन 05\0\ud800"),
    ],
)
def test_forms_are_the_same_on_every_machine(form: str, expected: str) -> None:
    """What differs between platforms is written by ourselves."""
    assert date("2026-01-05T03:37:00Z", form, "Asia/Kolkata") == expected


@pytest.mark.parametrize("form", ["%100000d", "%Q", "%", "a%", "%_d", "%Ed", "%-", "x" * 2000])
def test_forms_that_are_none_are_errors(form: str) -> None:
    """No width makes a result grow, and no platform's own codes get through."""
    with pytest.raises(ExpressionError, match="format"):
        date("2026-01-05", form)


def test_the_ends_of_the_calendar_are_no_trouble() -> None:
    """A day that another zone's calendar does not have is absent."""
    assert date("0001-01-01T00:00:00Z", "%Y", "America/New_York") is None
    assert date("9999-12-31T23:59:59Z", "%Y", "Asia/Kolkata") is None
    assert date("0099-01-02", "%Y") == "0099"
