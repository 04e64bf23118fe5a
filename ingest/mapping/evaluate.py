from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2.runtime import Context
from jinja2.utils import missing

from ingest.errors import Hold, Place
from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.expressions.language import Language
from ingest.mapping.expressions.native import (
    Absent,
    AbsentValue,
    ExpressionError,
    check_size,
    final_text,
    is_blank,
    scalars,
    weight,
)
from ingest.mapping.expressions.views import LeadView, ObjectView, wrap
from ingest.mapping.tables.table import Table
from ingest.mapping.trace import Step, Trace, failure, plain
from ingest.models import Lead, Meta, Reason, iso

_NO_TABLES: Mapping[str, Table] = {}
_SENTENCES: dict[type[Exception], str] = {
    ZeroDivisionError: "it divides by zero",
    TypeError: "an operation does not fit its values: fields are text, `| number` makes numbers of them",
    RecursionError: "it is nested too deeply",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """An expression came out absent: why, and which of its `{{ … }}`."""

    message: str
    place: Place


class Scope(Context):
    """The names that the expressions of one lead see. A `let` is evaluated when it is first asked for, and once."""

    def __init__(
        self,
        language: Language,
        lead: Lead,
        meta: Meta,
        lets: dict[str, Expression],
        trace: Trace | None = None,
        *,
        tables: Mapping[str, Table] = _NO_TABLES,
    ) -> None:
        super().__init__(language, {"lead": LeadView(lead.fields)}, None, {})
        self._payload = lead.payload
        self._meta = meta
        self._lets = lets
        self._trace = trace
        self._failed: dict[str, Hold] = {}
        self.tables = tables  # the filter `lookup` asks for them by the names that expressions write
        self.request: Callable[[], dict[str, Any]] | None = None  # of the route that is being looked at

    def resolve_or_missing(self, key: str) -> Any:
        """A name's value."""
        if key in self.parent:
            return self.parent[key]
        if key in self._lets:
            return self._let(key)
        if key == "payload":
            return self.parent.setdefault(key, wrap(self._payload, key))
        if key == "meta":
            return self.parent.setdefault(key, ObjectView(_described(self._meta), key))
        if key == "request" and self.request is not None:
            body = self.request()
            if self._trace is not None:
                self._trace.requested = self._trace.route
            return ObjectView(body, "request")
        return self.tables.get(key, missing)

    def asked(self, name: str) -> Any:
        """A name's value where an expression comes to it; Absent where nothing is called so."""
        value = self.resolve_or_missing(name)
        return Absent(name=name) if value is missing else value

    def text(self, expression: Expression, name: str) -> str | Missing:
        """The expression's text, never blank. Raises Hold."""
        if expression.literal is not None and self._trace is None:
            return expression.literal.strip()
        if self._trace is None:
            return self._evaluate(expression, name, _text)  # type: ignore[no-any-return]
        return self._run(expression, name, _text)  # type: ignore[no-any-return]

    def texts(self, expression: Expression, name: str) -> list[str] | Missing:
        """The expression's text, or the texts of the list that it gives. Raises Hold."""
        return self._run(expression, name, _texts)  # type: ignore[no-any-return]

    def holds(self, expression: Expression, name: str) -> bool:
        """Whether a condition holds; an absent one does not. Raises Hold."""
        return self._run(expression, name, truth) is True

    def _let(self, name: str) -> Any:
        if name in self._failed:
            raise self._failed[name]
        try:
            value = self._run(self._lets[name], f"let.{name}", _native)
        except Hold as hold:
            self._failed[name] = hold
            raise
        if isinstance(value, Missing):
            value = Absent(name=name, cause=value.message)
        self.parent[name] = value
        return value

    def _run(self, expression: Expression, name: str, finish: Callable[[Any], Any]) -> Any:
        if self._trace is None:
            return self._evaluate(expression, name, finish)
        return self._traced(self._trace, expression, name, finish)

    def _traced(self, trace: Trace, expression: Expression, name: str, finish: Callable[[Any], Any]) -> Any:
        before, trace.inner = trace.inner, 0.0
        began = time.perf_counter()
        result: Any = None
        failed: Hold | None = None
        try:
            result = self._evaluate(expression, name, finish)
        except Hold as hold:
            failed = hold
            raise
        finally:
            spent = time.perf_counter() - began - trace.inner
            step = Step(
                place=expression.place,
                field=name,
                source=expression.source,
                inputs=self._inputs(trace, expression),
                result=None if isinstance(result, Missing) else plain(result),
                problem=result.message if isinstance(result, Missing) else failure(failed, name) if failed else None,
                microseconds=int(spent * 1e6),
                route=trace.route,
                literal=expression.literal is not None,
                failed=failed is not None,
            )
            trace.steps.append(step)
            trace.inner = before + time.perf_counter() - began
        return result

    def _evaluate(self, expression: Expression, name: str, finish: Callable[[Any], Any]) -> Any:
        at = [0]
        try:
            return finish(expression.run(self, at))
        except AbsentValue as absent:
            return Missing(absent.absent.describe(), _place(expression, at))
        except Hold as hold:
            raise Hold(hold.reason, hold.message, hold.field or name, hold.place or _place(expression, at)) from None
        except Exception as error:  # noqa: BLE001 - whatever an expression raises holds the lead, and nothing else
            place = _place(expression, at)
            raise Hold(Reason.EXPRESSION_FAILED, _sentence(error), name, place) from None

    def _inputs(self, trace: Trace, expression: Expression) -> dict[str, Any]:
        """What an expression could look at; nothing is evaluated that it has not asked for itself."""
        there = {name for name in expression.names if name not in self._lets or name in self.parent}
        if trace.requested != trace.route:
            there.discard("request")
        return {".".join(path): self._input(path) for path in expression.inputs if path[0] in there}

    def _input(self, path: tuple[str, ...]) -> Any:
        language: Any = self.environment
        try:
            value = self.resolve_or_missing(path[0])
            for step in path[1:]:
                value = language.getitem(value, int(step)) if step.isdecimal() else language.getattr(value, step)
        except (Hold, AbsentValue, ExpressionError):
            return None
        return plain(value)


def _described(meta: Meta) -> dict[str, Any]:
    return {
        "channel": meta.channel,
        "endpoint": meta.endpoint,
        "id": meta.id,
        "external_id": meta.external_id,
        "received_at": iso(meta.received_at),
    }


def _place(expression: Expression, at: list[int]) -> Place:
    return expression.places[min(at[0], len(expression.places) - 1)]


def _text(value: Any) -> str:
    text = final_text(value)
    if not text:
        raise AbsentValue(Absent(name="the value"))
    return text


def _texts(value: Any) -> list[str]:
    if isinstance(value, Absent):
        raise AbsentValue(value)
    if isinstance(value, (list, tuple)):
        texts = [final_text(item) for item in scalars(value, skip_absent=True)]
        check_size(sum(map(len, texts)))
        return texts
    return [_text(value)]


def truth(value: Any) -> bool:
    """A truth value that came as text, as JSON's false does, counts as what it says."""
    if isinstance(value, str):
        return value.strip().lower() not in {"", "false"}
    return bool(value)


def _native(value: Any) -> Any:
    if is_blank(value):
        raise AbsentValue(value if isinstance(value, Absent) else Absent(name="the value"))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple | dict):
        weight(value)
    return value


def _sentence(error: Exception) -> str:
    if isinstance(error, ExpressionError):
        return str(error)
    return _SENTENCES.get(type(error), f"a filter or an operation does not take its values ({type(error).__name__})")
