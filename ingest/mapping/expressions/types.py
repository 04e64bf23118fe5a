"""Fields are text: comparisons and sums that take them for numbers come out otherwise than they read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jinja2 import nodes

from ingest.errors import Finding, Place

OBJECTS = frozenset({"lead", "payload", "meta", "request"})
NO_DASH = ": a field's name has no -."
_ORDER = {"lt", "lteq", "gt", "gteq"}
_SUMS = (nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Sub, nodes.Pow)
_NUMBERS = {"number", "int", "float", "length", "count", "wordcount", "abs", "round", "sum"}


def text_and_number(node: nodes.Compare | nodes.BinExpr, locate: Callable[[str], Place]) -> Iterator[Finding]:
    """A warning where a field meets a number, or a number a text."""
    found = _of_sum(node) if isinstance(node, nodes.BinExpr) else _of_comparison(node)
    if found:
        last = re.findall(r"\w+", found[0].split("`")[1]) if "`" in found[0] else []
        yield Finding(locate(last[-1] if last else ""), "text_and_number", *found, "warning")


def _of_sum(node: nodes.BinExpr) -> tuple[str, str] | None:
    field = next((side for side in (node.left, node.right) if _is_field(side)), None)
    if field is None:
        return None
    if isinstance(node, nodes.Add):
        number = any(
            isinstance(side, nodes.Const) and isinstance(side.value, int | float) for side in (node.left, node.right)
        )
        message = f"`{_path(field)}` is text, to which no number is added."
        return (message, f"write ~ to join them, or {_path(field)} | number to add") if number else None
    if not isinstance(node, _SUMS):
        return None
    taken = _innermost(node.right)
    if isinstance(node, nodes.Sub) and field is node.left and isinstance(taken, nodes.Name):
        message = f"This takes `{taken.name}` from `{_path(field)}`{NO_DASH}"
        return message, f"write {_path(field)}_{taken.name}"
    return f"`{_path(field)}` is text, which is not computed with.", f"write ({_path(field)} | number)"


def _of_comparison(node: nodes.Compare) -> tuple[str, str] | None:
    operator = node.ops[0].op
    sides = (node.expr, node.ops[0].expr)
    for side, other in (sides, sides[::-1]):
        values = [item.value for item in _items(other) if isinstance(item, nodes.Const)]
        if _is_field(side) and operator in {"eq", "ne"} and len(values) == 1 and values[0] in {None, ""}:
            message = f"`{_path(side)}` is never empty: it is there, or it is not."
            return message, f"write {_path(side)} is {'not ' if operator == 'eq' else ''}present"
        if _is_field(side) and values and not any(value is None or isinstance(value, str) for value in values):
            return _field_and(_path(side), operator, values[0])
        text = values[0] if len(values) == 1 and isinstance(values[0], str) else ""
        if operator in _ORDER and re.fullmatch(r"\s*-?[\d,.]*\d\s*", text):
            if _is_field(side):
                message = f"`{_path(side)}` and '{text}' are compared as texts, letter by letter."
                return message, f"write {_path(side)} | number, and {text} without quotes"
            if isinstance(side, nodes.Filter) and side.name in _NUMBERS:
                return f"A number is compared with the text '{text}'.", f"write {text} without quotes"
    return None


def _field_and(path: str, operator: str, value: object) -> tuple[str, str]:
    """A field beside a number or a truth value."""
    shown = str(value).lower() if isinstance(value, bool) else value
    if operator in _ORDER:
        return f"`{path}` is text, and {shown} is none.", f"write {path} | number"
    hint = f"write '{shown}' in quotes"
    if isinstance(value, bool):
        hint = f"write {path} | yes" if value == (operator != "ne") else f"write not ({path} | yes)"
    return f"`{path}` is text, which never equals {shown}.", hint


def _items(node: nodes.Expr) -> list[nodes.Expr]:
    """What a value is compared with: each item of a list, else the other side itself."""
    return node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]


def _innermost(node: nodes.Expr) -> nodes.Expr | None:
    """What stands before all filters."""
    return _innermost(node.node) if isinstance(node, nodes.Filter) and node.node else node


def _is_field(node: nodes.Expr | None) -> bool:
    """Whether it is `lead.city`, or the like, with nothing done to it."""
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return False
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return isinstance(node, nodes.Name) and node.name in OBJECTS


def _path(node: nodes.Expr) -> str:
    match node:
        case nodes.Getattr(node=inner, attr=attr):
            return f"{_path(inner)}.{attr}"
        case nodes.Getitem(node=inner, arg=nodes.Const(value=value)):
            return f"{_path(inner)}[{value!r}]"
        case nodes.Name(name=name):
            return str(name)
    return "…"
