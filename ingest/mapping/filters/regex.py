from __future__ import annotations

import functools
from typing import Any

import re2

from ingest.mapping.expressions.native import ExpressionError, check_size, to_text
from ingest.values import clean

MAX_PATTERN = 4000  # characters: linear in the text is also linear in the pattern


def match(text: str, pattern: str) -> bool:
    r"""Whether the pattern (RE2) is found in the text; `^` and `$` ask for all of it.

    >>> match("AB12", "^[A-Z]{2}[0-9]+$"), match("AB12 ", "^[A-Z]{2}[0-9]+$"), match("AB12 ", "[0-9]")
    (True, False, True)
    """
    return compiled(pattern).search(clean(text)) is not None


def matching(value: Any, pattern: str) -> bool:
    """The test of what the filter `match` tells."""
    return match(to_text(value), pattern)


def regex_search(text: str, pattern: str, group: int | str | None = None) -> Any:
    """What the pattern (RE2) finds: the group asked for, or the first, or all of it.

    >>> regex_search("Order 1234", "[0-9]+"), regex_search("Order 1234", "([a-z]+) ([0-9]+)", 2)
    ('1234', '1234')
    """
    found = compiled(pattern).search(clean(text))
    if not found:
        return None
    try:
        return found.group((1 if found.re.groups else 0) if group is None else group)
    except (IndexError, TypeError):
        raise ExpressionError("regex_search: the pattern has no such group") from None


def regex_replace(text: str, pattern: str, new: str = "") -> str:
    """The text with each find of the pattern (RE2) replaced by `new`, as it stands.

    >>> regex_replace("Plot 12, Pune", "[0-9]+", "x")
    'Plot x, Pune'
    """
    text, new = clean(text), clean(to_text(new))
    size = len(text)

    def put(_: Any) -> str:
        nonlocal size
        size += len(new)
        check_size(size)
        return new

    return str(compiled(pattern).sub(put, text))


def compiled(pattern: Any) -> Any:
    """A pattern of RE2. Raises ExpressionError."""
    if not isinstance(pattern, str):
        raise ExpressionError("a regular expression is a text, like '[0-9]+'")
    if len(pattern) > MAX_PATTERN:
        raise ExpressionError(f"a regular expression has at most {MAX_PATTERN:,} characters")
    return _compiled(clean(pattern))


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        told = error.args[0] if error.args else b""
        why = told.decode("utf-8", "replace").partition(":")[0]  # what follows repeats the pattern
        raise ExpressionError(f"the regular expression is not understood: {why}") from None
