"""What stands for people's data in tests: of the same shape, the same for the same value, and nothing to be read from.

Everything is drawn from a keyed hash of what it stands for.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable

from ingest.mapping.anonymous.shapes import (
    DIGITS,
    LETTERS,
    ascii_digits,
    cased,
    folded,
    honorifics,
    laid,
    other_digit,
    other_letter,
    runs,
    script,
)

_STEMS = "Am Ar Bal Chand Dev Gan Har Jag Kam Lal Man Nar Par Raj Sat Sur Tar Um Vas Vij Yog".split()
_ENDINGS = "endra esh it an ansh in ita esha".split()
_DEVANAGARI = ("अम आर बल चंद देव गण हर जग कम नर पर राज सत सुर तर वस विज योग".split(), "ेंद्र ेश ित न िता ेशा".split())
NAMES = {
    "LATIN": [stem + ending for stem in _STEMS for ending in _ENDINGS],
    "DEVANAGARI": [stem + ending for stem in _DEVANAGARI[0] for ending in _DEVANAGARI[1]],
}
"""By script. Given names and family names are alike, so that a word has one fake wherever it stands."""
WORDS = """sit nec sed hic quo amet elit nunc enim quis lorem ipsum dolor magna velit tempor labore aliqua mollis turpis
egestas commodo integer gravida pulvinar lobortis molestie ultrices curabitur phasellus consequat vulputate incididunt
adipiscing vestibulum consectetur ullamcorper condimentum sollicitudin pellentesque""".split()
MONTHS = "January February March April May June July August September October November December".split()

_MONTH = re.compile(rf"\b(?:{'|'.join([*MONTHS, *(each[:3] for each in MONTHS)])})\b", re.IGNORECASE)
_HEX = frozenset("abcdefABCDEF")
_NEVER = re.compile(r"(?!)")
_TRIES = 100


class Fakes:
    """Makes fakes. `known` are words of names that must not come out again; another `variant` gives other fakes."""

    def __init__(self, key: bytes, known: Iterable[str] = (), variant: int = 0) -> None:
        self._key = key + variant.to_bytes(2, "big")
        self._known = frozenset(known)
        self._any = _either(self._known)
        self._long = _either(word for word in self._known if len(word) > 3 or not word.isascii())

    def name(self, text: str) -> str:
        """Other names: as many words, with the same capitals, scripts, honorifics and marks."""
        found = list(runs(text))
        titles = honorifics(found)
        return "".join(
            run if index in titles else self._put(kind, run, self.name_word) for index, (kind, run) in enumerate(found)
        )

    def name_word(self, word: str) -> str:
        """Another name for one word, in the same script and capitals."""
        asked = folded(word)
        table = NAMES.get(script(asked), []) if len(asked) > 2 else []
        start = int.from_bytes(self.stream("name", asked, 4), "big")
        for step in range(len(table)):
            fake = table[(start + step) % len(table)]
            if not self._gives_away(fake):
                return cased(word, fake)
        return self._letters(word)

    def handle(self, text: str) -> str:
        """Another user's name, as before the @ of a mail: names in it become what they become elsewhere."""
        return "".join(self._put(kind, run, self._names_in_a_row) for kind, run in runs(text))

    def mail(self, text: str) -> str:
        """Another mail address: at example.com, where it was a whole one."""
        local, at, domain = text.rpartition("@")
        labels = domain.split(".")
        whole = len(labels) > 1 and all(labels)
        shown = "example.com" if whole else ".".join("example" if label else "" for label in labels)
        return self.handle(local) + at + (shown.upper() if domain.isupper() else shown)

    def without_names(self, text: str) -> str:
        """A text in which the known names are replaced, and nothing else."""
        if not self._known:
            return text
        return "".join(self._nameless(run) if kind == LETTERS else run for kind, run in runs(text))

    def text(self, text: str, kept: frozenset[str], shortest: int = 3) -> str:
        """Other words and numbers, each as long as before; but those that are `kept`, or shorter than `shortest`."""

        def put(kind: str, run: str) -> str:
            asked = folded(run)
            spared = asked in kept or (len(asked) < shortest and run.isascii())
            return run if spared and asked not in self._known else self._put(kind, run, self._word)

        return "".join(put(kind, run) for kind, run in runs(text))

    def digits(self, text: str) -> str:
        """Other digits in the same script; 0 stays the first where it was, and what is no digit stays."""
        plain = ascii_digits(text)
        fake = plain
        for turn in range(_TRIES):
            stream = self.stream("digits", plain, len(plain), turn)
            fake = "".join(other_digit(c, stream[index], first=index == 0) for index, c in enumerate(plain))
            if fake != plain:
                break
        return laid(text, fake)

    def token(self, text: str) -> str:
        """Another id: digits for digits, letters for letters, hexadecimal where it was; `l:` before it stays."""
        head, colon, rest = text.partition(":")
        if colon and len(head) < 4 and rest:
            return f"{head}:{self.token(rest)}"
        hexadecimal = any(c.isdecimal() for c in text) and all(c in _HEX for c in text if c.isalpha())
        stream = self.stream("token", text, len(text))

        def put(index: int, c: str) -> str:
            if c.isdecimal():
                return laid(c, other_digit(str(unicodedata.decimal(c)), stream[index], first=index == 0))
            if hexadecimal and c.isalpha():
                return cased(c, "abcdef"[stream[index] % 6])
            return other_letter(c, stream[index])

        return "".join(put(index, c) for index, c in enumerate(text))

    def date(self, text: str) -> str:
        """Another date, written in the same way: years stay years, days days."""
        stream = iter(self.stream("date", text, 2 * len(text)))

        def part(found: re.Match[str]) -> str:
            digits, draw = ascii_digits(found[0]), next(stream)
            year = str(1950 + draw % 50)
            if len(digits) >= 8:
                return laid(found[0], f"{year}{1 + next(stream) % 12:02}{1 + draw % 28:02}{digits[8:]}")
            if len(digits) == 4:
                return laid(found[0], year)
            if len(digits) > 2 or not int(digits):
                return found[0]
            low, high = (1, 9 if len(digits) == 1 else 12) if int(digits) <= 12 else (13, 28)
            return laid(found[0], str(low + draw % (high - low + 1)).zfill(len(digits)))

        def month(found: re.Match[str]) -> str:
            other = MONTHS[next(stream) % 12]
            return cased(found[0], other[:3] if len(found[0]) == 3 else other)

        return _MONTH.sub(month, re.sub(r"\d+", part, text))

    def ip(self, text: str) -> str:
        """Another internet address, of those that are set apart for examples."""
        draw = self.stream("ip", text, 2)
        return f"2001:db8::{draw[0]:x}{draw[1]:02x}" if ":" in text else f"203.0.113.{1 + draw[0] % 254}"

    def stream(self, kind: str, text: str, size: int, turn: int = 0) -> bytes:
        """So many bytes by chance, the same for the same text."""
        content = "\0".join((kind, str(turn), text)).encode("utf-8", "surrogatepass")
        return hashlib.shake_256(self._key + content).digest(size)

    def _put(self, kind: str, run: str, put_word: Callable[[str], str]) -> str:
        if kind == LETTERS:
            return put_word(run)
        return self.digits(run) if kind == DIGITS else run

    def _word(self, word: str) -> str:
        asked = folded(word)
        if asked in self._known:
            return self.name_word(word)
        fitting = [each for each in WORDS if len(each) == len(word)] if word.isascii() else []
        start = self.stream("word", asked, 1)[0]
        for step in range(len(fitting)):
            fake = fitting[(start + step) % len(fitting)]
            if fake != asked and not self._gives_away(fake):
                return cased(word, fake)
        return self._letters(word)

    def _letters(self, word: str) -> str:
        fake = word
        for turn in range(_TRIES):
            stream = self.stream("letters", folded(word), len(word), turn)
            fake = "".join(other_letter(c, stream[index]) for index, c in enumerate(word))
            if not self._gives_away(fake):
                break
        return fake

    def _nameless(self, word: str) -> str:
        asked = folded(word)
        if asked in self._known:
            return self.name_word(word)
        names = self._any if re.fullmatch(f"(?:{self._any.pattern})+", asked) else self._long
        return names.sub(lambda found: self.name_word(found[0]), word)

    def _names_in_a_row(self, run: str) -> str:
        if folded(run) in self._known:
            return self.name_word(run)
        parts, at = [], 0
        for found in self._any.finditer(run):
            parts += [run[at : found.start()], found[0]]
            at = found.end()
        return "".join(self.name_word(part) for part in [*parts, run[at:]] if part)

    def _gives_away(self, fake: str) -> bool:
        return self._any.search(folded(fake)) is not None


def _either(words: Iterable[str]) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)), re.IGNORECASE) if longest else _NEVER
