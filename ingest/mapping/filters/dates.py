from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ingest.mapping.expressions.native import ExpressionError, check_size, to_text
from ingest.mapping.filters.texts import ascii_digits

ORDERS = ("dmy", "mdy", "ymd")

_LONGEST = 100  # characters of a date
_LONGEST_FORM = 1000
_UNIX = re.compile(r"\d{9,13}(?:\.\d+)?")
_CENTURY = 69  # two digits from here on are 19xx, as strptime has it
_MONTHS = {
    name: number
    for number, names in enumerate(
        """january जनवरी|february फरवरी फरवारी|march मार्च|april अप्रैल|may मई|june जून|july जुलाई|august अगस्त
        |september सितंबर सितम्बर|october अक्टूबर अक्तूबर|november नवंबर नवम्बर|december दिसंबर दिसम्बर""".split("|"),
        start=1,
    )
    for name in names.split()
}
_DATE = re.compile(
    r"""(?:(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\ +)?
    (?:
        (?P<a>\d{4}|\d{1,2}) (?P<mark>[-/.]) (?P<b>\d{1,2}) (?P=mark) (?P<c>\d{4}|\d{1,2})
      | (?P<d1>\d{1,2})(?:st|nd|rd|th)? [-\ /.,]{0,2} (?:of\ )?
        (?P<m1>[^\W\d_][^\s\d\-/.,]{1,9}) [-\ /.,]{0,2} '?(?P<y1>\d{4}|\d\d)
      | (?P<m2>[^\W\d_][^\s\d\-/.,]{1,9}) [-\ /.]{0,2} (?P<d2>\d{1,2})(?:st|nd|rd|th)? (?:,\ ?|[-\ /.]) (?P<y2>\d{4})
      | (?P<y3>\d{4}) [-\ /.] (?P<m3>[^\W\d_][^\s\d\-/.,]{1,9}) [-\ /.] (?P<d3>\d{1,2})
    )
    (?: (?:,?\ +(?:at\ )?|t)
        (?P<hour>\d{1,2}) (?:[:.](?P<minute>\d\d))? (?::(?P<second>\d\d)(?:[.,]\d{1,9})?)? \ ?(?P<half>[ap]\.?m\.?)?
        (?:\ ?(?P<offset>z|utc|gmt|(?:utc|gmt)?[-+]\d\d:?\d\d)\b (?:\ \([^()]*\))? )?
    )?""",
    re.VERBOSE,
)
_FORM = re.compile(r"%(-?)(:z|.)?", re.DOTALL)
_LONG_FORMS = {
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "c": "%a %b %e %H:%M:%S %Y",
    "h": "%b",
    "r": "%I:%M:%S %p",
    "x": "%m/%d/%y",
}
_PORTABLE = "aAbBdHIjmMpSUuVwWyzZGf"
_OURS: dict[str, Callable[[datetime], str]] = {
    "%": lambda _: "%",
    ":z": lambda moment: f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:5],
    "P": lambda moment: moment.strftime("%p").lower(),
    "Y": lambda moment: f"{moment.year:04}",
    "e": lambda moment: f"{moment.day:2}",
    "s": lambda moment: str(int(moment.timestamp())),
}


def date(text: str, format: str = "%d %b %Y", zone: str = "UTC", order: str = "dmy") -> str | None:
    """A moment in a form and zone of your choice; absent where the text is none.

    Read are ISO 8601, Unix times, and what forms and sheets write: `24/11/2026 5:30 PM`, `24 Nov 2026`. Where day and
    month could be either, the day comes first; `order` says otherwise: `mdy`, or `ymd` for years of two digits. What
    can't be so is read the other way round. A time without a zone is taken to be in the zone asked for.

    >>> date("2022-02-03T16:16:51+0000")
    '03 Feb 2022'
    >>> date("1588890044", "%d.%m.%Y %H:%M", "Asia/Kolkata")
    '08.05.2020 03:50'
    >>> date("2026-11-23", "%A")
    'Monday'
    >>> date("3/4/2026 5:30 PM", "%-d %B, %H:%M"), date("3/4/2026", order="mdy"), date("11/24/2026")
    ('3 April, 17:30', '04 Mar 2026', '24 Nov 2026')
    """
    there, form, first = known_zone(zone), known_format(format), known_order(order)
    try:
        moment = _moment(ascii_digits(text.strip()), first) if len(text) <= _LONGEST else None
        if moment is None:
            return None
        return _written(moment.astimezone(there) if moment.tzinfo else moment.replace(tzinfo=there), form)
    except (ValueError, OverflowError, OSError):  # a day that is not, or one beyond what a calendar holds
        return None


