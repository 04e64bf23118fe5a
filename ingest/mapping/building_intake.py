"""From a checked mapping to what web needs of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ingest.errors import Finding, Place, is_broken
from ingest.mapping.document.nodes import Node, entries, items
from ingest.mapping.expressions.compiling import Compiler
from ingest.mapping.expressions.language import language
from ingest.mapping.records import Captcha, FormBlock, Intake
from ingest.mapping.schema import readers
from ingest.mapping.schema.translation import AUTH_KEYS, IntakeSchema, Kinds
from ingest.mapping.schema.validation import validate
from ingest.models import Signature

_NAMES = frozenset({"lead", "payload", "meta"})


def build_intake(node: Node, country: str, channels: Kinds) -> tuple[Intake | None, list[Finding]]:
    """The intake of a mapping's sections; None where a fault stands in the way of taking leads."""
    checked = validate(IntakeSchema(channels), node)
    findings = checked.findings
    event_id = checked.sound.at(("event_id",))
    compiled = Compiler(language(country), findings).text(event_id, _NAMES) if event_id else None
    if is_broken(findings):
        return None, findings
    channel: str = node.get("channel")
    auth = {key: _names(value) for key, value in (node.get("auth") or {}).items() if not isinstance(value, dict)}
    hmac = node.get("auth", "hmac")
    if hmac:
        auth["hmac"] = _names(hmac["secret"])
    defaults = {key: (name,) for key, name in channels[channel].items() if name}
    auth = {**defaults, **auth}
    if (
        None in channels[channel].values() and not auth and not AUTH_KEYS & node.value.keys()
    ):  # which is told of already
        message = f"A {channel} mapping needs `auth`: without it every lead is refused."
        place = node.value["channel"].key or node.place
        key = next(iter(channels[channel]))
        variable = f"{channel}_{key.rpartition('_')[2]}".upper()  # ZAPIER_TOKEN, GOOGLE_ADS_KEY
        findings.append(Finding(place, "missing_key", message, f"auth: {{{key}: {variable}}}"))
    by_page = node.get("auth", "access_token")
    duplicate_events = node.get("duplicate_events")
    intake = Intake(
        channel=channel,
        place=node.value["channel"].place,
        auth=auth,
        signature=_signature(hmac) if hmac else None,
        access_tokens=by_page if isinstance(by_page, dict) else {},
        forms={each.value: each.place for each in items(node, "match", "forms")},
        pages={each.value: each.place for each in items(node, "match", "pages")},
        form=_form(node),
        duplicate_events=readers.duration(duplicate_events) if duplicate_events else timedelta(minutes=10),
        event_id=compiled,
        places=dict(_variables(node)),
    )
    return intake, findings


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _signature(hmac: dict[str, Any]) -> Signature:
    told: dict[str, Any] = {key: value for key, value in hmac.items() if key != "secret"}
    told.setdefault("signed", "{timestamp}.{body}" if "timestamp_header" in hmac else "{body}")
    if "tolerance" in hmac:
        told["tolerance"] = readers.duration(hmac["tolerance"])
    return Signature(**told, key="hmac.secret")


def _variables(node: Node) -> Iterator[tuple[tuple[str, str], Place]]:
    """Where each variable is named, and each file of a page."""
    for key, inner in entries(node, "auth"):
        named = inner.at(("secret",)) or inner if key == "hmac" else inner
        value = named.value
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [named]
        yield from (((key, item.value), item.place) for item in items)
    captcha = node.at(("form", "captcha", "secret"))
    if captcha:
        yield ("captcha", captcha.value), captcha.place
    form = node.at(("form",))
    yield from ((("page", one.value), one.place) for _, one in (entries(form, "pages") if form else ()))


def _form(node: Node) -> FormBlock | None:
    form = node.get("form")
    if form is None:
        return None
    plain = {key: form[key] for key in ("thanks", "fields", "texts", "theme", "pages", "language") if key in form}
    return FormBlock(
        origins=tuple(map(readers.origin, form.get("origins", ()))),
        rate=readers.rate(form["rate"]) if "rate" in form else None,
        phone_rate=readers.rate(form["phone_rate"]) if "phone_rate" in form else None,
        min_seconds=float(form.get("min_seconds", 0)),
        captcha=Captcha(**form["captcha"]) if "captcha" in form else None,
        **plain,
    )
