"""Expressions as text again: what Jinja's parser took apart, for people to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes

# How tightly a kind of expression holds together, loosest first, as Jinja's parser has it.
_IF, _OR, _AND, _NOT, _COMPARE, _SUM, _JOIN, _PRODUCT, _POWER, _SIGN, _FILTER, _WHOLE = range(12)


def written(node: nodes.Node, least: int = _IF) -> str:
    """An expression as one would type it; in brackets where it holds less tightly than `least`."""
    level, write = _WRITERS.get(type(node), (_WHOLE, lambda _: "…"))
    text = write(node)
    return f"({text})" if level < least else text


def short(text: str, most: int = 60) -> str:
    """A text cut to so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def call(node: nodes.Filter | nodes.Test) -> str:
    """A filter or test with its arguments: `default('there')`."""
    arguments = _arguments(node)
    return f"{node.name}({arguments})" if arguments else node.name


def _if(node: nodes.CondExpr) -> str:
    text = f"{written(node.expr1, _SUM)} if {written(node.test, _OR)}"
    left_out = node.expr2 is None or (isinstance(node.expr2, nodes.Const) and node.expr2.value is None)
    return text if left_out or node.expr2 is None else f"{text} else {written(node.expr2)}"


def _binary(level: int) -> tuple[int, Callable[[nodes.BinExpr], str]]:
    return level, lambda node: f"{written(node.left, level)} {node.operator} {written(node.right, level + 1)}"


def _not(node: nodes.Not) -> str:
    if isinstance(node.node, nodes.Test):
        return f"{written(node.node.node, _FILTER)} is not {call(node.node)}"
    return f"not {written(node.node, _NOT)}"


def _sign(node: nodes.UnaryExpr) -> str:
    return f"{node.operator}{written(node.node, _WHOLE)}"


def _compared(node: nodes.Compare) -> str:
    more = (f" {_COMPARED[each.op]} {written(each.expr, _SUM)}" for each in node.ops)
    return written(node.expr, _SUM) + "".join(more)


def _filtered(node: nodes.Filter) -> str:
    return f"{written(node.node, _FILTER)} | {call(node)}" if node.node else call(node)


def _constant(node: nodes.Const) -> str:
    named = {None: "none", True: "true", False: "false"}
    return named[node.value] if node.value is None or isinstance(node.value, bool) else repr(node.value)


def _slice(node: nodes.Slice) -> str:
    steps = [node.start, node.stop, *([node.step] if node.step else [])]
    return ":".join(written(each) if each else "" for each in steps)


def _listed(items: Iterable[nodes.Node]) -> str:
    return ", ".join(map(written, items))


def _arguments(node: nodes.Call | nodes.Filter | nodes.Test) -> str:
    given = [*map(written, node.args), *map(written, node.kwargs)]
    given += [f"*{written(node.dyn_args)}"] if node.dyn_args else []
    given += [f"**{written(node.dyn_kwargs)}"] if node.dyn_kwargs else []
    return ", ".join(given)


_COMPARED = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"}
_WRITERS: dict[type[nodes.Node], tuple[int, Callable[[Any], str]]] = {
    nodes.CondExpr: (_IF, _if),
    nodes.Or: _binary(_OR),
    nodes.And: _binary(_AND),
    nodes.Not: (_NOT, _not),
    nodes.Compare: (_COMPARE, _compared),
    nodes.Test: (_COMPARE, lambda node: f"{written(node.node, _FILTER)} is {call(node)}"),
    nodes.Add: _binary(_SUM),
    nodes.Sub: _binary(_SUM),
    nodes.Concat: (_JOIN, lambda node: " ~ ".join(written(part, _PRODUCT) for part in node.nodes)),
    nodes.Mul: _binary(_PRODUCT),
    nodes.Div: _binary(_PRODUCT),
    nodes.FloorDiv: _binary(_PRODUCT),
    nodes.Mod: _binary(_PRODUCT),
    nodes.Pow: _binary(_POWER),
    nodes.Neg: (_SIGN, _sign),
    nodes.Pos: (_SIGN, _sign),
    nodes.Filter: (_FILTER, _filtered),
    nodes.Name: (_WHOLE, lambda node: node.name),
    nodes.Const: (_WHOLE, _constant),
    nodes.Getattr: (_WHOLE, lambda node: f"{written(node.node, _WHOLE)}.{node.attr}"),
    nodes.Getitem: (_WHOLE, lambda node: f"{written(node.node, _WHOLE)}[{written(node.arg)}]"),
    nodes.Slice: (_WHOLE, _slice),
    nodes.Call: (_WHOLE, lambda node: f"{written(node.node, _WHOLE)}({_arguments(node)})"),
    nodes.Keyword: (_WHOLE, lambda node: f"{node.key}={written(node.value)}"),
    nodes.List: (_WHOLE, lambda node: f"[{_listed(node.items)}]"),
    nodes.Tuple: (_WHOLE, lambda node: f"({_listed(node.items)}{',' if len(node.items) == 1 else ''})"),
    nodes.Pair: (_WHOLE, lambda node: f"{written(node.key)}: {written(node.value)}"),
    nodes.Dict: (_WHOLE, lambda node: "{" + _listed(node.items) + "}"),
    nodes.TemplateData: (_WHOLE, lambda node: repr(node.data)),
}
