"""Names that nothing has, and names that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.errors import Finding
from ingest.mapping.expressions.types import NO_DASH
from ingest.mapping.lint.walking import expressions
from ingest.mapping.near import is_slip, near
from ingest.mapping.records import Mapping, Translation
from ingest.values import normalise_key

_WHERE_FIELDS_COME_FROM = "if its sender does post it, give it to the lead of a test"


@dataclass(frozen=True)
class Fields:
    """The fields that a mapping's leads may have, by all that is known of them.

    Where that is not `whole`, only a name that is nearly one of them is taken for a slip.
    """

    names: frozenset[str]
    whole: bool
    of_channel: frozenset[str] = frozenset()  # those that its vendor gives, however the mapping uses them
    beginnings: tuple[str, ...] = ()  # of names that the channel makes itself: `consent_…`


def unused_lets(translation: Translation) -> Iterator[Finding]:
    """Names of `let` that nothing uses."""
    used = {name for one in expressions(translation) for name in one.names}
    for name, text in translation.lets.items():
        if name not in used:
            hint = f"use it, like {{{{ {name} }}}}, or take it out"
            yield Finding(text.place, "unused_let", f"Nothing uses `{name}`.", hint, "warning")


def _field(path: tuple[str, ...]) -> str:
    return normalise_key(path[1]) if len(path) > 1 and path[0] == "lead" else ""


def used(translation: Translation) -> frozenset[str]:
    """The fields of the lead that a mapping uses."""
    return frozenset(name for one in expressions(translation) for path in one.inputs if (name := _field(path)))


def unknown_fields(mapping: Mapping, translation: Translation, known: Fields) -> Iterator[Finding]:
    """Fields that the leads do not have, as far as that is known."""
    channel = mapping.intake.channel if mapping.intake else "sender"
    dashed = {one.place for one in (*mapping.findings, *mapping.warnings) if one.message.endswith(NO_DASH)}
    for one in expressions(translation):
        for path, place in zip(one.inputs, one.spots, strict=True):
            name = _field(path)
            below = len(path) > 2 and not path[2].lstrip("-").isdecimal()  # which is told of already
            if not name or below or name in known.names or name.startswith(known.beginnings) or place in dashed:
                continue
            slip = next((each for each in sorted(known.names) if is_slip(name, each)), None)
            hint = f"did you mean `{slip}`?" if slip else near(name, known.names, 0.8) if known.whole else ""
            if hint or known.whole:
                message = f"Nothing tells that a {channel} lead has `{name}`: no test, no `form.fields`."
                severity = "warning" if hint else "notice"
                yield Finding(place, "unknown_field", message, hint or _WHERE_FIELDS_COME_FROM, severity)
