"""From checked sections to the records that the program works with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ingest.errors import Finding
from ingest.mapping.document.nodes import Node, entries, items
from ingest.mapping.expressions.compiling import Compiler, Expression
from ingest.mapping.expressions.language import Language, language
from ingest.mapping.merging import merge_policies, merge_requests, present
from ingest.mapping.records import Policy, QuietHours, Request, Route, Translation
from ingest.mapping.schema import readers
from ingest.mapping.schema.hints import MISSING
from ingest.mapping.schema.translation import TRANSLATION_KEYS, TranslationSchema
from ingest.mapping.schema.validation import validate
from ingest.mapping.tables.declared import Tables

_LEAD = frozenset({"lead", "payload", "meta"})
_SOURCE_TEXTS = ("campaignName", "destination", "userName", "source")
REQUIRED = ("campaignName", "destination", "userName")
_DUPLICATE_BY = "{{ request.destination }} {{ request.campaignName }}"


def build_translation(
    node: Node,
    country: str,
    tables: Tables | None = None,
    *,
    partial: bool = False,
    own: Language | None = None,
    compiler_of: Callable[[Language, list[Finding], Tables], Compiler] = Compiler,
) -> tuple[Translation, list[Finding]]:
    """The translation of a mapping's other sections: no more than a draft where a finding is an error.

    What is sound is looked at beside what is not. `partial` says that something has been left out before, so that
    what is missing may have been there. `own` and `compiler_of` are for whoever watches the expressions at work.
    """
    tables = tables or Tables()
    checked = validate(TranslationSchema(), node)
    findings = [finding for path, finding in checked.found if path[:1] != ("tests",)]
    in_tests = tuple(replace(one, severity="warning") for path, one in checked.found if path[:1] == ("tests",))
    partial = partial or bool(findings)
    faulty = {path[:2] for path, _ in checked.found}
    tests = [] if ("tests",) in faulty else items(node, "tests")
    tabled = _LEAD | frozenset(name for name, _ in entries(node, "tables"))
    names = tabled | _let_names(node)
    node = checked.sound
    found = own or language(country)
    lets: dict[str, Expression | None] = {}
    findings += tables.declare(node.at(("tables",)), dict(entries(node, "let")))
    compiler = compiler_of(found, findings, tables)
    unread = names - frozenset(name for name, _ in entries(node, "let"))
    for name, text in entries(node, "let"):
        lets[name] = compiler.text(text, unread | frozenset(lets))
    node = _counting(node)
    _asked(node.at(("policy",)), compiler, names)  # it has its findings though each route has a policy of its own
    routes = list(_routes(node, compiler, names, findings, partial=partial))
    section = node.at(("routes",)) or node.at(("request",)) or node
    translation = Translation(
        language=found,
        place=section.key or section.place,
        account=node.get("account") or "default",
        account_place=(node.at(("account",)) or node).place,
        lets={name: text for name, text in lets.items() if text},
        routes=tuple(route for route in routes if route),
        tables=tables.known,
        tests=tuple(test for index, test in enumerate(tests) if ("tests", index) not in faulty),
        faulty_tests=in_tests,
    )
    return translation, [*findings, *in_tests]


def _let_names(node: Node) -> frozenset[str]:
    """The names of `let`; and those that a fault hides, in its own names or in that of the section."""
    sections = [inner for key, inner in node.value.items() if key == "let" or key not in TRANSLATION_KEYS]
    found = [name for section in sections if isinstance(section.value, dict) for name in section.value]
    return frozenset(found) | frozenset(re.sub(r"\W+", "_", name) for name in found)


def _routes(
    node: Node, compiler: Compiler, names: frozenset[str], findings: list[Finding], *, partial: bool
) -> Iterator[Route | None]:
    section = node.at(("routes",))
    if section is None:
        yield _route(node, Node({}, node.place), compiler, names, findings, partial=partial)
        return
    seen: set[str] = set()
    keys: dict[str, int] = {}
    base = node.at(("request",))
    if base is not None and section.value and not partial:
        nowhere = [key for key in REQUIRED if not any(_has(one, key) for one in (node, *section.value))]
        for key in nowhere:
            at = base.at((key,)) or base
            findings.append(Finding(at.key or at.place, "missing_key", f"The request has no `{key}`.", MISSING[key]))
        partial = bool(nowhere)  # which is told once, and not of each route
    for each in section.value:
        name = each.get("name")
        if name in seen:
            place = each.value["name"].place
            findings.append(Finding(place, "bad_value", f"A second route is called `{name}`.", "choose another name"))
        seen |= {name} if name else set()
        route = _route(node, _counting(each), compiler, names, findings, partial=partial)
        yield route and replace(route, key=_key(route, keys))


def _has(node: Node, key: str) -> bool:
    found = node.at(("request", key))
    return found is not None and found.value is not None


def _route(
    mapping: Node,
    node: Node,
    compiler: Compiler,
    names: frozenset[str],
    findings: list[Finding],
    *,
    partial: bool,
) -> Route | None:
    own, base = node.at(("request",)), mapping.at(("request",))
    whole = merge_requests(base, own) if own is not None and own.value is not None else base or Node({}, node.place)
    place = whole.key or whole.place
    empty = {key: inner.key or inner.place for key, inner in whole.value.items() if inner.value is None}
    whole = replace(whole, value=present(whole))
    if base is None and own is None and not partial:
        findings.append(Finding(place, "missing_key", "The key `request` is missing.", "request: what AiSensy gets"))
    for key in REQUIRED if base or own else ():
        if key not in whole.value and not partial:
            where = f" in the route `{node.get('name')}`" if node.get("name") else ""
            at = empty.get(key, place)
            findings.append(Finding(at, "missing_key", f"The request has no `{key}`{where}.", MISSING[key]))
    media = {key: compiler.text(text, names) for key, text in entries(whole, "media")}
    attributes = {key: compiler.text(text, names) for key, text in entries(whole, "attributes")}
    texts = {key: compiler.text(whole.value[key], names) for key in _SOURCE_TEXTS if key in whole.value}
    params = [compiler.text(text, names) for text in items(whole, "templateParams")]
    tags = [compiler.text(text, names) for text in items(whole, "tags")]
    when = _condition(node.at(("when",)), compiler, names)
    rules = merge_policies(mapping.at(("policy",)), node.at(("policy",)))
    policy = _policy(rules, *_asked(rules, compiler, names))
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
        | {f"attributes.{key}": inner.key or inner.place for key, inner in entries(whole, "attributes")},
    )
    return Route(request, node.place, node.get("name"), when, bool(node.get("continue")), policy)


def _key(route: Route, taken: dict[str, int]) -> str:
    """What a route is known by beside the others: its name, or its campaign as it is written."""
    campaign = route.request.texts.get("campaignName")
    key = known = route.name or (campaign.source if campaign else "")
    while key in taken:
        taken[known] += 1
        key = f"{known} #{taken[known]}"
    taken[key] = 1
    return key


def _counting(node: Node) -> Node:
    """A mapping, or a route, with a policy that has written out what counts as the same message."""
    duplicate = node.at(("policy", "duplicate"))
    if duplicate is None or duplicate.value is None or "by" in duplicate.value:
        return node
    by = Node(_DUPLICATE_BY, duplicate.place, _DUPLICATE_BY)
    policy = node.value["policy"]
    whole = replace(duplicate, value={**duplicate.value, "by": by})
    return replace(node, value={**node.value, "policy": replace(policy, value={**policy.value, "duplicate": whole})})


def _asked(
    rules: Node | None, compiler: Compiler, names: frozenset[str]
) -> tuple[Expression | None, Expression | None]:
    """A policy's expressions: its consent, and what counts as the same message."""
    if rules is None:
        return None, None
    names |= {"request"}
    by = rules.at(("duplicate", "by"))
    return _condition(rules.at(("consent",)), compiler, names), compiler.text(by, names) if by else None


def _condition(node: Node | None, compiler: Compiler, names: frozenset[str]) -> Expression | None:
    if node is None:
        return None
    if isinstance(node.value, bool):
        node = replace(node, value=str(node.value).lower())
    return compiler.condition(node, names)


def _policy(rules: Node | None, consent: Expression | None, by: Expression | None) -> Policy:
    policy = rules.plain() if rules else {}
    hours = policy.get("quiet_hours", {})
    within = policy.get("duplicate", {}).get("within")
    return Policy(
        consent=consent,
        duplicate_by=by,
        max_age=readers.duration(policy["max_age"]) if "max_age" in policy else None,
        duplicate_within=readers.duration(within) if within else None,
        cap=readers.cap(policy["cap"]) if "cap" in policy else None,
        quiet_hours=_quiet(hours) if hours.keys() >= {"from", "to", "zone"} else None,
        on_timeout=policy.get("on_timeout", "hold"),
    )


def _quiet(hours: dict[str, str]) -> QuietHours:
    return QuietHours(readers.clock(hours["from"]), readers.clock(hours["to"]), readers.zone(hours["zone"]))
