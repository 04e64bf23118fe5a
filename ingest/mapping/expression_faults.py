"""What is wrong with an expression although it can be read: names, filters and calls that are not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from jinja2 import nodes

from ingest.errors import Finding, Place
from ingest.mapping.expression_types import OBJECTS, text_and_number
from ingest.mapping.language import TEXT_METHODS, Language

FORBIDDEN_NAMES = frozenset({"range", "lipsum", "cycler", "joiner", "namespace", "dict", "self", "super", "caller"})
_KEYS = {
    "meta": "channel endpoint id external_id received_at".split(),
    "request": "campaignName destination userName source media templateParams tags attributes".split(),
}
_OTHER_WORDS = {"null": "none", "undefined": "none", "nil": "none", "True": "true", "False": "false", "None": "none"}
_SYNTAX_HINTS = (
    (re.compile(r"[“”„‘’]"), "use straight quotes: ' or \""),
    (re.compile(r"&&"), "write `and` for &&"),
    (re.compile(r"\|\|"), "write `or` for ||"),
    (re.compile(r"(?<![=!<>])=(?![=])(?=[^()]*$)"), "write == to compare"),
    (re.compile(r"!(?!=)"), "write `not` for !"),
    (re.compile(r"\?"), "write `a if b else c` for ? and :"),
    (re.compile(r"===|!=="), "write == or !="),
    (re.compile(r"\{\{"), "write {{ and }} once, around the whole expression"),
    (re.compile(r"\bif\b(?!.*\belse\b)"), "write `a if b else c`"),
    (re.compile(r"\|\s*\w+\s+['\"\w]"), "a filter takes its values in parentheses: default('there')"),
    (re.compile(r"\|\s*$"), "a filter's name is missing after |"),
    (re.compile(r"\$\{?\w"), "a field is lead.name, without $"),
)


def near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The hint that names the one of those known that is most like a name; nothing where none is like it."""
    close = difflib.get_close_matches(str(name), list(known), 1, cutoff)
    return f"did you mean `{close[0]}`?" if close else ""


def syntax_hint(text: str) -> str:
    """What a text that is no expression was probably meant to be: the habits of other languages."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    if text.count("'") % 2 or text.count('"') % 2:
        return "a quote is not closed"
    for opened, closed in ("()", "[]", "{}"):
        if bare.count(opened) != bare.count(closed):
            return f"each {opened} needs its {closed}"
    return next((hint for pattern, hint in _SYNTAX_HINTS if pattern.search(bare)), "")


def walk(expression: nodes.Node) -> Iterator[nodes.Node]:
    """An expression and all that it is made of."""
    yield expression
    yield from expression.find_all(nodes.Node)


def faults(expression: nodes.Expr, place: Place, names: frozenset[str], language: Language) -> Iterator[Finding]:
    """What can't work in an expression, and, as warnings, what can't be meant; `names` are those that it may use."""
    if isinstance(expression, nodes.Name) and expression.name in OBJECTS & names:
        message = f"`{expression.name}` is all of its fields, and no text."
        yield Finding(place, "whole_object", message, f"name one of them: {expression.name}.…", "warning")
    for node in walk(expression):
        match node:
            case nodes.CondExpr(expr2=None):
                node.expr2 = nodes.Const(None, lineno=node.lineno)
            case nodes.Name(name=name) if name not in names:
                yield _unknown_name(name, place, names)
            case nodes.Filter(name=name) if name not in language.filters:
                yield _unknown("unknown_filter", name, place, language.filters)
            case nodes.Test(name=name) if name not in language.tests:
                yield _unknown("unknown_test", name, place, language.tests)
            case nodes.Getattr(attr=attr) if attr.startswith("__"):
                yield Finding(place, "jinja_forbidden", f"`{attr}` is not available in mappings.")
            case nodes.Getattr(node=nodes.Name(name=whole), attr=attr) if whole in names:
                yield from _unknown_key(whole, attr, place)
            case nodes.Call(node=called):
                yield from _call(called, place, language)
            case nodes.Compare(ops=[nodes.Operand()]) | nodes.BinExpr():
                yield from text_and_number(node, place)


def _unknown(code: str, name: str, place: Place, known: Iterable[str]) -> Finding:
    return Finding(place, code, f"There is no {code.removeprefix('unknown_')} `{name}`.", near(name, known))


def _unknown_name(name: str, place: Place, names: frozenset[str]) -> Finding:
    if name in FORBIDDEN_NAMES:
        return Finding(place, "jinja_forbidden", f"`{name}` is not available in mappings.")
    other = _OTHER_WORDS.get(name)
    hint = f"write `{other}`" if other else near(name, names) or f"for a field: lead.{name}"
    return Finding(place, "unknown_name", f"There is no name `{name}` here.", hint)


def _unknown_key(whole: str, key: str, place: Place) -> Iterator[Finding]:
    known = _KEYS.get(whole)
    if known is not None and key not in known:
        hint = near(key, known) or f"it has {', '.join(known)}"
        yield Finding(place, "unknown_field", f"`{whole}` has no `{key}`.", hint, "warning")


def _call(called: nodes.Expr, place: Place, language: Language) -> Iterator[Finding]:
    if isinstance(called, nodes.Getattr) and called.attr in TEXT_METHODS:
        return
    what = str(getattr(called, "attr", None) or getattr(called, "name", "this"))
    if what not in FORBIDDEN_NAMES or not isinstance(called, nodes.Name):  # the name is told of already
        hint = f"write `… | {what}`" if what in language.filters else "fields: lead.city" if what == "get" else ""
        yield Finding(place, "jinja_forbidden", f"`{what}(…)` can't be called in mappings.", hint)
