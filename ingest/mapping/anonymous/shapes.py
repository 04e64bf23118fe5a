"""Of what a text is made: runs of letters and digits of any script; and others of the same shape."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from ingest.mapping.filters.names import is_honorific

LETTERS, DIGITS, OTHERS = "letters", "digits", "others"

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_ALPHABETS = ("aeiou", "bcdfghjklmnpqrstvwxyz")
_NEAR = 40  # code points, in which another letter of the same script is looked for


def runs(text: str) -> Iterator[tuple[str, str]]:
    """The letters (with their marks), digits, and what is between, each with its kind."""
    for kind, found in groupby(text, _kind):
        yield kind, "".join(found)


def _kind(c: str) -> str:
    if c.isascii():
        return LETTERS if c.isalpha() else DIGITS if c.isdecimal() else OTHERS
    if c.isdecimal():
        return DIGITS
    return LETTERS if unicodedata.category(c)[0] in "LM" or c in _INVISIBLE else OTHERS


def words(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    return [folded(run) for kind, run in runs(text) if kind == LETTERS]


def name_words(text: str) -> list[str]:
    """The words of a name, as they are compared, without honorifics and degrees."""
    found = list(runs(text))
    titles = honorifics(found)
    return [folded(run) for index, (kind, run) in enumerate(found) if kind == LETTERS and index not in titles]


def honorifics(found: list[tuple[str, str]]) -> set[int]:
    """Which of the runs of a name are honorifics before it, or degrees after it; never all of them."""
    at = [index for index, (kind, _) in enumerate(found) if kind == LETTERS]
    titles: set[int] = set()
    for after, order in ((False, at), (True, at[::-1])):
        for index in order[:-1]:
            if not is_honorific(found[index][1], after=after):
                break
            titles.add(index)
    return titles


def folded(word: str) -> str:
    """A word as it is compared: capitals, composed letters and what can't be seen make no difference."""
    return "".join(c for c in unicodedata.normalize("NFKC", word).casefold() if c not in _INVISIBLE)


def ascii_digits(text: str) -> str:
    """The digits of a text, of any script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def laid(text: str, digits: str) -> str:
    """A text with these digits instead of its own, in the scripts that its own have."""
    left = iter(digits)
    return "".join(chr(ord(c) - unicodedata.decimal(c) + int(next(left))) if c.isdecimal() else c for c in text)


def cased(like: str, word: str) -> str:
    """A word with the capitals of another."""
    if like.isupper() and (len(like) > 1 or len(word) == 1):
        return word.upper()
    return word.lower() if like.islower() else word[:1].upper() + word[1:].lower()


def other_digit(old: str, draw: int, *, first: bool = False) -> str:
    """A digit by chance; a first one is 0 only where it was."""
    if not first:
        return str(draw % 10)
    return "0" if old == "0" else str(1 + draw % 9)


def other_letter(c: str, draw: int) -> str:
    """Another letter of the same script, in the same case; a mark, or what has no like, as it is."""
    others = _like(c)
    return others[draw % len(others)] if others else c


@lru_cache(maxsize=2048)
def _like(c: str) -> str:
    if c.isascii():
        alphabet = next((each for each in _ALPHABETS if c.lower() in each), "").replace(c.lower(), "")
        return alphabet.upper() if c.isupper() else alphabet
    category, alphabet = unicodedata.category(c), script(c)
    near = map(chr, range(max(ord(c) - _NEAR, 128), min(ord(c) + _NEAR + 1, 0x110000)))
    return "".join(
        each
        for each in near
        if folded(each) != folded(c)
        and category[0] == "L"
        and unicodedata.category(each) == category
        and script(each) == alphabet
    )


def script(text: str) -> str:
    """The script of a text's first letter, as Unicode names it: `DEVANAGARI`."""
    return unicodedata.name(text[:1], "").partition(" ")[0]