def known_zone(zone: Any) -> ZoneInfo:
    """A time zone. Raises ExpressionError."""
    try:
        return ZoneInfo(to_text(zone))
    except (ValueError, OSError, LookupError):
        raise ExpressionError("date does not know the zone: write one like Asia/Kolkata") from None


def known_order(order: Any) -> str:
    """Which of day, month and year comes first. Raises ExpressionError."""
    if order not in ORDERS:
        raise ExpressionError(f"date takes as order {', '.join(ORDERS[:-1])} or {ORDERS[-1]}")
    return str(order)


def known_format(format: Any) -> str:
    """A form that the filter `date` can write. Raises ExpressionError."""
    return _known_form(to_text(format))


def telling_format(format: Any) -> str:
    """A form that tells something of the time: one without any % is the same text for all. Raises ExpressionError."""
    form = known_format(format)
    if not _FORM.search(form):
        raise ExpressionError("date has parts like %d, %m and %Y in its format: '%d/%m/%Y' gives 24/11/2026")
    return form


@lru_cache(maxsize=256)
def _known_form(form: str) -> str:
    if len(form) > _LONGEST_FORM:
        raise ExpressionError(f"the format of date is longer than {_LONGEST_FORM:,} characters")
    for _, code in _FORM.findall(form):
        if code not in {*_OURS, *_LONG_FORMS, *_PORTABLE}:
            raise ExpressionError("date does not know a % of its format: it knows those of strftime, like %d %b %Y")
    return form


def _written(moment: datetime, form: str) -> str:
    if _is_plain(form) and moment.year > 999:
        return moment.strftime(form)

    def put(found: re.Match[str]) -> str:
        bare, code = found.groups()
        if code in _LONG_FORMS:
            text = _written(moment, _LONG_FORMS[code])
        else:
            text = _OURS[code](moment) if code in _OURS else moment.strftime(f"%{code}")
        return text.lstrip("0 ") or "0" if bare else text

    written = _FORM.sub(put, form)
    check_size(len(written))
    return written


@lru_cache(maxsize=256)
def _is_plain(form: str) -> bool:
    """Whether every platform's own strftime writes it, and writes the same."""
    codes = {(bare, code) for bare, code in _FORM.findall(form)}
    return form.isascii() and "\0" not in form and codes <= {("", code) for code in "Y" + _PORTABLE}


def _moment(text: str, order: str) -> datetime | None:
    """What a text says, with its zone where it has one. Raises ValueError and OverflowError for what is no day."""
    if _UNIX.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text).replace("\u093c", "")
        text = " ".join(unicodedata.normalize("NFC", plain).split())
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found = _DATE.fullmatch(" ".join(text.lower().split()))
        return _read(found.groupdict(), order) if found else None


def _read(said: dict[str, str | None], order: str) -> datetime | None:
    year, month, day = _numeric(said, order) if said["a"] else _named(said)
    hour, half = int(said["hour"] or 0), said["half"]
    if not month or (said["hour"] and not (said["minute"] or half)):
        return None
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    minute, second = int(said["minute"] or 0), int(said["second"] or 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=_offset(said["offset"]))


def _numeric(said: dict[str, str | None], order: str) -> tuple[int, int, int]:
    """Year, month and day of three numbers; the year is where four digits are, else where `order` has it."""
    first, second, third = said["a"] or "", said["b"] or "", said["c"] or ""
    if len(first) > 2 or (order == "ymd" and len(third) <= 2):
        return _year(first), int(second), int(third)
    one, two = int(first), int(second)
    day, month = (two, one) if order == "mdy" else (one, two)
    if month > 12 >= day:
        day, month = month, day
    return _year(third), month, day


def _named(said: dict[str, str | None]) -> tuple[int, int, int]:
    """Year, month and day where the month is a name; month 0 where the name is none."""
    year, name, day = next((said[f"y{n}"], said[f"m{n}"], said[f"d{n}"]) for n in (1, 2, 3) if said[f"y{n}"])
    name = name or ""
    alike = (number for month, number in _MONTHS.items() if len(name) > 2 and month.startswith(name))
    return _year(year or ""), _MONTHS.get(name) or next(alike, 0), int(day or 0)


def _year(text: str) -> int:
    year = int(text) if len(text) > 1 else 0  # which no calendar has
    return year if len(text) != 2 else year + (1900 if year >= _CENTURY else 2000)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    sign, hours, minutes = text[-6 if ":" in text else -5 :][:1], text.replace(":", "")[-4:-2], text[-2:]
    if not minutes.isdecimal():
        return UTC
    return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes)))
