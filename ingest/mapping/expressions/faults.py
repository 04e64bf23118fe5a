"""What is wrong with an expression although it can be read: names, filters and calls that are not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from jinja2 import nodes

from ingest.errors import Finding, Place
from ingest.mapping.expressions.language import TEXT_METHODS, Language
from ingest.mapping.expressions.types import OBJECTS, text_and_number
from ingest.mapping.expressions.unparse import call, written
from ingest.mapping.near import near

FORBIDDEN_NAMES = frozenset({"range", "lipsum", "cycler", "joiner", "namespace", "dict", "self", "super", "caller"})
_KEYS = {
    "meta": "channel endpoint id external_id received_at".split(),
    "request": "campaignName destination userName source media templateParams tags attributes".split(),
}
_OTHER_WORDS = {"True": "true", "False": "false", "None": "none"}
_NOTHING = frozenset({"null", "undefined", "nil", "empty", "blank"})
_NOW = frozenset({"now", "today", "date", "datetime", "time"})
_WHETHER = "write `is present`, or `is not present`"
_DEFAULTS = frozenset({"default", "d"})
Locate = Callable[[str], Place]
"""Where a word of an expression stands."""


def walk(expression: nodes.Node) -> Iterator[nodes.Node]:
    """An expression and all that it is made of."""
    yield expression
    yield from expression.find_all(nodes.Node)


def faults(expression: nodes.Expr, locate: Locate, names: frozenset[str], language: Language) -> Iterator[Finding]:
    """What can't work in an expression, and, as warnings, what can't be meant; `names` are those that it may use."""
    if isinstance(expression, nodes.Name) and expression.name in OBJECTS & names:
        message = f"`{expression.name}` is all of its fields, and no text."
        place = locate(expression.name)
        yield Finding(place, "whole_object", message, f"name one of them: {expression.name}.…", "warning")
    nodes_ = list(walk(expression))
    told = {id(node.node) for node in nodes_ if isinstance(node, nodes.Call)}  # names that are told of otherwise
    for node in nodes_:
        if isinstance(node, nodes.CondExpr) and node.expr2 is None:
            node.expr2 = nodes.Const(None, lineno=node.lineno)
        elif isinstance(node, nodes.Sub):
            dashed = list(_dashed(node, locate, names, language))
            told |= {id(node.right)} if dashed else set()
            yield from dashed or text_and_number(node, locate)
        elif isinstance(node, nodes.Or):
            yield from _always_true(node, locate)
        elif isinstance(node, nodes.Filter) and node.name in _DEFAULTS:
            yield from _late_default(node, locate)
        elif isinstance(node, nodes.BinExpr) or (isinstance(node, nodes.Compare) and len(node.ops) == 1):
            yield from text_and_number(node, locate)
        elif isinstance(node, nodes.Getattr) and id(node) not in told and _is_field(node.node):
            yield _below_field(node, locate, language)
    texts = _texts(nodes_)
    for node in nodes_:
        if isinstance(node, nodes.Name) and node.name not in names and id(node) not in told:
            yield _unknown_name(node.name, locate, names, text=id(node) in texts)
        else:
            yield from _not_there(node, locate, names, language)


def _always_true(node: nodes.Or, locate: Locate) -> Iterator[Finding]:
    """`lead.city == 'Pune' or 'Delhi'`: the text alone counts as true."""
    text = node.right.value if isinstance(node.right, nodes.Const) else None
    if isinstance(text, str) and text and _compares(node.left):
        hint = f"write lead.city in ['…', '{text}'], or repeat the comparison"
        message = f"'{text}' after `or` is compared with nothing, so that this always holds."
        yield Finding(locate(""), "always_true", message, hint, "warning")


def _late_default(node: nodes.Filter, locate: Locate) -> Iterator[Finding]:
    """`lead.name | title | default('friend')`: an absent name ends the expression before it comes to `default`."""
    inner, between = node.node, list[nodes.Filter]()
    while isinstance(inner, nodes.Filter) and inner.name not in _DEFAULTS:
        between.append(inner)
        inner = inner.node
    if between and isinstance(inner, nodes.Getattr | nodes.Name):
        message = f"Where `{written(inner)}` is absent, `{between[-1].name}` ends it all, and `default` is never asked."
        hint = f"write {written(inner)} | {call(node)} | {' | '.join(call(each) for each in reversed(between))}"
        yield Finding(locate(""), "late_default", message, hint, "notice")


def _compares(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Compare) or (isinstance(node, nodes.Or) and _compares(node.left))


def _is_field(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "lead"


def _below_field(node: nodes.Getattr, locate: Locate, language: Language) -> Finding:
    """`lead.address.city`: what was nested is flat, and a text has nothing below it."""
    field = getattr(node.node, "attr", "")
    message = f"`lead.{field}` is text, and has no `{node.attr}`: what is nested in a lead is flat here."
    hint = f"write lead.{field} | {node.attr}" if node.attr in language.filters else f"write lead.{field}_{node.attr}"
    return Finding(locate(node.attr), "unknown_field", message, hint, "warning")


def _texts(found: Iterable[nodes.Node]) -> set[int]:
    """Where a name may have been meant as a text: what filters are given, and what is compared."""
    texts = set[int]()
    for node in found:
        match node:
            case nodes.Filter(args=args):
                texts |= set(map(id, args))
            case nodes.Compare(expr=expr, ops=ops):
                texts |= {id(expr), *(id(one.expr) for one in ops)}
            case nodes.Getitem(arg=key):
                texts.add(id(key))
    return texts


def _not_there(node: nodes.Node, locate: Locate, names: frozenset[str], language: Language) -> Iterator[Finding]:
    match node:
        case nodes.Filter(name=name) if name not in language.filters:
            yield _unknown("unknown_filter", name, locate, language.filters)
        case nodes.Test(name=name) if name not in language.tests:
            yield _unknown("unknown_test", name, locate, language.tests)
        case nodes.Getattr(attr=attr) if attr.startswith("__"):
            yield Finding(locate(attr), "jinja_forbidden", f"`{attr}` is not available in mappings.", "name a field")
        case nodes.Getattr(node=nodes.Name(name=whole), attr=attr) if whole in names:
            yield from _unknown_key(whole, attr, locate)
        case nodes.Call(node=called):
            yield from _call(called, locate, language)


def _dashed(node: nodes.Sub, locate: Locate, names: frozenset[str], language: Language) -> Iterator[Finding]:
    """A `-` in the name of a field or a filter."""
    if not isinstance(node.right, nodes.Name) or node.right.name in names:
        return
    if isinstance(node.left, nodes.Filter) and f"{node.left.name}_{node.right.name}" in language.filters:
        name = f"{node.left.name}-{node.right.name}"
        hint = f"did you mean `{name.replace('-', '_')}`?"
        yield Finding(locate(node.left.name), "unknown_filter", f"There is no filter `{name}`.", hint)
    else:
        yield from (replace(one, severity="error") for one in text_and_number(node, locate))


def _unknown(code: str, name: str, locate: Locate, known: Iterable[str]) -> Finding:
    nothing = code == "unknown_test" and name in _NOTHING | {"exists", "set", "filled", "missing", "there"}
    message = f"There is no {code.removeprefix('unknown_')} `{name}`."
    return Finding(locate(name), code, message, _WHETHER if nothing else near(name, known))


def _unknown_name(name: str, locate: Locate, names: frozenset[str], *, text: bool) -> Finding:
    if name in FORBIDDEN_NAMES:
        hint = "fields, filters and `a if b else c` are there"
        return Finding(locate(name), "jinja_forbidden", f"`{name}` is not available in mappings.", hint)
    if name in _NOTHING:
        hint = _WHETHER
    elif name in _OTHER_WORDS:
        hint = f"write {_OTHER_WORDS[name]}"
    elif name == "yes" and not text:
        hint = "a filter stands after what it is given: lead.optin | yes"
    else:
        hint = near(name, names) or (f"write request.{name}" if "request" in names and name in _KEYS["request"] else "")
        hint = hint or (f"for a text: '{name}'; for a field: lead.{name}" if text else f"for a field: lead.{name}")
    return Finding(locate(name), "unknown_name", f"There is no name `{name}` here.", hint)


def _unknown_key(whole: str, key: str, locate: Locate) -> Iterator[Finding]:
    known = _KEYS.get(whole)
    if known is not None and key not in known:
        hint = near(key, known) or f"it has {', '.join(known)}"
        yield Finding(locate(key), "unknown_field", f"`{whole}` has no `{key}`.", hint, "warning")


def _call(called: nodes.Expr, locate: Locate, language: Language) -> Iterator[Finding]:
    if isinstance(called, nodes.Getattr) and called.attr in TEXT_METHODS:
        return
    what = str(getattr(called, "attr", None) or getattr(called, "name", "this"))
    if what in language.filters:
        hint = f"write `… | {what}`"
    elif what in _NOW:
        hint = "the time at which the lead came is meta.received_at"
    else:
        hint = "write a field as lead.city" if what in {"get", "lead"} else "use filters: {{ lead.city | title }}"
    yield Finding(locate(what), "jinja_forbidden", f"`{what}(…)` can't be called in mappings.", hint)
