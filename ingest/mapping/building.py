"""From checked sections to the records that the program works with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from ingest.errors import Finding, Place
from ingest.mapping import fields
from ingest.mapping.expressions import Compiler, Expression
from ingest.mapping.language import language
from ingest.mapping.merging import merge_requests
from ingest.mapping.nodes import Node
from ingest.mapping.records import FormBlock, Intake, Policy, QuietHours, Request, Route, Translation
from ingest.mapping.schema import AUTH_KEYS, TRANSLATION_KEYS, IntakeSchema, Kinds, TranslationSchema
from ingest.mapping.validation import validate
from ingest.mapping.validation_hints import MISSING

_LEAD = frozenset({"lead", "payload", "meta"})
_SOURCE_TEXTS = ("campaignName", "destination", "userName", "source")
_REQUIRED = ("campaignName", "destination", "userName")
_DUPLICATE_BY = "{{ request.destination }} {{ request.campaignName }}"


def build_intake(node: Node, country: str, channels: Kinds) -> tuple[Intake | None, list[Finding]]:
    """The intake of a mapping's sections; None where a fault stands in the way of taking leads."""
    checked = validate(IntakeSchema(channels), node)
    findings = checked.findings
    event_id = checked.sound.at(("event_id",))
    compiled = Compiler(language(country), findings).text(event_id, _LEAD) if event_id else None
    if is_broken(findings):
        return None, findings
    channel: str = node.get("channel")
    auth = {key: _names(value) for key, value in (node.get("auth") or {}).items() if not isinstance(value, dict)}
    defaults = {key: (name,) for key, name in channels[channel].items() if name}
    auth = {**defaults, **auth}
    if channels[channel] and not auth and not AUTH_KEYS & node.value.keys():  # which is told of already
        message = f"A {channel} mapping needs `auth`: without it every lead is refused with 401."
        place = node.value["channel"].key or node.place
        findings.append(Finding(place, "missing_key", message, f"auth: {{token: {channel.upper()}_TOKEN}}"))
    by_page = node.get("auth", "access_token")
    duplicate_events = node.get("duplicate_events")
    intake = Intake(
        channel=channel,
        place=node.value["channel"].place,
        auth=auth,
        access_tokens=by_page if isinstance(by_page, dict) else {},
        forms={each.value: each.place for each in _items(node, "match", "forms")},
        pages={each.value: each.place for each in _items(node, "match", "pages")},
        form=_form(node),
        duplicate_events=fields.duration(duplicate_events) if duplicate_events else timedelta(minutes=10),
        event_id=compiled,
        places=dict(_variables(node)),
    )
    return intake, findings


def build_translation(node: Node, country: str, *, partial: bool = False) -> tuple[Translation, list[Finding]]:
    """The translation of a mapping's other sections: no more than a draft where a finding is an error.

    What is sound is looked at beside what is not. `partial` says that something has been left out before, so that
    what is missing may have been there.
    """
    checked = validate(TranslationSchema(), node)
    findings = [finding for path, finding in checked.found if path[:1] != ("tests",)]
    in_tests = tuple(replace(finding, severity="warning") for path, finding in checked.found if path[:1] == ("tests",))
    partial = partial or bool(findings)
    names = _LEAD | _let_names(node)
    node = checked.sound
    found = language(country)
    compiler = Compiler(found, findings)
    lets: dict[str, Expression | None] = {}
    unread = names - frozenset(name for name, _ in _entries(node, "let"))
    for name, text in _entries(node, "let"):
        lets[name] = compiler.text(text, unread | frozenset(lets))
    routes = list(_routes(node, compiler, names, findings, partial=partial))
    consent = _condition(node.at(("policy", "consent")), compiler, names | {"request"})
    duplicate = node.at(("policy", "duplicate"))
    by = duplicate and (duplicate.at(("by",)) or Node(_DUPLICATE_BY, duplicate.place, _DUPLICATE_BY))
    duplicate_by = compiler.text(by, names | {"request"}) if by else None
    section = node.at(("routes",)) or node.at(("request",)) or node
    translation = Translation(
        language=found,
        place=section.key or section.place,
        account=node.get("account") or "default",
        account_place=(node.at(("account",)) or node).place,
        lets={name: text for name, text in lets.items() if text},
        routes=tuple(route for route in routes if route),
        policy=_policy(node),
        consent=consent,
        duplicate_by=duplicate_by,
        tests=tuple((node.at(("tests",)) or Node([], node.place)).value),
        faulty_tests=in_tests,
    )
    return translation, [*findings, *in_tests]


def _let_names(node: Node) -> frozenset[str]:
    """The names of `let`; and those that a fault hides, in its own names or in that of the section."""
    sections = [inner for key, inner in node.value.items() if key == "let" or key not in TRANSLATION_KEYS]
    found = [name for section in sections if isinstance(section.value, dict) for name in section.value]
    return frozenset(found) | frozenset(re.sub(r"\W+", "_", name) for name in found)


