from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ingest.mapping.names import first_name, last_name, title
from ingest.mapping.native import ExpressionError, join, to_text

_MAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,10}[^\W\d_][\w-]{0,61}[^\W_]")
_NUMBER = re.compile(r"[-+]?(?:\d[\d,.]*|\.\d+)")
_SCIENCE = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,2}")
_MONEY = re.compile(r"^(?:rs\.?|inr|usd|eur|gbp|aed)|(?:/-|rs\.?|inr|usd|eur|gbp|aed)$", re.IGNORECASE)
_UNIX = re.compile(r"\d{9,14}(?:\.\d+)?")
_YES = frozenset(
    """yes y yeah yep true t 1 on ok okay checked selected agree agreed accept accepted consent subscribe
    haan han haa ha ji हाँ हां हा जी होय હા ਹਾਂ হ্যাঁ হাঁ ஆம் ஆமாம் అవును ಹೌದು അതെ ହଁ جی ہاں""".split()
) | {"i agree", "i accept", "i consent", "yes please", "ji haan", "haan ji", "जी हाँ", "जी हां", "opted in", "opt in"}


def words(value: Any) -> str:
    """The words of a text, or of a list of texts, with one blank between them; what is absent is left out.

    >>> words(["Asha", "  Rao "])
    'Asha Rao'
    >>> words("Asha   Rao")
    'Asha Rao'
    """
    return " ".join(join(value, " ", skip_absent=True).split())


def joined(value: Any, sep: str = ", ") -> str:
    """A list as one text; what is absent is left out.

    >>> joined(["Pune", "Delhi"])
    'Pune, Delhi'
    >>> joined(["Pune", "Delhi"], sep=" / ")
    'Pune / Delhi'
    """
    return join(value, to_text(sep), skip_absent=True)


def digits(text: str) -> str:
    """The digits of a text, of any script, as 0 to 9.

    >>> digits("Order १२-34")
    '1234'
    """
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def email(text: str) -> str | None:
    """A mail address, its domain in lower case; absent where the text is none.

    >>> email(" Asha.Rao@Example.COM ")
    'Asha.Rao@example.com'
    >>> email("none") is None
    True
    """
    shown = text if text.isascii() else "".join(c for c in text if unicodedata.category(c) != "Cf")
    shown = shown.strip().removeprefix("mailto:")
    if len(shown) > 254 or not _MAIL.fullmatch(shown) or ".." in shown or shown.startswith(".") or ".@" in shown:
        return None
    local, _, domain = shown.rpartition("@")
    return f"{local}@{domain.lower()}"


def number(text: str) -> int | float | None:
    """A number as people write it, Indian groups and currencies too; absent where the text is none.

    >>> number("1,00,000")
    100000
    >>> number("₹ 2,500.50")
    2500.5
    >>> number("2 500")
    2500
    >>> number("Rs. 500/-")
    500
    >>> number("many") is None
    True
    """
    if len(text) > 64:
        return None
    if text.isascii():
        plain = "".join(text.split()).replace("$", "")
    else:
        plain = unicodedata.normalize("NFKC", text)
        plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)
        plain = "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in {"Sc", "Cf"})
    plain = _MONEY.sub("", plain.replace("−", "-").replace("'", ""))
    if _SCIENCE.fullmatch(plain):
        value = float(plain)
    elif _NUMBER.fullmatch(plain):
        value = float(_points(plain))
    else:
        return None
    if not value.is_integer():
        return value
    return int(_points(plain).partition(".")[0] or 0) if _NUMBER.fullmatch(plain) else int(value)


def _points(text: str) -> str:
    """The last of two kinds of mark is the decimal point; a comma alone is one unless three digits follow it."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
    elif text.count(",") == 1 and len(text) - comma - 1 != 3:
        decimal = ","
    else:
        decimal = "." if text.count(".") == 1 else ""
    whole, _, fraction = text.partition(decimal) if decimal and text.count(decimal) == 1 else (text, "", "")
    return f"{whole.replace(',', '').replace('.', '')}.{fraction.replace(',', '')}"


def date(text: str, format: str = "%d %b %Y", zone: str = "UTC") -> str | None:
    """A moment in a form and zone of your choice, read from ISO 8601 or Unix time; absent where the text is none.

    A time without a zone is taken to be in the zone asked for.

    >>> date("2022-02-03T16:16:51+0000")
    '03 Feb 2022'
    >>> date("1588890044", "%d.%m.%Y %H:%M", "Asia/Kolkata")
    '08.05.2020 03:50'
    >>> date("2026-11-23", "%A")
    'Monday'
    """
    try:
        there = ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        raise ExpressionError("date does not know the zone: write one like Asia/Kolkata") from None
    moment = _moment(text.strip())
    if moment is None:
        return None
    return (moment.astimezone(there) if moment.tzinfo else moment.replace(tzinfo=there)).strftime(format)


def _moment(text: str) -> datetime | None:
    try:
        if _UNIX.fullmatch(text):
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None


def lookup(text: str, table: Mapping[Any, Any], default: Any = None) -> Any:
    """The table's value for a text, upper and lower case alike; else the default, else absent.

    >>> lookup(" pune", {"Pune": "West", "Delhi": "North"})
    'West'
    >>> lookup("Goa", {"Pune": "West"}, "Elsewhere")
    'Elsewhere'
    """
    if not isinstance(table, Mapping):
        raise ExpressionError("lookup wants a table, like {'Pune': 'West'}")
    asked = text.strip().casefold()
    return next((value for key, value in table.items() if to_text(key).strip().casefold() == asked), default)


def yes(value: Any) -> bool:
    """Whether an answer means yes; of several answers, whether all of them do.

    >>> yes("Haan"), yes("1"), yes("Yes, I agree"), yes("no")
    (True, True, True, False)
    """
    if isinstance(value, list | tuple):
        return bool(value) and all(yes(item) for item in value)
    answer = unicodedata.normalize("NFC", to_text(value)).casefold().strip(" \t\n\r.!✓✔☑\u200b\u200e\u200f")
    return answer in _YES or answer.split(",")[0].strip() in _YES


OF_TEXT: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (first_name, last_name, title, digits, email, number, date, lookup)
}
"""Filters that are given text: a list comes to them written out."""

OF_LISTS: dict[str, Callable[..., Any]] = {each.__name__: each for each in (words, joined, yes)}
"""Filters that are given what stands before them."""
