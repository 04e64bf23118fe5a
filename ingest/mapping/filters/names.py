from __future__ import annotations

import re

_HONORIFICS = frozenset(
    """mr mrs ms miss mx dr prof professor sir madam shri shree sri smt shrimati kumari km er ca adv col capt maj lt gen
    rev fr hon & and श्री श्रीमती सुश्री कुमारी डॉ प्रो""".split()
)
_SUFFIXES = frozenset("jr sr ii iii iv phd md mba mbbs ca esq bds".split())
_PARTICLES = frozenset(
    "af al av bin bint binti da de del den der di do du el ibn la le ter ul ur van von zu zum zur".split()
)
_NUMERALS = {numeral.capitalize(): numeral for numeral in ("II", "III", "IV", "VII", "VIII")}
_SHORTENED = _HONORIFICS | _SUFFIXES | {"md", "mst", "ng", "sk", "st"}  # not the initials they look
_PARTS = re.compile(r"([\s\-‐-―./\\()\[\]{}<>,;:&+|_\"“”„«»]+)")
_APOSTROPHES = "'’‘`´ʼʻ"


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
    >>> title("JAN VAN DER BERG III"), title("Jan van der Berg"), title("KL RAHUL")
    ('Jan Van Der Berg III', 'Jan van der Berg', 'KL Rahul')
    """
    parts = _PARTS.split(text)
    words = parts[::2]  # the others are what stands between
    parts[::2] = map(_capitalised, words)
    if not text.islower() and any(map(_meant, words)) and any(map(_as_it_should_be, words)):
        parts[::2] = [word if _meant(word) else _capitalised(word) for word in words]
    last = len(parts) - (1 if parts[-1] else 3)
    if last > 0 and parts[last] in _NUMERALS:
        parts[last] = _NUMERALS[parts[last]]
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


def _as_it_should_be(word: str) -> bool:
    """Whether it is written as a name is: who wrote it so knows of small and capital letters."""
    return len(word) > 1 and not word.islower() and not word.isupper() and not word[0].islower()


def _meant(word: str) -> bool:
    """Whether small or capital letters are no carelessness in a name that is written well: `van`, `AR`."""
    return word in _PARTICLES or (len(word) == 2 and word.isupper() and word.lower() not in _SHORTENED)


def _capitalised(word: str) -> str:
    lower = word
    if not word.islower():
        caps_lock = word[1:].isupper() and not _initials(word)
        only_first = word[1:].islower() and word[0].isupper()  # as keyboards of phones do it
        if not (caps_lock or only_first):
            return word
        lower = word.replace("İ", "i").lower()  # whose own small letter is two characters
    first = word[0] if word[0].isupper() else lower[0].title()
    if lower.startswith("mc") and len(lower) > 3:
        return f"Mc{lower[2].upper()}{lower[3:]}"
    if len(lower) > 2 and lower[1] in _APOSTROPHES and lower[0].isalpha():
        return f"{first}{lower[1]}{lower[2].title()}{lower[3:]}"
    return f"{first}{lower[1:]}"


def _initials(word: str) -> bool:
    """Whether capitals are initials, as in KL Rahul: no name is without a vowel."""
    latin = len(word) <= 3 and word.isascii() and word.isalpha() and word.isupper()
    return latin and word.lower() not in _SHORTENED and not set(word) & set("AEIOUY")
