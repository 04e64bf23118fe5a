from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.parser import Parser
from jinja2.runtime import Context

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.document.nodes import Node
from ingest.mapping.expressions.calls import call_faults
from ingest.mapping.expressions.faults import faults, walk
from ingest.mapping.expressions.hints import commas, plain_words, syntax_hint
from ingest.mapping.expressions.language import Language
from ingest.mapping.expressions.native import LIMIT, is_blank, to_text
from ingest.mapping.tables.declared import Tables

_FORBIDDEN_MARKS = {"block_begin": "{%", "raw_begin": "{%", "comment_begin": "{#"}
_BACKSLASH = re.compile(r"(?<!\\)((?:\\\\)*)\\(?![\\'\"nrtuUxN])")  # before what is no escape: \d, \b
_SYNTAX = (TemplateSyntaxError, SyntaxError, RecursionError, MemoryError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Expression:
    """A text of a mapping, compiled: the literal text that it is, or what its `{{ … }}` give."""

    source: str
    places: tuple[Place, ...]  # of each `{{`, or of the text
    literal: str | None = None
    parts: tuple[str | Callable[[Context], Any], ...] = ()  # literal texts, and what gives the others
    inputs: tuple[tuple[str, ...], ...] = ()  # ("lead", "city"): what the expressions look at
    spots: tuple[Place, ...] = ()  # where each of those stands
    names: frozenset[str] = frozenset()  # the first names of those
    value: Callable[[Context], Any] | None = None  # of one `{{ … }}` and nothing else, which gives no text but its own

    @property
    def place(self) -> Place:
        """Where the expression begins."""
        return self.places[0]

    def run(self, context: Context, at: list[int]) -> Any:
        """The value: any for a single expression, else text. `at[0]` counts the `{{ … }}` that were reached.

        Raises whatever the expression raises: AbsentValue, Hold, or any exception of a filter.
        """
        if self.value is not None:
            return self.value(context)
        if self.literal is not None:
            return self.literal
        texts = []
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part)
            else:
                texts.append(to_text(part(context)))
                at[0] += 1
        return "".join(texts)


