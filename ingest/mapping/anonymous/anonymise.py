"""A lead without its people: fakes of the same shape for all that is theirs, and the same outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import phonenumbers

from ingest.mapping.anonymous.fakes import Fakes
from ingest.mapping.anonymous.kinds import SURE, Kind, kind_of
from ingest.mapping.anonymous.leaves import Leaf, Path, cleaned, leaves, rebuilt
from ingest.mapping.anonymous.scrubbing import Scrubber
from ingest.mapping.anonymous.shapes import folded, name_words
from ingest.mapping.anonymous.usage import Usage

Outcome = Callable[[Any], object]
"""What becomes of a payload: its routes, why it is held or skipped, which parts its bodies have. Comparable."""

VARIANTS = 12
"""How many sets of fakes are tried until the outcome is the same."""

_DUMMY = re.compile(r"<test lead: .*|test@(?:meta|fb)\.com", re.IGNORECASE | re.DOTALL)  # Meta's, of nobody
_ROLES = frozenset("info sales contact admin support hello office mail team enquiry help test www com".split())
_REGIONS = ("IN", "US", "GB", "AE")


@dataclass(frozen=True, slots=True)
class Anonymised:
    """A payload without its people, and the fields of which parts stayed since the mapping decides by them."""

    payload: Any
    kept: tuple[str, ...] = ()


def anonymise(payload: Any, usage: Usage, outcome: Outcome, key: bytes, country: str = "IN") -> Anonymised | None:
    """A payload with fakes for all that may be a person's, of which becomes what becomes of the payload.

    Phones, names and mails never stay. Where the outcome hangs on something else that was replaced, that stays. The
    same value has the same fake with the same key. None where the outcome can't be the same.
    """
    payload = cleaned(payload)
    wanted = outcome(payload)
    for variant in range(VARIANTS):
        work = _Work(payload, usage, key, country, variant)
        kept = work.needed(lambda made: outcome(made) == wanted)
        if kept is not None:
            named = dict.fromkeys(".".join(leaf.keys) for leaf in kept)
            return Anonymised(work.made(kept), tuple(named))
    return None


class _Work:
    """One try: a set of fakes for a payload."""

    def __init__(self, payload: Any, usage: Usage, key: bytes, country: str, variant: int) -> None:
        self._payload = payload
        self._usage = usage
        self._kinds = {leaf: kind_of(leaf.keys, leaf.text, usage) for leaf in leaves(payload)}
        fakes = Fakes(key, self._known(), variant)
        phones = tuple(leaf.text for leaf, kind in self._kinds.items() if kind is Kind.PHONE)
        self._scrubber = Scrubber(fakes, usage, self._regions(country), phones)
        self._fakes: dict[tuple[Path, bool], Any] = {}

    def made(self, kept: list[Leaf]) -> Any:
        """The payload with fakes; of leaves that are kept only phones, mails and names are replaced."""
        paths = {leaf.path for leaf in kept}
        values = {leaf.path: self._fake(leaf, relaxed=leaf.path in paths) for leaf in self._kinds}
        return rebuilt(self._payload, values, self._scrubber.key)

    def needed(self, fits: Callable[[Any], bool]) -> list[Leaf] | None:
        """Which leaves have to be kept so that the payload fits, the fewest and least personal; None if nothing helps.

        Not always the fewest that there are: that would take as many tries as there are subsets.
        """
        if fits(self.made([])):
            return []
        kept = list(self._relaxable())
        if not fits(self.made(kept)):
            return None
        for leaf in kept[::-1]:  # the most personal are given up first
            fewer = [each for each in kept if each is not leaf]
            kept = fewer if fits(self.made(fewer)) else kept
        return kept

    def _relaxable(self) -> Iterator[Leaf]:
        for leaf, kind in sorted(self._kinds.items(), key=lambda item: item[1]):
            if (kind not in SURE or self._is_ours(leaf)) and self._fake(leaf, True) != self._fake(leaf, False):
                yield leaf

    def _fake(self, leaf: Leaf, relaxed: bool) -> Any:
        at = (leaf.path, relaxed)
        if at not in self._fakes:
            self._fakes[at] = self._replaced(leaf, self._kinds[leaf], relaxed=relaxed)
        return self._fakes[at]

    def _replaced(self, leaf: Leaf, kind: Kind, *, relaxed: bool) -> Any:
        text = leaf.text
        if _DUMMY.fullmatch(text) or (self._is_ours(leaf) and (relaxed or kind not in SURE)):
            return leaf.value
        if relaxed or kind is Kind.PLAIN:
            fake = self._scrubber.scrubbed(text, is_id=leaf.keys[-1:] != () and leaf.keys[-1].lower().endswith("id"))
        elif isinstance(leaf.value, str):
            fake = self._scrubber.whole(kind, text)
        else:
            fake = self._scrubber.number(kind, text)
        return leaf.value if fake == text else type(leaf.value)(fake)

    def _is_ours(self, leaf: Leaf) -> bool:
        """Whether the mapping itself says the same text: it is data for a decision."""
        return folded(leaf.text) in self._usage.constants

    def _known(self) -> Iterator[str]:
        """The words of names, which are looked for in all that is there."""
        for leaf, kind in self._kinds.items():
            if kind not in {Kind.NAME, Kind.MAIL} or _DUMMY.fullmatch(leaf.text):
                continue
            found = name_words(leaf.text.partition("@")[0])
            yield from (word for word in found if _tells(word) and not (kind is Kind.MAIL and word in _ROLES))

    def _regions(self, country: str) -> tuple[str, ...]:
        """The countries by which numbers may be read: the settings', common ones, and those that are named."""
        said = {folded(leaf.text) for leaf in self._kinds} | self._usage.constants
        named = {text.upper() for text in said if len(text) == 2} & set(phonenumbers.SUPPORTED_REGIONS)
        return tuple(dict.fromkeys([country, *_REGIONS, *sorted(named)]))


def _tells(word: str) -> bool:
    return len(word) > 2 or (len(word) > 1 and not word.isascii())
