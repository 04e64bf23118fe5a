"""The filters and tests that expressions may use: ours, and those of Jinja's that are safe, all kept in bounds."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jinja2.filters
import jinja2.tests
from jinja2 import pass_context
from jinja2.runtime import Context

from ingest.errors import Hold
from ingest.mapping.expressions.native import (
    LIMIT,
    Absent,
    AbsentValue,
    ExpressionError,
    check_size,
    is_blank,
    join,
    settle,
    to_text,
    weight,
)
from ingest.mapping.filters import ours
from ingest.mapping.filters.phones import phone
from ingest.mapping.filters.regex import matching
from ingest.mapping.tables.table import lookup

_ANY = """abs count length first float int last list map max min reject rejectattr reverse select selectattr sort
unique""".split()
_WEIGHED = frozenset({"max", "min", "sort", "unique"})
_TEXT = "capitalize lower upper trim wordcount striptags truncate urlencode".split()
_TESTS = """boolean divisibleby eq equalto even false float ge gt greaterthan in integer iterable le lessthan lower lt
mapping ne none number odd sequence string true upper == != > >= < <=""".split()
_MENDS: dict[type[Exception], str] = {TypeError: ": fields are text, `| number` makes numbers of them"}
_WIDTH = re.compile(r"\d{4,}|\*")
_CONVERSION = re.compile(r"%(?:\(([^)]*)\))?[-+ #]*(\d*)(?:\.(\d*))?")


def replaced(text: str, old: str, new: str, count: int = -1) -> str:
    """`text.replace`, after a look at how long the result will be."""
    old, new = to_text(old), to_text(new)
    check_size(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new, count)


def modulo(left: Any, right: Any) -> Any:
    """`%` of numbers, or of a text and its values with widths below 1,000, after a look at how long it will be."""
    if not isinstance(left, str):
        return left % right
    if _WIDTH.search(left):
        raise ExpressionError("the width of a format is too big")
    given = right if isinstance(right, dict | tuple) else (right,)
    named = {key: _put(value) for key, value in (given.items() if isinstance(given, dict) else enumerate(given))}
    sizes = {key: len(value) if isinstance(value, str) else 0 for key, value in named.items()}
    found = [
        (sizes.get(name, 0), int(width or 0), int(digits or 0)) for name, width, digits in _CONVERSION.findall(left)
    ]
    check_size(len(left) + sum(map(sum, found)) + (0 if isinstance(given, dict) else sum(sizes.values())))
    result: str = left % (named if isinstance(given, dict) else tuple(named.values()))
    check_size(len(result))
    return result


def _put(value: Any) -> Any:
    """A value as a format takes it."""
    return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else to_text(value)


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """The value, or another one where it is absent (with `boolean`: where it is false)."""
    return default_value if is_blank(value) or (boolean and not value) else value


def present(value: Any) -> bool:
    """Whether a value is there."""
    return not is_blank(value)


def _join(value: Any, d: str = "", attribute: str | None = None) -> str:
    if attribute is not None:
        raise ExpressionError("join takes no attribute: use map(attribute=…) before it")
    return join(list(value), to_text(d), skip_absent=False)


def _sum(value: Any, start: float = 0) -> Any:
    if not isinstance(start, int | float):
        raise ExpressionError("sum adds numbers only")
    return sum(value, start)


def _round(value: Any, precision: int = 0, method: str = "common") -> Any:
    if not -15 <= precision <= 15:
        raise ExpressionError("round takes a precision between -15 and 15")
    return jinja2.filters.do_round(value, precision, method)  # type: ignore[arg-type]


def _format(text: str, *args: Any, **kwargs: Any) -> Any:
    return modulo(text, kwargs or args)


@pass_context
def _lookup(context: Context, text: str, table: Any, default: Any = None, column: Any = None) -> Any:
    if isinstance(table, str):  # a name, which the mapping was found to have when it was read
        table = getattr(context, "tables", {}).get(table)
    return lookup(text, table, default, column)


_OF_TEXT: dict[str, Callable[..., Any]] = {"format": _format, "lookup": _lookup, "replace": replaced}


def _float(value: Any, default: float = 0.0) -> float | None:
    found = jinja2.filters.do_float(value, default)
    return found if math.isfinite(found) else None


_OF_ANY: dict[str, Callable[..., Any]] = {
    "float": _float,
    "join": _join,
    "round": _round,
    "string": to_text,
    "sum": _sum,
}


def _filter(name: str, function: Callable[..., Any], *, text: bool = False) -> Callable[..., Any]:
    """A filter that an absent input or argument makes absent, and that is given text where it wants text."""
    skip = 1 if hasattr(function, "jinja_pass_arg") else 0  # Jinja gives these the context or environment first
    path = f"the result of {name}"

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        value = args[skip]
        if value is None:
            raise AbsentValue(Absent(name=f"what {name} is given"))
        for one in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(one, Absent):
                raise AbsentValue(one)
        if text and type(value) is not str:
            value = to_text(value)
            args = (*args[:skip], value, *args[skip + 1 :])
        try:
            result = function(*args, **kwargs)
            if type(result) is str and result and len(result) <= LIMIT and not result.isspace():  # nothing to settle
                return result
            check_size(len(result) if isinstance(result, str) else 0)
            result = settle(result, path)
        except (AbsentValue, ExpressionError, Hold):
            raise
        except Exception as error:  # noqa: BLE001 - an author's mistake: what Python says of it helps nobody
            raise ExpressionError(f"{name} does not take what it is given{_MENDS.get(type(error), '')}") from None
        on_purpose = text and is_blank(value) and is_blank(result)  # as after `default('')`
        return "" if on_purpose else result

    return call


def _weighed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that looks at each item of a list, after a look at how much that is."""
    skip = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        weight(args[skip])
        return function(*args, **kwargs)

    return call


def _test(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        skip = 1 if hasattr(function, "jinja_pass_arg") else 0
        if isinstance(args[skip], Absent):
            return name in {"ne", "!="}  # an absent value is nothing but unequal
        return function(*args, **kwargs)

    return call


@functools.lru_cache(maxsize=32)
def filters(country: str) -> dict[str, Callable[..., Any]]:
    """Every filter by its name; `phone` reads local numbers as that country's."""
    jinja = jinja2.filters.FILTERS
    found = {name: _filter(name, _weighed(jinja[name]) if name in _WEIGHED else jinja[name]) for name in _ANY}
    found |= {name: _filter(name, jinja[name], text=True) for name in _TEXT}
    found |= {name: _filter(name, function, text=True) for name, function in ours.OF_TEXT.items()}
    found |= {name: _filter(name, function) for name, function in ours.OF_LISTS.items()}
    found |= {name: _filter(name, function, text=True) for name, function in _OF_TEXT.items()}
    found |= {name: _filter(name, function) for name, function in _OF_ANY.items()}
    found["phone"] = _filter("phone", _phone(country))
    return found | {"default": default, "d": default}


def _phone(home: str) -> Callable[..., str]:
    def call(value: Any, country: str | None = None) -> str:
        return phone(value, country, home=home)

    return call


_JINJA_TESTS: dict[str, Callable[..., Any]] = jinja2.tests.TESTS  # type: ignore[assignment]
TESTS: dict[str, Callable[..., Any]] = {
    **{name: _test(name, _JINJA_TESTS[name]) for name in _TESTS},
    "none": is_blank,
    "present": present,
    "defined": present,
    "undefined": is_blank,
    "matching": _test("matching", matching),
}
