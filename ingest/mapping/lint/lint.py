"""What a mapping can be wrong in although it works: names that nothing has, routes that nothing reaches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from marshmallow import ValidationError

from ingest.errors import Finding, Hold
from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.expressions.types import NO_DASH
from ingest.mapping.filters.phones import phone
from ingest.mapping.lint.accounts import unknown_to_accounts
from ingest.mapping.lint.files import spare_files
from ingest.mapping.lint.secrets import secrets_in
from ingest.mapping.lint.tests import odd_tests
from ingest.mapping.near import is_slip, near
from ingest.mapping.records import Catalog, Mapping, Request, Route, Translation
from ingest.mapping.schema.readers import KEPT_HERE, KEPT_HINT, looks_secret, web_address
from ingest.values import normalise_key

_ONE_BRACE = re.compile(r"(?<!\{)\$?\{\s*((?:lead|payload|meta)\.\w+[^{}\n]{0,200}?)\s*\}(?!\})")


@dataclass(frozen=True)
class Fields:
    """The fields that a mapping's leads may have, by all that is known of them.

    Where that is not `whole`, only a name that is nearly one of them is taken for a slip.
    """

    names: frozenset[str]
    whole: bool
    of_channel: frozenset[str] = frozenset()  # those that its vendor gives, however the mapping uses them
    beginnings: tuple[str, ...] = ()  # of names that the channel makes itself: `consent_…`


Known = Callable[[Mapping], Fields]


def lint(catalog: Catalog, known: Known, secrets: Sequence[str] = (), country: str = "IN") -> list[Finding]:
    """Everything about the mappings that is worth a person's look, beside the findings of loading them.

    `secrets` are those of the environment, which must not stand in a file.
    """
    found: list[Finding] = []
    for mapping in catalog.mappings.values():
        found += mapping.warnings
        identity = mapping.intake.event_id if mapping.intake else None
        if identity is not None and identity.literal is not None:
            message = "All leads would be the same one, for `event_id` names no part of them."
            hint = f"write {{{{ {identity.literal} }}}}" if "." in identity.literal else "{{ payload.id }}"
            found.append(Finding(identity.place, "no_expression", message, hint, "warning"))
        if mapping.translation is not None:
            found += _unused(mapping.translation)
            found += _missing(mapping.translation)
            fields = known(mapping)
            found += odd_tests(mapping.translation, (_used(mapping.translation) & fields.names) | fields.of_channel)
        if mapping.draft is not None:
            found += _unreachable(mapping.draft, mapping.findings)
            found += _unlikely(mapping.draft, country)
            found += _unknown_fields(mapping, mapping.draft, known(mapping))
            found += unknown_to_accounts(mapping.draft, catalog.accounts) if catalog.accounts else ()
    for mapping in catalog.mappings.values():
        named = mapping.intake.places if mapping.intake else {}
        found += [
            Finding(place, "secret_in_file", KEPT_HERE, KEPT_HINT)
            for (_, name), place in named.items()
            if looks_secret(name)
        ]
    for file in catalog.files:
        found += secrets_in(file, secrets)
    return list(dict.fromkeys([*found, *spare_files(catalog), *_claimed_twice(catalog)]))


def _unreachable(translation: Translation, told: Sequence[Finding]) -> Iterator[Finding]:
    always: Route | None = None
    asked: dict[str, Route] = {}
    for route in translation.routes:
        when = " ".join(route.when.source.split()) if route.when else ""
        message = f"The route `{route.name or 'without a name'}` is never reached."
        if always is not None:
            hint = "a route before it has no `when`: put that one last"
            yield Finding(route.place, "unreachable_route", message, hint, "warning")
        elif when and when in asked:
            hint = "a route before it has the same `when`, and is taken"
            yield Finding(route.place, "unreachable_route", message, hint, "warning")
        elif when == "false":
            yield Finding(route.place, "unreachable_route", message, "its `when` is false", "warning")
        if not route.goes_on:
            faulty = {one.place.line for one in told if one.place.file == route.place.file}
            sound = faulty.isdisjoint(range(route.place.line, _end(route, translation)))  # its `when` may be mistyped
            always = always or (route if sound and when in {"", "true"} else None)
            asked.setdefault(when, route)


def _end(route: Route, translation: Translation) -> int:
    """The line of the route after it."""
    after = [one.place.line for one in translation.routes if one.place.line > route.place.line]
    return min(after, default=route.place.line + 1)


def _expressions(translation: Translation) -> Iterator[Expression]:
    """Every expression of a mapping, each once."""
    found: list[Expression | None] = [*translation.lets.values()]
    for route in translation.routes:
        found += [route.when, route.policy.consent, route.policy.duplicate_by, *_texts(route.request)]
    seen: set[int] = set()
    for one in found:
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one


def _texts(request: Request) -> list[Expression]:
    named = [*request.texts.values(), *request.media.values(), *request.attributes.values()]
    return [*named, *request.params, *request.tags]


def _unused(translation: Translation) -> Iterator[Finding]:
    used = {name for one in _expressions(translation) for name in one.names}
    for name, text in translation.lets.items():
        if name not in used:
            hint = f"use it, like {{{{ {name} }}}}, or take it out"
            yield Finding(text.place, "unused_let", f"Nothing uses `{name}`.", hint, "warning")


def _missing(translation: Translation) -> Iterator[Finding]:
    without = [route.request.place for route in translation.routes if "source" not in route.request.texts]
    if len(without) == len(translation.routes):
        without = sorted(without, key=lambda place: (place.line, place.column))[
            :1
        ]  # one in the request above them mends all
    for place in without:
        message = "The request has no `source`, which tells in AiSensy where the lead came from."
        yield Finding(place, "missing_source", message, "source: Website form", "warning")


def _unlikely(translation: Translation, country: str) -> Iterator[Finding]:
    for route in translation.routes:
        texts = {"destination": route.request.texts.get("destination"), "media.url": route.request.media.get("url")}
        plain = {key: text for key, text in texts.items() if text and not _meant(text, translation)}
        if "destination" in plain:
            yield from _destination(plain["destination"], translation, country)
        if "media.url" in plain:
            yield from _media_url(plain["media.url"])
    for one in _expressions(translation):
        if meant := _meant(one, translation):
            hint = f"write {{{{ {meant} }}}}"
            yield Finding(
                one.place, "no_expression", "This is no expression, and is sent as it stands.", hint, "warning"
            )
    for route in translation.routes:
        if route.when and not route.when.names and route.when.source.strip() not in {"true", "false"}:
            message = "This names no field, and is the same for every lead."
            yield Finding(route.when.place, "always_true", message, "name a field: lead.city == 'Pune'", "warning")


def _meant(one: Expression, translation: Translation) -> str:
    """The expression that a text was meant to be, though its braces are not there, or not all of them."""
    text = one.literal.strip() if one.literal is not None else ""
    braces = _ONE_BRACE.search(text or " ".join(part for part in one.parts if isinstance(part, str)))
    return text if _looks_like_one(text, translation) else braces[1] if braces else ""


def _looks_like_one(text: str, translation: Translation) -> bool:
    filtered = re.fullmatch(r"(\w+)\s*\|\s*(\w+).*", text)
    if filtered:
        return filtered[1] in translation.lets or filtered[2] in translation.language.filters
    return re.fullmatch(r"(?:lead|payload|meta)(?:\.\w+)+(?:\s*\|.*)?", text) is not None


def _destination(text: Expression, translation: Translation, country: str) -> Iterator[Finding]:
    if text.literal is not None:
        try:
            whole = phone(text.literal, home=country)
        except Hold as hold:
            yield Finding(text.place, "bad_value", f"`destination`: {hold.message}.", "+919876543210", "warning")
            return
        if whole != text.literal.strip():
            message = "`destination` is no number with its country."
            yield Finding(text.place, "bad_value", message, whole, "warning")
    elif not _reads_phone(text, translation):
        message = "Nothing makes a number with its country of `destination`: local numbers will be held."
        yield Finding(text.place, "phone_not_read", message, "{{ lead.phone | phone }}", "notice")


def _media_url(text: Expression) -> Iterator[Finding]:
    try:
        web_address((text.literal or "https://acme.example").strip())
    except ValidationError as error:
        for said in error.messages:
            yield Finding(text.place, "bad_value", f"`media.url`: {said}", getattr(said, "hint", ""), "warning")


def _reads_phone(text: Expression, translation: Translation, depth: int = 0) -> bool:
    if re.search(r"\|\s*phone\b", text.source):
        return True
    lets = [translation.lets[name] for name in text.names if name in translation.lets]
    return depth < len(translation.lets) and any(_reads_phone(one, translation, depth + 1) for one in lets)


def _field(path: tuple[str, ...]) -> str:
    return normalise_key(path[1]) if len(path) > 1 and path[0] == "lead" else ""


def _used(translation: Translation) -> frozenset[str]:
    return frozenset(name for one in _expressions(translation) for path in one.inputs if (name := _field(path)))


def _unknown_fields(mapping: Mapping, translation: Translation, known: Fields) -> Iterator[Finding]:
    channel = mapping.intake.channel if mapping.intake else "sender"
    asked = {id(route.policy.consent) for route in translation.routes}  # tests need no consent to get a body
    dashed = {one.place for one in (*mapping.findings, *mapping.warnings) if one.message.endswith(NO_DASH)}
    for one in _expressions(translation):
        for path, place in zip(one.inputs, one.spots, strict=True):
            name = _field(path)
            below = len(path) > 2 and not path[2].lstrip("-").isdecimal()  # which is told of already
            if not name or below or name in known.names or name.startswith(known.beginnings) or place in dashed:
                continue
            slip = next((each for each in sorted(known.names) if is_slip(name, each)), None)
            hint = f"did you mean `{slip}`?" if slip else near(name, known.names, 0.85) if known.whole else ""
            if hint or known.whole:
                message = f"No test, no `form.fields` and no {channel} has `lead.{name}`."
                severity = "notice" if id(one) in asked and not hint else "warning"
                yield Finding(place, "unknown_field", message, hint or "give it to the lead of a test", severity)


def _claimed_twice(catalog: Catalog) -> Iterator[Finding]:
    owners: dict[tuple[str, str, tuple[str, ...]], Mapping] = {}
    for mapping in catalog.mappings.values():
        intake = mapping.intake
        if intake is None:
            continue
        claims = [("form", *form) for form in sorted(intake.forms.items(), key=str)]
        claims += [("page", *page) for page in sorted(intake.pages.items(), key=str)]
        for kind, name, place in claims:
            key = (kind, name, intake.auth.get("app_secret", ()))
            first = owners.setdefault(key, mapping)
            if first is not mapping:
                message = f"The {kind} {name} is claimed by {first.file} too."
                yield Finding(place, "match_conflict", message, "leave it in one of the two")
