"""What somebody meant who wrote a name nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The hint that names the one of those known that is most like a name; nothing where none is like it."""
    close = difflib.get_close_matches(str(name), list(known), 1, cutoff)
    return f"did you mean `{close[0]}`?" if close else ""


def is_slip(name: str, known: str) -> bool:
    """Whether a name is a known one with a letter too few, too many, or two that changed places.

    `phone_2`, `firstname` and `emails` are names of their own.
    """
    short, long = sorted((name, known), key=len)
    if len(known) < 4 or len(long) - len(short) > 1 or short == long:
        return False
    at = next((index for index, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) == len(long):
        return name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :] == known
    more = long[at]
    plural = at == len(short) and more == "s"
    return short[at:] == long[at + 1 :] and more.isalpha() and not plural
