"""Texts that mean something: durations, rates, times, addresses, …. A reader raises what mends one that does not."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers

from ingest.mapping.schema.faults import fault
from ingest.values import normalise_key

DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?/ ?(second|minute|hour|day|week|month)")
_PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 30 * 86_400}
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
TABLE_FILE = re.compile(r"(?:[^/\\.][^/\\]*/)*[^/\\.][^/\\]*\.csv")
PAGE_FILE = re.compile(r"(?:[^/\\.][^/\\]*/)*[^/\\.][^/\\]*\.html")
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
COUNTRY = re.compile(r"[A-Z]{2}")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
PATH = re.compile(r"/(?!/)[^\s\\]*")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
SIGNED = re.compile(r"[^{}]*(?:\{timestamp\}[^{}]*)?\{body\}")
BASE_FILE = re.compile(r"(?:[^/\\]+/)*_[^/\\]*\.yaml")
_NO_HOST = re.compile(r"[\s\x00-\x20!-,;<-@\\^`{-\x7f]")
RESERVED = frozenset("lead payload meta request true false none and or not if else in is".split())
_ZONES = {"IST": "Asia/Kolkata", "INDIA": "Asia/Kolkata", "GST": "Asia/Dubai", "PST": "America/Los_Angeles"}
_LETTERS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_NO_SECRET = re.compile(
    r"""\W*(?:env\W+)?
    (?:[A-Z][A-Z0-9]{0,15}(?:[ ._-][A-Z0-9]{1,16})*|[A-Za-z]+[0-9]{0,3}(?:[ ._-](?:[A-Za-z]+[0-9]{0,3}|[0-9]{1,3}))*)?
    \W*""",
    re.VERBOSE,
)
SHORTEST = 8  # characters of what may be a secret
KEPT_HERE = "A secret stands in the file."
KEPT_HINT = "put it into .env, and the name of its variable here; then change it, for it is known now"


def duration(text: str) -> timedelta:
    """`30s`, `10m`, `24h`, `7d`. Raises ValidationError."""
    found = DURATION.fullmatch(text.strip())
    if not found or not float(found[1]):
        words = re.fullmatch(r"(\d+) ?(s|m|h|d|w)(?:ec|in|r|our|ay|eek)\w*", text.strip().lower())
        hint = f"write {words[1]}{words[2]}" if words else "write it like 30s, 10m, 24h or 7d"
        raise fault("bad_value", "This is no duration.", hint)
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def rate(text: str, example: str = "10/minute") -> tuple[float, timedelta]:
    """`10/minute`: how many, and in which time. Raises ValidationError."""
    found = RATE.fullmatch(text.strip())
    if not found or not float(found[1]):
        words = re.fullmatch(r"(\d+)\D{1,20}?(second|minute|hour|day|week|month)s?|(\d+)/(s|m|h|d|w)\w*", text.lower())
        number, unit = (words[1] or words[3], words[2] or _LETTERS[words[4]]) if words else ("", "")
        hint = f"write {number}/{unit}" if words else f"write it like {example}"
        raise fault("bad_value", "This does not say how many in which time.", hint)
    return float(found[1]), timedelta(seconds=_PERIODS[found[2]])


def cap(text: str) -> tuple[int, timedelta]:
    """`3/week`. Raises ValidationError."""
    count, period = rate(text, "3/week")
    if not count.is_integer():
        raise fault("bad_value", "This is no whole number of messages.", "write it like 3/week")
    return int(count), period


def clock(text: str) -> time:
    """`21:00`. Raises ValidationError."""
    found = CLOCK.fullmatch(text.strip())
    if not found:
        half = re.fullmatch(r"(1[0-2]|0?[1-9])(?:[:.]([0-5][0-9]))? ?([ap])\.?m\.?", text.strip().lower())
        hint = f'"{int(half[1]) % 12 + 12 * (half[3] == "p"):02}:{half[2] or "00"}"' if half else '"21:00"'
        raise fault("bad_value", "This is no time of day.", f"write it like {hint}")
    return time(int(found[1]), int(found[2]))


def zone(text: str) -> ZoneInfo:
    """`Asia/Kolkata`. Raises ValidationError."""
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        from zoneinfo import available_timezones  # noqa: PLC0415 - reads many files, and is wanted only here

        hint = _ZONES.get(text.upper()) or next(iter(difflib.get_close_matches(text, available_timezones(), 1)), None)
        raise fault("bad_value", "This is no time zone.", f"write {hint or 'it like Asia/Kolkata'}") from None


def moment(text: str) -> datetime:
    """A time in ISO 8601, with a zone. Raises ValidationError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1 < found.year < 9999:
        raise fault("bad_value", "This is no time with a zone.", "write it like 2026-11-23T10:00:00+05:30")
    return found


