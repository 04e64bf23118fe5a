"""The filters and tests that expressions may use: ours, and those of Jinja's that are safe, all kept in bounds."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jinja2.filters
import jinja2.tests
import re2

from ingest.mapping import filters as ours
from ingest.mapping.native import (
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
from ingest.mapping.phones import phone

_ANY = """abs count length first float int last list map max min reject rejectattr reverse select selectattr sort
unique""".split()
_WEIGHED = frozenset({"max", "min", "sort", "unique"})
_TEXT = "capitalize lower upper trim wordcount striptags truncate urlencode".split()
_TESTS = """boolean divisibleby eq equalto even false float ge gt greaterthan in integer iterable le lessthan lower lt
mapping ne none number odd sequence string true upper == != > >= < <=""".split()
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


def matching(value: Any, pattern: str) -> bool:
    """Whether the pattern (RE2) is found in the text."""
    return _pattern(to_text(pattern)).search(to_text(value)) is not None


def regex_search(text: str, pattern: str, group: int | str | None = None) -> Any:
    """What the pattern (RE2) finds: the group asked for, or the first, or all of it."""
    found = _pattern(pattern).search(text)
    if not found:
        return None
    return found.group((1 if found.re.groups else 0) if group is None else group)


def regex_replace(text: str, pattern: str, new: str = "") -> str:
    """The text with each find of the pattern (RE2) replaced by `new`, as it stands."""
    size = len(text)

    def put(_: Any) -> str:
        nonlocal size
        size += len(new)
        check_size(size)
        return new

    return str(_pattern(pattern).sub(put, text))


@functools.lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error:
        raise ExpressionError("the regular expression is not understood") from None


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


_OF_TEXT: dict[str, Callable[..., Any]] = {
    "format": _format,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
    "replace": replaced,
}
_OF_ANY: dict[str, Callable[..., Any]] = {"join": _join, "round": _round, "string": to_text, "sum": _sum}


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
        result = function(*args, **kwargs)
        if type(result) is str and result and not result.isspace():  # nothing to settle
            return result
        result = settle(result, path)
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
    def call(*args: Any) -> Any:
        skip = 1 if hasattr(function, "jinja_pass_arg") else 0
        if isinstance(args[skip], Absent):
            return name in {"ne", "!="}  # an absent value is nothing but unequal
        return function(*args)

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
    found["phone"] = _filter("phone", functools.partial(phone, home=country))
    return found | {"default": default, "d": default}


_JINJA_TESTS: dict[str, Callable[..., Any]] = jinja2.tests.TESTS  # type: ignore[assignment]
TESTS: dict[str, Callable[..., Any]] = {
    **{name: _test(name, _JINJA_TESTS[name]) for name in _TESTS},
    "none": is_blank,
    "present": present,
    "defined": present,
    "undefined": is_blank,
    "matching": _test("matching", matching),
}
