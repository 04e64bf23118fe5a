"""Values inside expressions: what is absent, and how a value is written out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

from jinja2 import Undefined

from ingest.values import MAX_DEPTH, clean, number_text

_LISTS = (list, tuple)
_NESTED = (list, tuple, dict)
LIMIT = 65_536
"""What a result, and any text or list on the way to it, may hold: 64 kB, or as many items."""
MAX_TEXT = 64 * LIMIT
"""How much text the items of a list may hold together: as much as a lead."""


class AbsentValue(Exception):  # noqa: N818 - a signal, not an error
    """An absent value was written out or given to a filter: the whole expression is absent."""

    def __init__(self, absent: Absent) -> None:
        super().__init__(absent.path)
        self.absent = absent


class ExpressionError(Exception):
    """An expression asks for what can't be had. The message holds no data."""


class Absent(Undefined):
    """A value that is not there. False, unequal to everything, and gone as soon as it is used."""

    __slots__ = ("cause", "path")

    def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None, *, cause: str = "") -> None:
        super().__init__(hint, obj, name)
        self.path = name or hint or "the value"
        self.cause = cause

    def __str__(self) -> str:
        raise AbsentValue(self)

    def describe(self) -> str:
        """`lead.city is absent`."""
        return f"{self.path} is absent" + (f" ({self.cause})" if self.cause else "")

    def __repr__(self) -> str:
        return f"<absent {self.path}>"

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)

    def __contains__(self, item: object) -> bool:
        return False

    def __getitem__(self, _: Any) -> Absent:  # type: ignore[override]
        return self

    def _used(self, *_: Any) -> NoReturn:
        raise AbsentValue(self)

    __iter__ = __len__ = __int__ = __float__ = __complex__ = __index__ = __format__ = _used
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = __call__ = _used
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __pow__ = __rpow__ = _used
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _used


def is_blank(value: Any) -> bool:
    """Whether a value counts as absent: absent, none, blank text, an empty list."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or isinstance(value, Absent) or (isinstance(value, _LISTS) and not value)


def settle(value: Any, name: str) -> Any:
    """A result as expressions see it: lists instead of generators, Absent instead of nothing."""
    if isinstance(value, str):
        return value if value and not value.isspace() else Absent(name=name)
    if isinstance(value, Iterator):
        value = bounded(value)
    return Absent(name=name) if is_blank(value) and not isinstance(value, Absent) else value


def bounded(items: Iterable[Any]) -> list[Any]:
    """The items as a list. Raises ExpressionError when they grow over the limit."""
    kept: list[Any] = []
    size = 0
    for item in items:
        size += len(item) + 1 if isinstance(item, str) else weight(item)[0]
        check_size(size)
        kept.append(item)
    return kept


def weight(value: Any, count: int = 1) -> tuple[int, int]:
    """How many items a value has, so many times, and how much text: each as often as it stands there.

    Raises ExpressionError where it is too much; lists that hold one list twice, and so on, never are written out.
    """
    items = text = 0
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for one in level:
            items += 1
            text += len(one) if isinstance(one, str) else 0
            if isinstance(one, _NESTED):
                below += one.values() if isinstance(one, dict) else one
            if (items + len(below)) * count > LIMIT or text * count > MAX_TEXT:
                raise ExpressionError(f"a list is over {LIMIT:,} items, or {MAX_TEXT // 1024:,} kB")
        if not below:
            return items * count, text * count
        level = below
    raise ExpressionError("a list is nested too deeply")


def check_size(size: int) -> None:
    """Raises ExpressionError for a text or list over the limit."""
    if size > LIMIT:
        raise ExpressionError(f"the result is over {LIMIT // 1024} kB")


def scalars(value: Any, *, skip_absent: bool) -> Iterator[Any]:
    """What a list holds, lists in it opened; anything else is itself."""
    if isinstance(value, _LISTS):
        for item in value:
            yield from scalars(item, skip_absent=skip_absent)
    elif not (skip_absent and is_blank(value)):
        yield value


def join(value: Any, separator: str, *, skip_absent: bool) -> str:
    """A list as one text. Raises AbsentValue for an absent item that is not to be skipped."""
    parts: list[str] = []
    size = 0
    for item in scalars(value, skip_absent=skip_absent):
        part = to_text(item)
        size += len(part) + max(len(separator), 1)
        check_size(size - len(separator))
        parts.append(part)
    return separator.join(parts)


def to_text(value: Any) -> str:
    """A value written out: numbers as JSON writes them, lists joined by `, `. Raises AbsentValue."""
    if isinstance(value, str):
        return value
    if isinstance(value, Absent):
        raise AbsentValue(value)
    match value:
        case None:
            raise AbsentValue(Absent(name="the value"))
        case bool():
            return "true" if value else "false"
        case float():
            whole = value.is_integer() and abs(value) < 1e15
            return str(int(value)) if whole else format(value, ".15g")
        case int() | Decimal():
            return number_text(value)
        case list() | tuple():
            return join(value, ", ", skip_absent=False)
    raise ExpressionError("an object is no text: name one of its fields")


def final_text(value: Any) -> str:
    """What leaves an expression: clean text without white space around it, at most 64 kB."""
    if type(value) is str and len(value) <= LIMIT and value.isascii() and "\0" not in value:  # nearly all are so
        return value.strip()
    text = clean(to_text(value)).strip()
    check_size(len(text) if text.isascii() else len(text.encode()))
    return text
