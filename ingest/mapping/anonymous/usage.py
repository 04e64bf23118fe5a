"""What a mapping does with a lead's fields, so far as its expressions tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from ingest.mapping.anonymous.shapes import folded, runs
from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.records import Intake, Translation
from ingest.values import normalise_key

USED_FOR = {"destination": "phone", "userName": "first_name"}
"""Fields of the body whose expressions are given phones and names, as the filter of that name is."""


@dataclass(frozen=True)
class Usage:
    """What stands in a mapping's expressions, and which fields go through which filter."""

    constants: frozenset[str] = frozenset()  # texts and numbers, folded
    words: frozenset[str] = frozenset()  # of them
    filtered: dict[str, frozenset[str]] = field(default_factory=dict)  # filter -> names of fields
    compared: dict[str, str] = field(default_factory=dict)  # field -> a text that it is compared with, or looked up by
    times: bool = False  # the time matters at which the lead came


def usage(translation: Translation, intake: Intake | None = None) -> Usage:
    """What a mapping does with a lead's fields."""
    constants = {*_choices(intake)}
    filtered: dict[str, set[str]] = defaultdict(set)
    compared: dict[str, str] = {}
    policies = [route.policy for route in translation.routes]
    times = any(one.max_age is not None or one.quiet_hours is not None for one in policies)
    for name, expression in _expressions(translation):
        times = times or any(path[0] == "meta" and path[1:2] in {(), ("received_at",)} for path in expression.inputs)
        if expression.literal is not None:
            continue
        tree = _parsed(translation, expression)
        constants |= {folded(str(node.value)) for node in tree.find_all(nodes.Const) if node.value is not None}
        for node in tree.find_all(nodes.Filter):
            filtered[node.name] |= _fields(node.node, translation)
        for one, text in _compared(tree, translation):
            compared.setdefault(one, text)
        if name in USED_FOR:
            filtered[USED_FOR[name]] |= _fields(tree, translation)
    words = {run for text in constants for _, run in runs(text)}
    return Usage(
        constants=frozenset(constants),
        words=frozenset(words),
        filtered={name: frozenset(found) for name, found in filtered.items()},
        compared=compared,
        times=times,
    )


def _choices(intake: Intake | None) -> Iterator[str]:
    """What the form lets people choose from."""
    for rules in intake.form.fields.values() if intake and intake.form else ():
        yield from (folded(str(choice)) for choice in rules.get("choices", ()))


def _expressions(translation: Translation) -> Iterator[tuple[str, Expression]]:
    """Every expression, each with the name of the body's field that it is for."""
    for expression in translation.lets.values():
        yield "", expression
    for route in translation.routes:
        for asked in (route.when, route.policy.consent, route.policy.duplicate_by):
            if asked is not None:
                yield "", asked
        request = route.request
        yield from request.texts.items()
        for more in (*request.media.values(), *request.params, *request.tags, *request.attributes.values()):
            yield "", more


def _parsed(translation: Translation, expression: Expression) -> nodes.Template:
    source = expression.source
    return translation.language.parse(source if "{{" in source else "{{ " + source + " }}")


def _fields(node: nodes.Node | None, translation: Translation, seen: frozenset[str] = frozenset()) -> set[str]:
    """The fields of the lead that a part of an expression looks at, those of its `let`s among them."""
    found: set[str] = set()
    for path in _paths([node, *node.find_all(nodes.Node)] if node is not None else []):
        if path[0] in {"lead", "payload"} and len(path) > 1:
            found |= {normalise_key("_".join(path[1:])), normalise_key(path[-1])}
        elif path[0] in translation.lets and path[0] not in seen:
            below = _parsed(translation, translation.lets[path[0]])
            found |= _fields(below, translation, seen | {path[0]})
    return found


def _compared(tree: nodes.Template, translation: Translation) -> Iterator[tuple[str, str]]:
    """The fields that are compared with texts, or looked up in tables: each with one of those."""
    pairs: list[tuple[nodes.Node, nodes.Node]] = []
    for one in tree.find_all(nodes.Compare):
        if len(one.ops) == 1 and one.ops[0].op in {"eq", "in"}:
            pairs += [(one.expr, one.ops[0].expr), (one.ops[0].expr, one.expr)]
    for look in tree.find_all(nodes.Filter):
        if look.name == "lookup" and look.node is not None and look.args:
            pairs.append((look.node, look.args[0]))
    for asked, told in pairs:
        text = _text(told, translation)
        if text:
            yield from ((name, text) for name in _fields(asked, translation))


def _text(node: nodes.Node, translation: Translation) -> str:
    """The text that is written, or the first of a list or a table; blank where there is none."""
    if isinstance(node, nodes.Name):
        table = translation.tables.get(node.name)
        return table.a_key if table else ""
    first = node.find(nodes.Const) if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict) else node
    return str(first.value) if isinstance(first, nodes.Const) and first.value is not None else ""


def _paths(found: Iterable[nodes.Node]) -> Iterator[tuple[str, ...]]:
    inner: set[int] = set()
    for node in found:
        path: list[str] = []
        current: Any = node
        while id(node) not in inner and isinstance(current, nodes.Getattr | nodes.Getitem):
            key = current.attr if isinstance(current, nodes.Getattr) else getattr(current.arg, "value", None)
            path += [key] if isinstance(key, str) else []
            current = current.node
            inner.add(id(current))
        if isinstance(current, nodes.Name) and (path or id(node) not in inner):
            yield (current.name, *reversed(path))
