"""Requests that go out, and hardly as they are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from marshmallow import ValidationError

from ingest.errors import Finding, Hold
from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.filters.phones import phone
from ingest.mapping.lint.walking import expressions
from ingest.mapping.records import Translation
from ingest.mapping.schema.readers import web_address

_ONE_BRACE = re.compile(r"(?<!\{)\$?\{\s*((?:lead|payload|meta)\.\w+[^{}\n]{0,200}?)\s*\}(?!\})")


def missing(translation: Translation) -> Iterator[Finding]:
    """What a request should have."""
    without = [route.request.place for route in translation.routes if "source" not in route.request.texts]
    if len(without) == len(translation.routes):
        without = sorted(without, key=lambda place: (place.line, place.column))[
            :1
        ]  # one in the request above them mends all
    for place in without:
        message = "The request has no `source`, which tells in AiSensy where the lead came from."
        yield Finding(place, "missing_source", message, "source: Website form", "warning")


def unlikely(translation: Translation, country: str) -> Iterator[Finding]:
    """What a request, a condition or a consent can't be meant to say."""
    for route in translation.routes:
        texts = {"destination": route.request.texts.get("destination"), "media.url": route.request.media.get("url")}
        plain = {key: text for key, text in texts.items() if text and not _meant(text, translation)}
        if "destination" in plain:
            yield from _destination(plain["destination"], translation, country)
        if "media.url" in plain:
            yield from _media_url(plain["media.url"])
    yield from _consents(translation)
    for one in expressions(translation):
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
        inner = re.fullmatch(r"\s*\{\{\s*([^{}]*?)\s*\}\}\s*", text.source)
        hint = f"{{{{ {inner[1]} | phone }}}}" if inner else "{{ lead.phone | phone }}"
        yield Finding(text.place, "phone_not_read", message, hint, "notice")


def _media_url(text: Expression) -> Iterator[Finding]:
    try:
        web_address((text.literal or "https://acme.example").strip())
    except ValidationError as error:
        for said in error.messages:
            yield Finding(text.place, "media_address", f"`media.url`: {said}", getattr(said, "hint", ""), "warning")


def _reads_phone(text: Expression, translation: Translation, depth: int = 0) -> bool:
    if re.search(r"\|\s*phone\b", text.source):
        return True
    lets = [translation.lets[name] for name in text.names if name in translation.lets]
    return depth < len(translation.lets) and any(_reads_phone(one, translation, depth + 1) for one in lets)


def _consents(translation: Translation) -> Iterator[Finding]:
    for consent in {id(one): one for route in translation.routes if (one := route.policy.consent)}.values():
        field = re.fullmatch(r"\s*(?:\{\{)?\s*((?:lead|payload)\.[\w.]+)\s*(?:\}\})?\s*", consent.source)
        if field:
            message = f"Whatever stands in `{field[1]}` counts as agreed, a `no` as well."
            yield Finding(consent.place, "consent_not_read", message, f"{field[1]} | yes", "warning")