def web_address(text: str) -> str:
    """An address with http or https and a host. Raises ValidationError."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        bare = re.fullmatch(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/\S*)?", text)
        hint = f"write https://{text}" if bare else "write it whole, like https://acme.example/thank-you"
        raise fault("bad_value", "This is no web address.", hint)
    return text


def thanks(text: str) -> str:
    """A web address, or a path. Raises ValidationError."""
    return text if PATH.fullmatch(text) else web_address(text)


def origin(text: str) -> str:
    """`https://acme.example`, in lower case. Raises ValidationError."""
    if text.strip() == "*":
        raise fault("bad_value", "Each site is named by itself.", "leave `origins` out, if any page may post")
    parts = urlsplit(web_address(text))
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise fault(
            "bad_value",
            "Only the beginning of an address is wanted here.",
            f"write {parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        )
    if "*" in parts.netloc:
        hint = f"write {parts.scheme}://{parts.netloc.replace('*', 'www')}, and each other site too"
        raise fault("bad_value", "Each site is named by itself: a `*` stands for nothing here.", hint)
    if _NO_HOST.search(parts.netloc):
        raise fault("bad_value", "This is no site.", "write it like https://acme.example")
    return f"{parts.scheme}://{parts.netloc}".lower()


def table_file(text: str) -> str:
    """The name of a CSV file, relative, and never upwards. Raises ValidationError."""
    if not TABLE_FILE.fullmatch(text):
        raise fault("bad_value", "No file of a table.", "name it relative to this file, like products.csv")
    return text


def page_file(text: str) -> str:
    """The name of a template, relative, and never upwards. Raises ValidationError."""
    if not PAGE_FILE.fullmatch(text):
        raise fault("bad_value", "No file of a page.", "name it relative to this file, like _thanks.html")
    return text


def colour(text: str) -> str:
    """`#0b6b4f`. Raises ValidationError."""
    if not COLOUR.fullmatch(text):
        short = re.fullmatch(r"#?([0-9A-Fa-f])([0-9A-Fa-f])([0-9A-Fa-f])", text.strip())
        bare = re.fullmatch(r"#?([0-9A-Fa-f]{6})", text.strip())
        found = "".join(digit * 2 for digit in short.groups()) if short else bare[1] if bare else ""
        raise fault("bad_value", "This is no colour.", f'write "#{found}"' if found else 'write it like "#0b6b4f"')
    return text


def country(text: str) -> str:
    """`IN`. Raises ValidationError."""
    if text not in phonenumbers.SUPPORTED_REGIONS:
        better = text.strip().upper()
        hint = f"write {better}" if better in phonenumbers.SUPPORTED_REGIONS else "write its two letters, like IN"
        raise fault("bad_value", "This is no country.", hint)
    return text


def language(text: str) -> str:
    """`en`, `hi-IN`. Raises ValidationError."""
    if not LANGUAGE.fullmatch(text):
        raise fault("bad_value", "This is no language.", "write its letters, like en or hi-IN")
    return text


def variable(text: str) -> str:
    """The name of an environment variable. Raises ValidationError, without the text: it may be a secret."""
    if not VARIABLE.fullmatch(text):
        if looks_secret(text):
            raise fault("secret_in_file", KEPT_HERE, KEPT_HINT)
        named = re.fullmatch(r"\W*(?:env\W+)?([A-Z][A-Z0-9]*(?:[ ._-][A-Z0-9]+)*)\W*", text)  # else it may be a secret
        hint = "write a variable's name, like ZAPIER_TOKEN, and what it holds into .env"
        if named:
            hint = f"write {re.sub(r'[ .-]', '_', named[1])}"
        raise fault("bad_value", "This is not the name of an environment variable.", hint)
    return text


def header(text: str) -> str:
    """The name of an HTTP header. Raises ValidationError."""
    if not HEADER.fullmatch(text):
        raise fault("bad_value", "This is not the name of a header.", "write it like X-Signature")
    return text


def signed(text: str) -> str:
    """What is signed: the body, after a time where one is signed too. Raises ValidationError."""
    if not SIGNED.fullmatch(text):
        raise fault("bad_value", "This does not say what is signed.", 'write it like "{timestamp}.{body}"')
    return text


def looks_secret(text: str) -> bool:
    """Whether a text in the place of a variable's name looks like a secret instead."""
    return len(text) >= SHORTEST and not _NO_SECRET.fullmatch(text)


def name(text: str) -> str:
    """A name of letters, digits, `_` and `-`. Raises ValidationError."""
    if not NAME.fullmatch(text):
        raise fault(
            "bad_value",
            "This is no name.",
            "" if looks_secret(text) else f"write {re.sub(r'[^A-Za-z0-9_-]+', '_', text)[:64]}",
        )
    return text


def field_name(text: str) -> str:
    """The name of a form's field. Raises ValidationError."""
    if text.startswith("_"):
        better = text.lstrip("_")
        hint = f"write {better}" if better else "write it like full_name"
        raise fault("bad_value", "Names that begin with `_` are control fields, and no fields of a lead.", hint)
    if normalise_key(text) == "_":
        raise fault("bad_value", "This is no name of a field.", "write it like full_name")
    return text


def let_name(text: str) -> str:
    """A name that expressions can use. Raises ValidationError."""
    if not text.isidentifier() or text.startswith("__"):
        better = re.sub(r"\W+", "_", text.strip().lstrip("0123456789")).strip("_")
        hint = f"write {better}" if better else "use letters, digits and _"
        raise fault("bad_value", f"`{text}` is no name for an expression.", hint)
    if text.lower() in RESERVED:
        raise fault("bad_value", f"`{text}` has a meaning of its own.", "choose another name")
    return text
