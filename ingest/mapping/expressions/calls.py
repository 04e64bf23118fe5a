"""What can be told of a call of a filter or test before any lead comes: its arguments, as they stand in the mapping."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.expressions.faults import walk
from ingest.mapping.expressions.language import Language
from ingest.mapping.expressions.native import ExpressionError
from ingest.mapping.filters import dates, numbers, phones, regex, texts
from ingest.mapping.near import near
from ingest.mapping.tables.declared import Tables
from ingest.values import normalise_key

_CHECKS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("clip", "length"): texts.checked_length,
    ("date", "format"): dates.telling_format,
    ("date", "order"): dates.known_order,
    ("date", "zone"): dates.known_zone,
    ("hash", "length"): texts.checked_digest,
    ("match", "pattern"): regex.compiled,
    ("matching", "pattern"): regex.compiled,
    ("money", "currency"): numbers.known_currency,
    ("phone", "country"): phones.known_region,
    ("regex_replace", "pattern"): regex.compiled,
    ("regex_search", "pattern"): regex.compiled,
}
"""What is asked of arguments that are written out. Each raises ExpressionError."""
_PATTERN = r"before . ( ) [ ] * + ? stands \ where they are meant themselves: '\(new\)'"
_INNER = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that are given the name of another filter (`map`) or of a test, and which of their arguments that is."""


def call_faults(expression: nodes.Expr, place: Place, language: Language, tables: Tables) -> Iterator[Finding]:
    """What is wrong with the calls of filters and tests in an expression. Names of tables are put right for the run."""
    for node in walk(expression):
        if isinstance(node, nodes.Filter | nodes.Test) and not (node.dyn_args or node.dyn_kwargs):
            named = [(str(each.key), each.value) for each in node.kwargs if isinstance(each, nodes.Keyword)]
            functions: Mapping[str, Any] = language.tests
            if isinstance(node, nodes.Filter):
                functions = language.filters
                yield from _inner(node, named, place, language, tables)
            if node.name in functions:
                yield from _faults(_Call(node.name, functions[node.name], node.args, named), place, tables)


@dataclass(frozen=True)
class _Call:
    name: str
    function: Callable[..., Any]
    args: Sequence[nodes.Expr]
    named: Sequence[tuple[str, nodes.Expr]]


def _inner(
    node: nodes.Filter, named: list[tuple[str, nodes.Expr]], place: Place, language: Language, tables: Tables
) -> Iterator[Finding]:
    """What is wrong with the filter or test that a filter is given by name: `map('upper')`."""
    at = _INNER.get(node.name)
    name = _literal(node.args[at]) if at is not None and at < len(node.args) else None
    if at is None or not isinstance(name, str):
        return
    functions: Mapping[str, Any] = language.filters if node.name == "map" else language.tests
    if name in functions:
        yield from _faults(_Call(name, functions[name], node.args[at + 1 :], named), place, tables)
    else:
        code, what = ("unknown_filter", "filter") if node.name == "map" else ("unknown_test", "test")
        yield Finding(place, code, f"There is no {what} `{name}`.", near(name, functions))


def call_fault(
    name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[str, str] | None:
    """What is wrong with how many arguments a filter or test is given, and under which names: a sentence and a hint."""
    expected = _expected(function)
    try:
        expected.bind(*args, **kwargs)
    except TypeError:
        known = list(expected.parameters)
        strange = [key for key in kwargs if key not in known]
        needed = [key for key, each in expected.parameters.items() if each.default is each.empty]
        hint = near(strange[0], known) if strange else ""
        if not hint and needed and len(args) + len(kwargs) < len(needed):
            hint = f"it needs {' and '.join(needed)}"
        return f"`{name}` takes {_listed(known)}.", hint
    return None


def _faults(call: _Call, place: Place, tables: Tables) -> Iterator[Finding]:
    kwargs = dict(call.named)
    if len(kwargs) < len(call.named):
        yield Finding(place, "bad_arguments", f"`{call.name}` is given the same argument twice.")
        return
    fault = call_fault(call.name, call.function, call.args, kwargs)
    if fault:
        yield Finding(place, "bad_arguments", *fault)
        return
    given = _expected(call.function).bind(*call.args, **kwargs).arguments
    for key, node in given.items():
        check, literal = _CHECKS.get((call.name, key)), _literal(node)
        if check and literal is not None:
            try:
                check(literal)
            except ExpressionError as error:
                hint = _PATTERN if key == "pattern" and "size" not in str(error) else ""
                yield Finding(place, "bad_arguments", _sentence(call.name, str(error)), hint)
    if call.name in {"default", "d"} and "default_value" not in given:
        yield Finding(place, "bad_arguments", f"`{call.name}` says nothing to take instead.", "default('there')")
    if call.name == "lookup":
        yield from _table(given, place, tables)


def _table(given: Mapping[str, Any], place: Place, tables: Tables) -> Iterator[Finding]:
    table, column = given["table"], _literal(given.get("column"))
    if isinstance(table, nodes.Const) and isinstance(table.value, str):
        try:
            table.value = tables.named(table.value, place)
        except MappingError as error:
            yield from error.findings
            return
    name = getattr(table, "value", None) or getattr(table, "name", None)
    known = tables.known.get(name) if isinstance(name, str) else None
    if known and column is not None and normalise_key(str(column)) not in known.columns:
        hint = near(str(column), known.columns) or f"it has {_listed(list(known.columns))}"
        yield Finding(place, "bad_arguments", f"The table {known.path} has no column `{column}`.", hint)


def _literal(node: Any) -> Any:
    """The value of an argument that is written out, else None."""
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
        return f"-{node.node.value}"
    return node.value if isinstance(node, nodes.Const) else None


@functools.lru_cache(maxsize=512)
def _expected(function: Callable[..., Any]) -> inspect.Signature:
    """The arguments that a mapping gives in brackets: without the value before the bar, and what Jinja gives itself."""
    signature = inspect.signature(function)
    skip = 2 if hasattr(inspect.unwrap(function), "jinja_pass_arg") else 1
    return signature.replace(parameters=list(signature.parameters.values())[skip:])


def _sentence(name: str, said: str) -> str:
    if said.startswith(f"{name} "):
        return f"`{name}`{said.removeprefix(name)}."
    return f"{said[0].upper()}{said[1:]}."


def _listed(names: list[str]) -> str:
    if not names:
        return "no arguments"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