def is_broken(findings: Iterable[Finding]) -> bool:
    """Whether something stands in the way of work, beside what is only worth a look."""
    return any(finding.severity == "error" for finding in findings)


def _routes(
    node: Node, compiler: Compiler, names: frozenset[str], findings: list[Finding], *, partial: bool
) -> Iterator[Route | None]:
    base = node.at(("request",))
    section = node.at(("routes",))
    if section is None:
        yield _route(Node({}, node.place), base, compiler, names, findings, partial=partial)
        return
    seen: set[str] = set()
    for each in section.value:
        name = each.get("name")
        if name in seen:
            place = each.value["name"].place
            findings.append(Finding(place, "bad_value", f"A second route is called `{name}`.", "choose another name"))
        seen |= {name} if name else set()
        yield _route(each, base, compiler, names, findings, partial=partial)


def _route(
    node: Node,
    base: Node | None,
    compiler: Compiler,
    names: frozenset[str],
    findings: list[Finding],
    *,
    partial: bool,
) -> Route | None:
    own = node.at(("request",))
    whole = merge_requests(base, own) if own is not None and own.value is not None else base or Node({}, node.place)
    place = whole.key or whole.place
    if base is None and own is None and not partial:
        findings.append(Finding(place, "missing_key", "The key `request` is missing.", "request: what AiSensy gets"))
    for key in _REQUIRED if base or own else ():
        if key not in whole.value and not partial:
            where = f" in the route `{node.get('name')}`" if node.get("name") else ""
            findings.append(Finding(place, "missing_key", f"The request has no `{key}`{where}.", MISSING[key]))
    media = {key: compiler.text(text, names) for key, text in _entries(whole, "media")}
    attributes = {key: compiler.text(text, names) for key, text in _entries(whole, "attributes")}
    texts = {key: compiler.text(whole.value[key], names) for key in _SOURCE_TEXTS if key in whole.value}
    params = [compiler.text(text, names) for text in _items(whole, "templateParams")]
    tags = [compiler.text(text, names) for text in _items(whole, "tags")]
    when = _condition(node.at(("when",)), compiler, names)
    if when is None and node.at(("when",)):
        return None
    request = Request(
        place=place,
        texts={key: text for key, text in texts.items() if text},
        media={key: text for key, text in media.items() if text},
        params=tuple(text for text in params if text),
        tags=tuple(text for text in tags if text),
        attributes={key: text for key, text in attributes.items() if text},
        keys={key: inner.key or inner.place for key, inner in whole.value.items()}
        | {f"attributes.{key}": inner.key or inner.place for key, inner in _entries(whole, "attributes")},
    )
    return Route(request, node.place, node.get("name"), when, bool(node.get("continue")))


def _condition(node: Node | None, compiler: Compiler, names: frozenset[str]) -> Expression | None:
    if node is None:
        return None
    if isinstance(node.value, bool):
        node = replace(node, value=str(node.value).lower())
    return compiler.condition(node, names)


def _entries(node: Node, key: str) -> list[tuple[str, Node]]:
    section = node.at((key,))
    return list(section.value.items()) if section else []


def _items(node: Node, *path: str) -> list[Node]:
    section = node.at(path)
    return section.value if section else []


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _variables(node: Node) -> Iterator[tuple[tuple[str, str], Place]]:
    """Where each variable of `auth` is named."""
    for key, inner in _entries(node, "auth"):
        value = inner.value
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [inner]
        yield from (((key, item.value), item.place) for item in items)


def _form(node: Node) -> FormBlock | None:
    form = node.get("form")
    if form is None:
        return None
    return FormBlock(
        origins=tuple(map(fields.origin, form.get("origins", ()))),
        thanks=form.get("thanks"),
        rate=form.get("rate"),
        min_seconds=float(form["min_seconds"]) if "min_seconds" in form else None,
        captcha=form.get("captcha"),
        fields=form.get("fields", {}),
    )


def _policy(node: Node) -> Policy:
    policy = node.get("policy") or {}
    hours = policy.get("quiet_hours")
    return Policy(
        max_age=fields.duration(policy["max_age"]) if "max_age" in policy else None,
        duplicate_within=fields.duration(policy["duplicate"]["within"]) if "duplicate" in policy else None,
        cap=fields.cap(policy["cap"]) if "cap" in policy else None,
        quiet_hours=_quiet(hours) if hours else None,
        on_timeout=policy.get("on_timeout", "hold"),
    )


def _quiet(hours: dict[str, str]) -> QuietHours:
    return QuietHours(fields.clock(hours["from"]), fields.clock(hours["to"]), fields.zone(hours["zone"]))
