from __future__ import annotations

import re
import unicodedata

_HONORIFICS = frozenset(
    """mr mrs ms miss mx dr prof professor sir madam shri shree sri smt shrimati kumari km er ca adv col capt maj lt gen
    rev fr hon & and श्री श्रीमती सुश्री कुमारी डॉ प्रो""".split()
)
_SUFFIXES = frozenset("jr sr ii iii iv phd md mba mbbs ca esq bds".split())
_PARTS = re.compile(r"([\s\-‐–./(]+)")
_APOSTROPHES = "'’`"


def first_name(text: str) -> str | None:
    """The given name: the first word after Mr, Dr, Shri and their like, or the one after a comma.

    >>> first_name("Dr. Asha Rao")
    'Asha'
    >>> first_name("Rao, Asha")
    'Asha'
    """
    return next(iter(_names(text)), None)


def last_name(text: str) -> str | None:
    """The family name: the last word, where there is more than one.

    >>> last_name("Shri Asha Devi Rao")
    'Rao'
    >>> last_name("Asha") is None
    True
    """
    names = _names(text)
    return names[-1] if len(names) > 1 else None


def title(text: str) -> str:
    """A name with capitals where they belong; mixed spelling and scripts without capitals stay as they are.

    >>> title("asha o'brien-MCDONALD")
    "Asha O'Brien-McDonald"
    >>> title("DeSouza आशा राव")
    'DeSouza आशा राव'
    """
    parts = _PARTS.split(text)
    parts[::2] = map(_capitalised, parts[::2])  # the others are what stands between
    return "".join(parts)


def is_honorific(word: str, *, after: bool = False) -> bool:
    """Whether a word is a title before a name, like Dr or Shri; or `after` one, like MBA."""
    return _is(word, _SUFFIXES if after else _HONORIFICS)


def _names(text: str) -> list[str]:
    before, _, after = text.partition(",")
    if after.strip() and not _is(after, _SUFFIXES) and before.strip():
        before = f"{after.replace(',', ' ')} {before}"
    names = (before if before.strip(" .") else text).split()
    while len(names) > 1 and _is(names[0], _HONORIFICS):
        del names[0]
    while len(names) > 1 and _is(names[-1], _SUFFIXES):
        del names[-1]
    honorific, point, rest = (names or [""])[0].partition(".")
    if point and rest.strip(".") and _is(honorific, _HONORIFICS):  # "Dr.Asha"
        names[0] = rest
    return names


def _is(word: str, known: frozenset[str]) -> bool:
    return word.strip().replace(".", "").casefold() in known


def _capitalised(word: str) -> str:
    if len(word) > 1 and not (word.islower() or word.isupper() or (word[0].islower() and word[1:].isupper())):
        return word
    lower = word.lower()
    shown = lower[:1].upper() + lower[1:]
    if lower.startswith("mc") and len(lower) > 3:
        return f"Mc{lower[2].upper()}{lower[3:]}"
    if len(lower) > 2 and lower[1] in _APOSTROPHES and unicodedata.category(lower[0])[0] == "L":
        return f"{shown[:2]}{lower[2].upper()}{lower[3:]}"
    return shown