class Compiler:
    """Compiles the texts of a mapping, and gathers what is wrong with them."""

    def __init__(self, language: Language, findings: list[Finding], tables: Tables | None = None) -> None:
        self._language = language
        self._tables = tables or Tables()
        self._findings = findings
        self._known: dict[tuple[Any, ...], Expression | None] = {}

    def text(self, node: Node, names: frozenset[str]) -> Expression | None:
        """A text with `{{ … }}` in it, or none. None where it has findings."""
        return self._once(node, names, self._text)

    def condition(self, node: Node, names: frozenset[str]) -> Expression | None:
        """A bare expression, as in `when`; `{{ … }}` around it is allowed. None where it has findings."""
        return self._once(node, names, self._condition)

    def _once(
        self, node: Node, names: frozenset[str], compile_: Callable[[Node, frozenset[str]], Expression]
    ) -> Expression | None:
        """Routes share the texts of the request: each is compiled, and found wrong, once."""
        key = (node.place, node.value, names, compile_)  # an alias stands at the place of what it stands for
        if key not in self._known:
            self._known[key] = None
            try:
                self._known[key] = compile_(node, names)
            except MappingError as error:
                self._findings += error.findings
            except _SYNTAX as error:
                self._findings.append(Finding(node.place, "jinja_syntax", _sentence(error)))
        return self._known[key]

    def _text(self, node: Node, names: frozenset[str]) -> Expression:
        source: str = node.value
        parts = list(self._split(node))
        if all(place is None for _, place in parts):
            if "}}" in source:
                raise _fault(node.place_of("}}"), "jinja_syntax", "`}}` ends what no `{{` began.", "begin it with {{")
            if is_blank(source):
                raise _fault(node.place, "bad_value", "A blank text.", "leave the key out, or write null to remove it")
            return Expression(source, (node.place,), literal=source)
        output: list[nodes.Expr] = []
        for text, place in parts:
            output.append(nodes.TemplateData(text) if place is None else self._parse(text, place, node))
        blank = all(is_blank(text) for text, place in parts if place is None)
        return self._finish(node, output, tuple(place for _, place in parts if place), names, blank)

    def _condition(self, node: Node, names: frozenset[str]) -> Expression:
        source: str = node.value.strip()
        if source.startswith("{{") and source.endswith("}}") and source.count("{{") == 1:
            return self._text(node, names)
        place = node.first_character()
        if "{{" in source or source.endswith("}}"):
            raise _fault(place, "jinja_syntax", "A condition needs no braces.", "leave {{ and }} out")
        return self._finish(node, [self._parse(source, place, node)], (place,), names, True)

    def _finish(
        self, node: Node, output: list[nodes.Expr], places: tuple[Place, ...], names: frozenset[str], blank: bool
    ) -> Expression:
        expressions = [part for part in output if not isinstance(part, nodes.TemplateData)]
        try:
            findings = [
                finding
                for part, place in zip(expressions, places, strict=True)
                for look in (
                    faults(part, partial(node.find, start=place), names, self._language),
                    call_faults(part, place, self._language, self._tables),
                )
                for finding in look
            ]
            paths = dict.fromkeys(path for part in expressions for path in _paths(part))
        except RecursionError as error:
            raise _fault(places[0], "jinja_syntax", _sentence(error)) from None
        if any(finding.severity == "error" for finding in findings):
            raise MappingError(findings)
        self._findings += findings
        spots = {
            path: place
            for part, place in reversed(list(zip(expressions, places, strict=True)))
            for path in _paths(part)
        }
        try:
            functions = [self.function(part, place) for part, place in zip(expressions, places, strict=True)]
        except _SYNTAX as error:
            raise _fault(places[0], "jinja_syntax", _sentence(error)) from None
        left = iter(functions)
        return Expression(
            source=node.value,
            places=places,
            parts=tuple(part.data if isinstance(part, nodes.TemplateData) else next(left) for part in output),
            inputs=tuple(paths),
            spots=tuple(node.find(path[-1], spots[path]) for path in paths),
            names=frozenset(path[0] for path in paths),
            value=functions[0] if blank and len(places) == 1 else None,
        )

    def function(self, expression: nodes.Expr, place: Place) -> Callable[[Context], Any]:  # noqa: ARG002 - for others
        """What gives an expression's value. Raises what Python does where it can't compile it."""
        template = nodes.Template([nodes.Output([expression], lineno=1)], lineno=1)
        template.set_environment(self._language)
        code = self._language.compile(template, filename="<mapping>")
        return Template.from_code(self._language, code, {}).root_render_func

    def _split(self, node: Node) -> Iterator[tuple[str, Place | None]]:
        """The literal parts (without a place) and the expressions of a text. Raises MappingError."""
        if len(node.value) > LIMIT:
            raise _fault(node.place, "bad_value", "A text of more than 64 kB.")
        begun: list[str] | None = None
        place = node.place
        marks, offset = 0, -2
        try:
            for _, token, text in self._language.lexer.tokeniter(node.value, None):
                if token in _FORBIDDEN_MARKS:
                    raise _forbidden_mark(node, _FORBIDDEN_MARKS[token])
                if token == "variable_begin":  # noqa: S105 - a token of Jinja's lexer
                    begun, place = [], node.place_of("{{", marks)
                    offset = node.value.find("{{", offset + 2)
                elif token == "variable_end" and begun is not None:  # noqa: S105
                    yield "".join(begun), place
                    begun = None
                elif begun is not None:
                    begun.append(text)
                else:
                    yield text, None
                marks += text.count("{{")
        except TemplateSyntaxError as error:
            raise _fault(place, "jinja_syntax", _sentence(error), syntax_hint(node.value, max(offset, 0))) from None
        if begun is not None:
            raise _fault(place, "jinja_syntax", "`{{` begins here, and no `}}` ends it.", "close it with }}")

    def _parse(self, text: str, place: Place, node: Node) -> nodes.Expr:
        if is_blank(text):
            raise _fault(place, "jinja_syntax", "Nothing stands between the braces.", "name a field: {{ lead.city }}")
        try:
            parser = Parser(self._language, _BACKSLASH.sub(r"\1\\\\", text), state="variable")
            expression = parser.parse_tuple()
            if not parser.stream.eos:
                parser.fail(f"unexpected {parser.stream.current.value!r}", parser.stream.current.lineno)
            expression.set_environment(self._language)
            if any(isinstance(inner, nodes.Tuple) and _asks(inner) for inner in walk(expression)):
                message = "The comma ends what is asked, so that it always holds."
                raise _fault(place, "jinja_syntax", message, commas(text))
        except _SYNTAX as error:
            below = getattr(error, "lineno", 1) - 1 if node.raw.startswith("|") else 0
            at = Place(place.file, place.line + below, 1) if below else place
            raise _fault(at, "jinja_syntax", _sentence(error), syntax_hint(text)) from None
        return expression


def _asks(node: nodes.Tuple) -> bool:
    """Whether a condition stands before a comma: `lead.budget | number > 1,00,000`."""
    return isinstance(node.items[0] if node.items else None, nodes.Compare | nodes.And | nodes.Or | nodes.Not)


def _paths(expression: nodes.Expr) -> Iterator[tuple[str, ...]]:
    """Every name that is looked at, with the fields below it: ("lead", "city")."""
    called = {id(node.node) for node in walk(expression) if isinstance(node, nodes.Call)}
    inner: set[int] = set()
    for node in walk(expression):
        if id(node) in inner:
            continue
        path: list[str] = []
        current: Any = node
        while isinstance(current, nodes.Getattr) or (
            isinstance(current, nodes.Getitem) and isinstance(current.arg, nodes.Const)
        ):
            if id(current) not in called:
                path.append(current.attr if isinstance(current, nodes.Getattr) else str(current.arg.as_const()))
            current = current.node
            inner.add(id(current))
        if isinstance(current, nodes.Name):
            yield (current.name, *reversed(path))


def _fault(place: Place, code: str, message: str, hint: str = "") -> MappingError:
    return MappingError([Finding(place, code, message, hint)])


def _forbidden_mark(node: Node, mark: str) -> MappingError:
    message = f"`{mark}` is not available: mappings hold expressions only."
    return _fault(node.place_of(mark), "jinja_forbidden", message, "write {{ … }}, and conditions as `a if b else c`")


def _sentence(error: BaseException) -> str:
    if isinstance(error, TemplateSyntaxError):
        return f"The expression is not understood: {plain_words(error.message or '')}."
    return "The expression is too long or nested too deeply."
