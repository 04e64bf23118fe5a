"""The kinds of values that a mapping's keys take, as marshmallow fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import marshmallow as ma

DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|m|h|d|w)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?/ ?(second|minute|hour|day|week|month)")
_PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 30 * 86_400}
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
TABLE_FILE = re.compile(r"(?:[^/\\.][^/\\]*/)*[^/\\.][^/\\]*\.csv")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
PATH = re.compile(r"/(?!/)[^\s\\]*")
BASE_FILE = re.compile(r"(?:[^/\\]+/)*_[^/\\]*\.yaml")
RESERVED = frozenset("lead payload meta request true false none and or not if else in is".split())


class Fault(str):
    """A fault's sentence, with its code and hint."""

    __slots__ = ("code", "hint")
    code: str
    hint: str

    def __new__(cls, code: str, message: str, hint: str = "") -> Fault:
        """A str can be given its other parts only here."""
        fault = super().__new__(cls, message)
        fault.code, fault.hint = code, hint
        return fault


def fault(code: str, message: str, hint: str = "") -> ma.ValidationError:
    """A fault to raise from a field or a schema."""
    return ma.ValidationError(Fault(code, message, hint))


class Strict(ma.Schema):
    """Unknown keys are faults, as marshmallow has it by default."""

    def across(self) -> dict[str, Any]:
        """What `validates_schema` asks across keys, in the words of JSON Schema."""
        return {}


def about(description: str, *examples: Any, **more: Any) -> dict[str, Any]:
    """A field's metadata: what it is, examples of its value, and what else editors should know, as JSON Schema."""
    return {"description": description, **({"examples": list(examples)} if examples else {}), **more}


def ruled_out(sentence: str) -> dict[str, Any]:
    """A key that may not be there, in the words of JSON Schema; editors show the sentence."""
    return {"type": "null", "errorMessage": sentence, "doNotSuggest": True}


def one_of(*choices: str) -> ma.validate.OneOf:
    """One of these words."""
    return ma.validate.OneOf(choices, error=f"Must be one of {', '.join(choices)}.")


class Text(ma.fields.String):
    """Text, never a number or a truth value in its place."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | int | float | Decimal):
            raise fault("wrong_type", "Must be text.", f'put it in quotes: "{value}"'.replace("True", "true"))
        if not isinstance(value, str):
            raise fault("wrong_type", f"Must be text, and is {_kind(value)}.")
        return super()._deserialize(value, attr, data, **kwargs)


class Template(Text):
    """Text with expressions in `{{ }}`, or without any. Whether they are right is asked when they are compiled."""


class Condition(ma.fields.Field[Any]):
    """A bare expression; `true` and `false` are expressions too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if not isinstance(value, str | bool) or value == "":
            raise fault("wrong_type", "Must be an expression.", "like lead.city == 'Pune'")
        return value


class Read(Text):
    """Text that `read` understands; the value stays the text."""

    def __init__(self, read: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        self.read(text := super()._deserialize(value, attr, data, **kwargs))
        return text


class Flag(ma.fields.Field[bool]):
    """`true` or `false`, and no number in their place."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if not isinstance(value, bool):
            raise fault("wrong_type", "Must be true or false.")
        return value


class Number(ma.fields.Float):
    """A number, and no text that looks like one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            raise fault("wrong_type", "Must be a number.", "leave the quotes out")
        return super()._deserialize(value, attr, data, **kwargs)


class Either(ma.fields.Field[Any]):
    """One of several kinds, told apart by how it is written: a list, a set of keys, or anything else, `plain`."""

    def __init__(
        self,
        plain: ma.fields.Field[Any],
        *,
        listed: ma.fields.List[Any] | None = None,
        keyed: ma.fields.Dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plain, self.listed, self.keyed = plain, listed, keyed

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        kinds: dict[type, ma.fields.Field[Any] | None] = {list: self.listed, dict: self.keyed}
        return (kinds.get(type(value)) or self.plain).deserialize(value)


def _kind(value: Any) -> str:
    return {dict: "a set of keys", list: "a list", type(None): "nothing"}.get(type(value), "something else")


def duration(text: str) -> timedelta:
    """`30s`, `10m`, `24h`, `7d`. Raises ValidationError."""
    found = DURATION.fullmatch(text.strip())
    if not found or not float(found[1]):
        raise fault("bad_value", "No duration.", "write 30s, 10m, 24h or 7d")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def rate(text: str) -> tuple[float, timedelta]:
    """`10/minute`: how many, and in which time. Raises ValidationError."""
    found = RATE.fullmatch(text.strip())
    if not found or not float(found[1]):
        raise fault("bad_value", "No rate.", "write it like 10/minute")
    return float(found[1]), timedelta(seconds=_PERIODS[found[2]])


def cap(text: str) -> tuple[int, timedelta]:
    """`3/week`. Raises ValidationError."""
    count, period = rate(text)
    if not count.is_integer():
        raise fault("bad_value", "No whole number of messages.", "write it like 3/week")
    return int(count), period


def clock(text: str) -> time:
    """`21:00`. Raises ValidationError."""
    found = CLOCK.fullmatch(text.strip())
    if not found:
        raise fault("bad_value", "No time of day.", "write it like 21:00")
    return time(int(found[1]), int(found[2]))


def zone(text: str) -> ZoneInfo:
    """`Asia/Kolkata`. Raises ValidationError."""
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise fault("bad_value", "No time zone.", "write it like Asia/Kolkata") from None


def moment(text: str) -> datetime:
    """A time in ISO 8601, with a zone. Raises ValidationError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1 < found.year < 9999:
        raise fault("bad_value", "No time with a zone.", "write it like 2026-11-23T10:00:00+05:30")
    return found


def web_address(text: str) -> str:
    """An address with http or https and a host. Raises ValidationError."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise fault("bad_value", "No web address.", "write it whole, like https://acme.example/thank-you")
    return text


def thanks(text: str) -> str:
    """A web address, or a path. Raises ValidationError."""
    return text if PATH.fullmatch(text) else web_address(text)


def origin(text: str) -> str:
    """`https://acme.example`, in lower case. Raises ValidationError."""
    parts = urlsplit(web_address(text))
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise fault("bad_value", "No origin.", f"leave out what follows the host: {parts.scheme}://{parts.netloc}")
    return f"{parts.scheme}://{parts.netloc}".lower()


def table_file(text: str) -> str:
    """The name of a CSV file, relative, and never upwards. Raises ValidationError."""
    if not TABLE_FILE.fullmatch(text):
        raise fault("bad_value", "No file of a table.", "name it relative to this file, like products.csv")
    return text


def variable(text: str) -> str:
    """The name of an environment variable. Raises ValidationError, without the text: it may be a secret."""
    if not VARIABLE.fullmatch(text):
        raise fault("bad_value", "No name of an environment variable.", "name it here, and put the value into .env")
    return text


def name(text: str) -> str:
    """A name of letters, digits, `_` and `-`. Raises ValidationError."""
    if not NAME.fullmatch(text):
        raise fault("bad_value", "No name.", "use letters, digits, _ and -")
    return text


def let_name(text: str) -> str:
    """A name that expressions can use. Raises ValidationError."""
    if not text.isidentifier() or text.startswith("__"):
        raise fault("bad_value", "No name for an expression.", "use letters, digits and _")
    if text.lower() in RESERVED:
        raise fault("bad_value", "A word with a meaning of its own.", "choose another name")
    return text
