"""Expressions that tell which ways through them were taken. Only coverage compiles them so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from ingest.errors import Finding, Place
from ingest.mapping.document.nodes import Node
from ingest.mapping.evaluate import truth
from ingest.mapping.expressions.compiling import Compiler, Expression
from ingest.mapping.expressions.language import Language
from ingest.mapping.expressions.native import AbsentValue
from ingest.mapping.expressions.unparse import call, short, written
from ingest.mapping.tables.declared import Tables

_WATCH = "(watch)"  # names of filters that nobody can type
_MARK = object()  # a default that nothing else gives
_GLIMPSE = 40  # characters of the whole, where it is only to tell which one is meant


@dataclass(slots=True)
class Branch:
    """One way through an expression: where it begins, what is said where no test took it, and whether one did."""

    place: Place
    message: str
    taken: bool = False


Branches = dict[tuple[Place, str, int], Branch]
"""Branches by where their expression begins, its text, and their number in it."""


@dataclass(frozen=True)
class _WithDefault:
    """A filter that gives its default, or something else; what is said where it never, or always, gave the default."""

    name: str
    aliases: tuple[str, ...]
    position: int  # of the default among the arguments
    keyword: str
    never: str
    always: str

    @property
    def stand_in(self) -> str:
        """The name of the filter that is put in its place."""
        return f"({self.name})"


_WITH_DEFAULT = (
    _WithDefault(
        "default",
        ("d",),
        0,
        "default_value",
        "`{filter}` never stepped in for `{value}`",
        "`{value}` was never there before `{filter}`",
    ),
    _WithDefault("lookup", (), 1, "default", "`{filter}` never missed `{value}`", "`{filter}` never found `{value}`"),
)


class WatchedLanguage(Language):
    """The language with filters that see values pass, and note the branches that were taken."""

    def __init__(self, country: str) -> None:
        super().__init__(country)
        self.branches: Branches = {}
        self.watchers: list[Callable[..., None]] = []
        self.filters = {
            **self.filters,
            _WATCH: self._watch,
            **{each.stand_in: self._stand_in(each, self.filters[each.name]) for each in _WITH_DEFAULT},
        }

    def _stand_in(self, watched: _WithDefault, real: Callable[..., Any]) -> Callable[..., Any]:
        beside = partial(self._beside, watched, real)
        if hasattr(real, "jinja_pass_arg"):  # it is given the names that the expression sees, before all else
            beside = pass_context(partial(self._with_names, watched, real))
        return beside

    def _with_names(
        self, watched: _WithDefault, real: Callable[..., Any], names: Context, *args: Any, **kwargs: Any
    ) -> Any:
        return self._beside(watched, partial(real, names), *args, **kwargs)

    def _watch(self, value: Any, watcher: int) -> Any:
        self.watchers[watcher](value)
        return value

    def _beside(
        self, watched: _WithDefault, real: Callable[..., Any], value: Any, watcher: int, *args: Any, **kwargs: Any
    ) -> Any:
        result, at = real(value, *args, **kwargs), watched.position
        if len(args) > at:
            args = (*args[:at], _MARK, *args[at + 1 :])
        else:
            kwargs = {**kwargs, watched.keyword: _MARK}
        self.watchers[watcher](real(value, *args, **kwargs) is _MARK)
        return result


class WatchingCompiler(Compiler):
    """Compiles expressions that tell their branches to a WatchedLanguage."""

    def __init__(self, language: WatchedLanguage, findings: list[Finding], tables: Tables) -> None:
        super().__init__(language, findings, tables)
        self._watched = language

    def function(self, expression: nodes.Expr, place: Place) -> Callable[[Context], Any]:
        """The watched function; the plain one of an expression that has just room enough for itself."""
        plain = super().function(expression, place)
        branches: Branches = {}
        try:
            watched = _Watch(self._watched, branches, place, written(expression)).visit(expression)
            function = super().function(watched, place)
        except (SyntaxError, RecursionError, MemoryError):  # what Python says of too much
            return plain
        self._watched.branches.update(branches)
        return function

    def condition(self, node: Node, names: frozenset[str]) -> Expression | None:
        """A condition whose two outcomes are branches, unless it is the same for every lead."""
        expression = super().condition(node, names)
        if expression is None or expression.value is None or not expression.names:
            return expression
        text = short(" ".join(expression.source.split()))
        known = self._watched.branches
        held = known.setdefault((expression.place, text, -1), Branch(expression.place, f"`{text}` was never true"))
        failed = known.setdefault((expression.place, text, -2), Branch(expression.place, f"`{text}` was never false"))
        return replace(expression, value=partial(_outcome, expression.value, held, failed))


def _outcome(value: Callable[[Context], Any], held: Branch, failed: Branch, context: Context) -> Any:
    try:
        found = value(context)
    except AbsentValue:
        failed.taken = True
        raise
    (held if truth(found) else failed).taken = True
    return found


class _Watch(NodeTransformer):
    """Puts watching filters into one expression, and lists its branches in the order in which one reads them."""

    def __init__(self, language: WatchedLanguage, branches: Branches, place: Place, text: str) -> None:
        self._language = language
        self._branches = branches
        self._place = place
        self._text = text

    def visit_Or(self, node: nodes.Or) -> nodes.Expr:  # noqa: N802 - Jinja's names, as those below
        """Each operand is once the one that counts: the first that is there."""
        whole = short(written(node), _GLIMPSE)
        operands = list(_operands(node, nodes.Or))
        ways = [
            self._branch(f"`{short(written(each))}` was never the one that counts in `{whole}`") for each in operands
        ]
        last = ways[-1] if isinstance(operands[-1], nodes.Const) else None  # one that can't be there or not
        return self._joined(nodes.Or, operands, [*((way, None) for way in ways[:-1]), (ways[-1], last)])

    def visit_And(self, node: nodes.And) -> nodes.Expr:  # noqa: N802
        """Each operand is once the one that counts: the first that is false or absent, else the last."""
        whole = short(written(node), _GLIMPSE)
        *first, last = operands = list(_operands(node, nodes.And))
        ways = [self._branch(f"`{short(written(each))}` was never false in `{whole}`") for each in first]
        reached = self._branch(f"`{short(written(last))}` was never reached in `{whole}`")
        outcomes = [*((None, way) for way in ways[:-1]), (reached, ways[-1]), (None, None)]
        return self._joined(nodes.And, operands, outcomes)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Expr:  # noqa: N802
        """Either arm is taken once, also an `else` that is not written."""
        whole = short(written(node))
        arms = [self._branch(f"the `{arm}` of `{whole}` was never taken") for arm in ("if", "else")]
        self.generic_visit(node)
        node.test = self._around(node.test, partial(_either, *arms))
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        """`default` steps in once and is not needed once; `lookup` finds something once and nothing once."""
        watched = next((each for each in _WITH_DEFAULT if node.name in (each.name, *each.aliases)), None)
        if watched is None or node.node is None:
            return self.generic_visit(node)
        told = {"filter": short(call(node)), "value": short(written(node.node))}
        ways = [self._branch(sentence.format(**told)) for sentence in (watched.never, watched.always)]
        self.generic_visit(node)
        node.name = watched.stand_in
        node.args = [self._number(partial(_either, *ways)), *node.args]
        return node

    def _branch(self, message: str) -> Branch:
        key = (self._place, self._text, len(self._branches))
        return self._branches.setdefault(key, self._language.branches.get(key) or Branch(self._place, message))

    def _joined(
        self, kind: type[nodes.BinExpr], operands: list[nodes.Expr], outcomes: list[tuple[Branch | None, Branch | None]]
    ) -> nodes.Expr:
        watched = [
            self._around(self.visit(operand), partial(_either, *ways))
            for operand, ways in zip(operands, outcomes, strict=True)
        ]
        return reduce(lambda left, right: kind(left, right, lineno=1), watched)

    def _around(self, node: nodes.Expr, watcher: Callable[..., None]) -> nodes.Expr:
        return nodes.Filter(node, _WATCH, [self._number(watcher)], [], None, None, lineno=1)

    def _number(self, watcher: Callable[..., None]) -> nodes.Const:
        self._language.watchers.append(watcher)
        return nodes.Const(len(self._language.watchers) - 1, lineno=1)


def _operands(node: nodes.Expr, kind: type[nodes.BinExpr]) -> Iterator[nodes.Expr]:
    """The operands of `a or b or c`, which Jinja takes for `(a or b) or c`."""
    for each in (node.left, node.right) if isinstance(node, kind) else ():
        yield from _operands(each, kind) if isinstance(each, kind) else [each]


def _take(branch: Branch | None) -> None:
    if branch is not None:
        branch.taken = True


def _either(yes: Branch | None, no: Branch | None, value: Any) -> None:
    _take(yes if value else no)
