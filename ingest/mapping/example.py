"""Leads that stand for those of a mapping: of its own tests, or made up from what its expressions read."""

from __future__ import annotations

from collections.abc import Iterator, Set

from ingest.mapping.anonymous.kinds import Kind, kind_told
from ingest.mapping.anonymous.usage import Usage, usage
from ingest.mapping.document.nodes import Node
from ingest.mapping.lint.walking import expressions
from ingest.mapping.records import Intake, Translation
from ingest.values import normalise_key

Path = tuple[str, ...]
"""Where a value stands: `("lead", "city")`, `("payload", "contact", "phone")`."""

USUAL: dict[Path, str] = {
    ("lead", "full_name"): "Asha Rao",
    ("lead", "phone_number"): "+919876543210",
    ("lead", "email"): "asha@example.com",
    ("lead", "city"): "Pune",
}
"""A lead that most mappings can read."""

_BY_KIND = {
    Kind.PHONE: "+919876543210",
    Kind.MAIL: "asha@example.com",
    Kind.NAME: "Asha Rao",
    Kind.DATE: "1990-05-17",
    Kind.ADDRESS: "12 MG Road",
    Kind.LINK: "https://example.com",
    Kind.IP: "203.0.113.7",
    Kind.ID: "1042",
    Kind.TEXT: "Please call me back.",
}
_SURE = frozenset({Kind.PHONE, Kind.MAIL, Kind.DATE})
_BY_FILTER = {
    "yes": "yes",
    **dict.fromkeys("number money int float round sum".split(), "2500"),
    "date": "2026-11-23T10:30:00Z",
}
_BY_WORD = {
    **dict.fromkeys("first given fname".split(), "Asha"),
    **dict.fromkeys("last family surname lname".split(), "Rao"),
    **dict.fromkeys("company organisation organization firm business".split(), "Acme"),
    **dict.fromkeys("pin pincode zip zipcode postal postcode".split(), "411001"),
    **dict.fromkeys("city town".split(), "Pune"),
    **dict.fromkeys("state province region".split(), "Maharashtra"),
    **dict.fromkeys("budget price amount value total".split(), "2500"),
    **dict.fromkeys("quantity count number".split(), "2"),
    **dict.fromkeys("created updated submitted date time timestamp".split(), "2026-11-23T10:30:00Z"),
    **dict.fromkeys("consent optin opt agree agreed newsletter subscribe whatsapp_optin".split(), "yes"),
    **dict.fromkeys("url website link page".split(), "https://example.com"),
    "id": "1042",
}
_ELSE = "Example"


def tests(translation: Translation | None) -> Iterator[Node]:
    """The tests that post something and expect that something is sent."""
    for test in translation.tests if translation else ():
        if test.get("expect") or test.get("expect_exactly"):
            yield test


def made_up(translation: Translation, intake: Intake, country: str) -> dict[Path, str]:
    """A value for each field that the expressions read; the usual ones where they read none."""
    known = usage(translation, intake)
    read = [path for one in expressions(translation) for path in one.inputs]
    read += intake.event_id.inputs if intake.event_id else ()
    paths = [_named(path) for path in read if len(path) > 1 and path[0] in {"lead", "payload"}]
    found = {path: text_for(path[1:], known, country) for path in paths if not any(key.isdecimal() for key in path)}
    return found or dict(USUAL)


def _named(path: Path) -> Path:
    """A field of the lead by its name, without what is asked of its text; what came by all its keys."""
    return ("lead", normalise_key(path[1])) if path[0] == "lead" else path


def text_for(path: Path, known: Usage, country: str) -> str:
    """What may stand there: what the mapping compares it with, else as its keys and its filters tell."""
    names = [normalise_key(key) for key in path]
    fields = {"_".join(names), names[-1]}
    compared = (known.compared.get(name) for name in sorted(fields))
    filtered = (text for name, text in _BY_FILTER.items() if fields & known.filtered.get(name, frozenset()))
    words = [names[-1], *reversed(names[-1].split("_"))]
    by_word = (country if word == "country" else _BY_WORD.get(word) for word in words)
    kind = _kind(path, fields, known)
    by_kind = _BY_KIND.get(kind) if kind else None
    tries = (*compared, by_kind if kind in _SURE else None, *filtered, *by_word, by_kind)
    return next((text for text in tries if text), _ELSE)


def _kind(path: Path, fields: Set[str], known: Usage) -> Kind | None:
    """What a value is; `contact` may be a name, but not where it is taken for a phone or a mail."""
    kind = kind_told(path, known)
    meant = ((Kind.PHONE, "phone"), (Kind.MAIL, "email")) if kind is Kind.NAME else ()
    return next((one for one, name in meant if fields & known.filtered.get(name, frozenset())), kind)
