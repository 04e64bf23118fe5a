"""Jinja's expressions, and nothing else of Jinja: no statements, no globals, no folding at compile time."""

from __future__ import annotations

import operator as operators
from functools import lru_cache, partial
from math import isfinite
from types import BuiltinMethodType
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.compiler import Frame
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ingest.mapping.expressions.native import Absent, AbsentValue, ExpressionError, check_size, to_text, weight
from ingest.mapping.expressions.views import Items, View
from ingest.mapping.filters.toolbox import TESTS, filters, modulo, replaced

TEXT_METHODS = frozenset(
    """upper lower title capitalize casefold swapcase strip lstrip rstrip split rsplit splitlines startswith endswith
    find rfind count partition rpartition removeprefix removesuffix isalnum isalpha isascii isdecimal isdigit islower
    isnumeric isspace istitle isupper replace""".split()
)
MAX_BITS = 4096  # of a number


class _Generator(NativeCodeGenerator):
    """Compiles expressions without evaluating any part of them."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def writeline(self, x: str, node: nodes.Node | None = None, extra: int = 0) -> None:
        if x != "if 0: yield None":  # which makes a generator of what Jinja writes; ours is a function
            super().writeline(x, node, extra)

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        (expression,) = node.nodes
        self.writeline("return ", node)
        self.visit(expression, frame)

    def enter_frame(self, frame: Frame) -> None:
        """Asks for `lead` before all else, and for other names where they stand: a `let` may cost much, or fail."""
        early = {target: load for target, load in frame.symbols.loads.items() if load[1] == "lead"}
        frame.symbols.loads = early
        super().enter_frame(frame)

    def visit_Name(self, node: nodes.Name, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if node.name == "lead":
            super().visit_Name(node, frame)
        else:
            self.write(f"context.asked({node.name!r})")

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if isinstance(node.value, float) and not isfinite(node.value):
            raise TemplateSyntaxError("a number is too big", node.lineno)
        super().visit_Const(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        if len(node.ops) != 1 or node.ops[0].op not in {"in", "notin"}:
            super().visit_Compare(node, frame)
            return
        self.write("(not " if node.ops[0].op == "notin" else "(")
        self.write("environment.contains(")
        self.visit(node.ops[0].expr, frame)
        self.write(", ")
        self.visit(node.expr, frame)
        self.write("))")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            self.visit_Getattr(nodes.Getattr(node.node, node.arg.value, "load"), frame)
        else:
            super().visit_Getitem(node, frame)


class Language(ImmutableSandboxedEnvironment):
    """The sandbox that expressions are compiled for and run in."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, country: str) -> None:
        super().__init__(undefined=Absent, optimized=False, autoescape=False, cache_size=0)
        self.globals.clear()
        self.filters = filters(country)
        self.tests = dict(TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a view, a method of text that is allowed, or Absent."""
        if isinstance(obj, View):
            return obj.get(attribute)
        if isinstance(obj, Absent):
            return Absent(name=f"{obj.path}.{attribute}")
        if isinstance(obj, str) and attribute in TEXT_METHODS:
            return partial(replaced, obj) if attribute == "replace" else getattr(obj, attribute)
        if isinstance(obj, dict):
            return obj.get(attribute, Absent(name=f"the key {attribute}"))
        if hasattr(obj, attribute):
            raise ExpressionError(f".{attribute} is not allowed here")
        return Absent(name=f".{attribute}")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item by an index or a computed key, or Absent."""
        if isinstance(argument, Absent):
            raise AbsentValue(argument)
        if isinstance(obj, Items) and isinstance(argument, int):
            return obj.at(argument)
        if isinstance(obj, list | tuple | str) and isinstance(argument, int):
            inside = -len(obj) <= argument < len(obj)
            return obj[argument] if inside else Absent(name=f"item {argument}")
        if isinstance(obj, dict):
            return obj.get(argument, Absent(name="a key"))
        found = obj.computed(to_text(argument)) if isinstance(obj, View) else self.getattr(obj, to_text(argument))
        return Absent(name="a key") if isinstance(found, Absent) and not isinstance(obj, View) else found

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - Jinja's signature
        """A method of text."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, Absent):
                raise AbsentValue(value)
        if isinstance(obj, Absent):
            return obj
        ours = isinstance(obj, partial) and obj.func is replaced
        text = isinstance(obj, BuiltinMethodType) and isinstance(obj.__self__, str) and obj.__name__ in TEXT_METHODS
        if not ours and not text:
            raise ExpressionError("only methods of text can be called")
        return obj(*args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """An operation whose result could grow, after a look at how big it will be."""
        for value in (left, right):
            if isinstance(value, Absent):
                raise AbsentValue(value)
        return _OPERATIONS[operator](left, right)

    @staticmethod
    def concatenated(values: tuple[Any, ...]) -> str:
        """What `~` gives."""
        return "".join(_sized([to_text(value) for value in values]))

    @staticmethod
    def contains(container: Any, item: Any) -> bool:
        """What `in` gives: an absent value is in nothing, and nothing is in it."""
        if isinstance(item, Absent) or isinstance(container, Absent):
            return False
        return to_text(item) in container if isinstance(container, str) else item in container


@lru_cache(maxsize=32)
def language(country: str) -> Language:
    """The language of mappings whose phones are of that country where they do not say."""
    return Language(country)


def _sized(parts: list[str]) -> list[str]:
    check_size(sum(map(len, parts)))
    return parts


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        check_size(len(left) + (len(right) if isinstance(right, str) else 0))
    elif isinstance(left, list | tuple):
        weight((left, right))
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for many, count in ((left, right), (right, left)):
        if isinstance(count, int) and isinstance(many, str):
            check_size(len(many) * count)
        elif isinstance(count, int) and isinstance(many, list | tuple):
            weight(many, count)
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * abs(right))
    return operators.pow(left, right)


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise ExpressionError("the number is too big")


_OPERATIONS = {"+": _add, "*": _multiply, "**": _power, "%": modulo}
