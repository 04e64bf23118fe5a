"""Phone numbers for phone numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber

from ingest.mapping.anonymous.shapes import DIGITS, ascii_digits, laid, other_digit, runs
from ingest.mapping.filters.phones import numbers

Stream = Callable[[str, str, int, int], bytes]
"""What gives bytes by chance, for a kind, a text, how many, and which turn it is."""
Shapes = list[tuple[int, int, int]]
"""Of numbers: the country's code, how many digits follow, and whether mobile, fixed line, …"""

_TURNS = 40
_LAST = 30  # turns after which only the first region need read it as before
_TRIES = 160  # for another number
_SLACK = 10  # turns, or the fourth of tries, after which one digit more is kept: the first tell what a number is


@dataclass(frozen=True, slots=True)
class Redial:
    """Gives texts other digits, so that each of the regions reads them as before; above all the first."""

    regions: tuple[str, ...]
    stream: Stream
    _known: dict[str, tuple[list[str], Iterator[str]]] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """As many numbers as before, of the same countries, lengths and kinds, or none where there was none.

        The same number has the same fake in whatever spelling.
        """
        plain = ascii_digits(text)
        found = {region: numbers(text, region) for region in self.regions}
        shapes = list(map(_shapes, found.values()))
        read = next((sorted(each) for each in found.values() if each), [])
        shown = text
        for turn in range(_TURNS if plain else 0):
            fake = self._other(text, plain, read, turn)
            shown = laid(text, fake)
            asked = None if turn < _LAST else 1
            if fake != plain and self._read(shown, asked) == shapes[:asked]:
                break
        return shown

    def _other(self, text: str, plain: str, read: list[str], turn: int) -> str:
        fake, taken = list(plain), [False] * len(plain)
        codes = {""}
        for number in read:
            parsed = phonenumbers.parse(number)
            national = _national(parsed)
            codes.add(str(parsed.country_code))
            at = plain.find(national)
            while at >= 0:
                end = at + len(national)
                fake[at:end], taken[at:end] = self._another(number, turn), [True] * len(national)
                at = plain.find(national, end)
        long = [(at, end) for at, end in _spans(text) if end - at > 3 and not any(taken[at:end])]
        if any(taken):  # what is left is an extension, or a PIN code
            for at, end in ((at, end) for at, end in long if plain[at:end].lstrip("0") not in codes):
                fake[at:end] = self._digits(plain[at:end], 1, turn)
            return "".join(fake)
        keep = min(2 + turn // _SLACK, max(len(plain) - 2, 0))
        other = self._digits(plain, keep, turn)
        for at, end in long or [(0, len(plain))]:
            fake[at:end] = other[at:end]
        return "".join(fake)

    def _another(self, number: str, turn: int) -> str:
        """The national digits of the `turn`th other number; of the last where there are not so many."""
        made, more = self._known.setdefault(number, ([], self._others(number)))
        while len(made) <= turn:
            other = next(more, None)
            if other is None:
                break
            made.append(other)
        return made[min(turn, len(made) - 1)] if made else self._digits(_national(phonenumbers.parse(number)), 1, 0)

    def _others(self, number: str) -> Iterator[str]:
        """Other numbers of the same country and kind, without the country, which regions take for what they took it."""
        parsed = phonenumbers.parse(number)
        national, kind = _national(parsed), phonenumbers.number_type(parsed)
        bare = self._read(national)
        for attempt in range(_TRIES):
            keep = min(2 + attempt // (4 * _SLACK), len(national) - 3)
            fake = self._digits(national, keep, attempt, key=number)
            alike = fake[-4:] != national[-4:] and _is(f"+{parsed.country_code}{fake}", fake, kind)
            if alike and self._read(fake) == bare:
                yield fake

    def _read(self, text: str, regions: int | None = None) -> list[Shapes]:
        return [_shapes(numbers(text, region)) for region in self.regions[:regions]]

    def _digits(self, plain: str, keep: int, turn: int, key: str = "") -> str:
        draws = self.stream("phone", key or plain, len(plain), turn)
        made = (other_digit(c, draws[at], first=at == 0) for at, c in enumerate(plain))
        return plain[:keep] + "".join(made)[keep:]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each run of digits begins and ends, among the digits."""
    at = 0
    for run in (run for kind, run in runs(text) if kind == DIGITS):
        yield at, at + len(run)
        at += len(run)


def _is(number: str, national: str, kind: int) -> bool:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return False
    return phonenumbers.number_type(parsed) == kind and _national(parsed) == national


def _national(number: PhoneNumber) -> str:
    return str(phonenumbers.national_significant_number(number))


def _shapes(found: set[str]) -> Shapes:
    parsed = [phonenumbers.parse(number) for number in found]
    return sorted((each.country_code or 0, len(_national(each)), phonenumbers.number_type(each)) for each in parsed)
