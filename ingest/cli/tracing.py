"""A translation as a story: the routes that were asked, what each expression made of what, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ingest.aisensy import schema
from ingest.cli.printing import WIDE, clipped, shown
from ingest.errors import Hold, Place, Skip
from ingest.mapping.records import Route, Translation
from ingest.mapping.render import Rendered, translate
from ingest.mapping.trace import Step, Trace
from ingest.models import Lead, Meta, Reason

WIDEST = 60  # columns, to which expressions are aligned
_WORDS = {None: "absent", True: "true", False: "false"}
_LEFT_OUT = re.compile(r"source|tags\[.*|attributes\..*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A route, and whether its `when` held; None where it was not asked."""

    index: int
    name: str | None
    held: bool | None
    step: Step | None  # of its `when`
    when: str | None
    place: Place | None

    @property
    def label(self) -> str:
        """How people call it."""
        return f"`{self.name}`" if self.name else f"routes[{self.index}]"


def traced(translation: Translation, lead: Lead, meta: Meta) -> Trace:
    """How a translation comes to what it made of a lead just now: what is done once for all leads is not timed.

    Of a test lead all is told that would have been sent; its phone is seldom one that can be called.
    """
    trace = Trace(whole=lead.is_test)
    translate(translation, lead, meta, trace)
    return trace


def problem_of(rendered: Rendered, lead: Lead) -> Hold | None:
    """Why a request is not sent, as far as the lead and its mapping tell; None where it may be."""
    if lead.is_test:
        return Skip(Reason.TEST_LEAD, "A test lead is never sent")
    return rendered.problem or rendered.refused(schema.check(rendered.request or {}))


def asked(translation: Translation, trace: Trace) -> list[Asked]:
    """Every route, in order."""
    return [_asked(index, route, trace) for index, route in enumerate(translation.routes)]


def left_out(trace: Trace) -> list[Step]:
    """The tags, attributes and source that came to nothing, so that the request does without them."""
    return [step for step in trace.steps if _is_left_out(step)]


def view(translation: Translation | None, trace: Trace) -> dict[str, Any]:
    """A translation for JSON: `routes`, `expressions`, `left_out`, `microseconds` of all expressions."""
    return {
        "routes": [_route_view(one) for one in (asked(translation, trace) if translation else ())],
        "expressions": [_step_view(step) for step in trace.steps],
        "left_out": [{"field": one.field, "place": str(one.place), "why": _why(one)} for one in left_out(trace)],
        "microseconds": _microseconds(trace),
    }


def made(translation: Translation, trace: Trace, rendered: Sequence[Rendered]) -> list[tuple[Asked | None, Rendered]]:
    """What came of a lead, each with its route; None where no route holds."""
    gave = [one for one in asked(translation, trace) if one.held or (one.step and one.step.failed)]
    return list(zip([*gave, *[None] * (len(rendered) - len(gave))], rendered, strict=True))


def told(
    translation: Translation, trace: Trace, rendered: Sequence[Rendered], problems: Sequence[Hold | None]
) -> Iterator[str]:
    """A translation for people, a line at a time. `problems` are those of the rendered requests."""
    endings: dict[int | None, Hold | None] = {
        one.index if one else None: problem
        for (one, _), problem in zip(made(translation, trace, rendered), problems, strict=True)
    }
    every = asked(translation, trace)
    fields, places, sources = (
        max(map(len, texts), default=0)
        for texts in (
            [shown(step.field) for step in trace.steps],
            [shown(str(step.place)) for step in trace.steps],
            [source for source in map(_source, trace.steps) if len(source) <= WIDEST],
        )
    )
    for one in every:
        heading = _heading(one, every)
        if heading:
            yield click.style(shown(heading), bold=one.held or None, dim=one.held is None or None)
        steps = [step for step in trace.steps if step.route == one.index]
        for step in steps:
            start = f"{shown(step.field):<{fields}}  {shown(str(step.place)):<{places}}"
            yield f"  {start}  {_outcome(step, sources)}"
        problem = endings.get(one.index)
        if problem and not (steps and _stops(steps[-1])):
            yield _ending(problem)
    nowhere = endings.get(None)
    if nowhere:
        yield _ending(nowhere)
    yield click.style(f"{len(trace.steps)} expressions in {_microseconds(trace):,} µs", dim=True)


def _asked(index: int, route: Route, trace: Trace) -> Asked:
    field = f"routes[{index}].when"
    step = next((step for step in trace.steps if step.field == field), None)
    reached = trace.route is not None and index <= trace.route
    held = (step.result is True if step else True) if reached else None
    when = route.when
    return Asked(index, route.name, held, step, when.source if when else None, when.place if when else None)


def _heading(one: Asked, every: list[Asked]) -> str:
    if len(every) == 1 and one.when is None and one.name is None:
        return ""  # a mapping without routes
    if one.held is None:
        before = [other.label for other in every if other.held or (other.step and other.step.failed)]
        return f"Route {one.label}: not asked any more, after {before[-1] if before else 'those before it'}"
    if one.step is None:
        return f"Route {one.label}: no `when`, always holds"
    return f"Route {one.label}: {'holds' if one.held else 'can not be told' if one.step.failed else 'does not hold'}"


def _ending(problem: Hold) -> str:
    kind = "skipped" if isinstance(problem, Skip) else "held"
    return "  " + click.style(shown(f"✗ {kind}: {problem}"), fg="red")


def _outcome(step: Step, width: int) -> str:
    if step.literal and step.problem is None:
        return click.style(_source(step), dim=True)
    result = _result(step)
    if _stops(step):
        result = click.style(f"✗ {result}", fg="red")
    elif step.problem:
        result = click.style(result, fg="yellow")
    inputs = ", ".join(f"{shown(name)}={_value(value)}" for name, value in step.inputs.items())
    spent = click.style(f"{step.microseconds} µs", dim=True)
    return f"{_source(step):<{width}} → {result}{f'  [{inputs}]' if inputs else ''}  {spent}"


def _result(step: Step) -> str:
    if step.failed:
        return f"held: {shown(step.problem or '')}"
    if step.field.endswith("].when"):
        return "true: holds" if step.result is True else f"{_value(step.result)}: does not hold{_because(step)}"
    if step.field == "policy.consent":
        return "true: agreed" if step.result is True else f"{_value(step.result)}: skipped, no_consent{_because(step)}"
    if _is_left_out(step):
        return f"left out: {shown(_why(step))}"
    if step.problem is None:
        return _value(step.result)
    return f"{'held, missing_value' if _stops(step) else 'absent'}{_because(step)}"


def _because(step: Step) -> str:
    return f": {shown(step.problem)}" if step.problem else ""


def _stops(step: Step) -> bool:
    """Whether a step keeps its request from being sent."""
    if step.field == "policy.consent":
        return step.failed or step.result is not True
    if step.failed or step.problem is None:
        return step.failed
    return not (_is_left_out(step) or step.field.startswith(("let.", "policy.")) or step.field.endswith("].when"))


def _is_left_out(step: Step) -> bool:
    return not step.failed and (step.problem is not None or step.result == []) and bool(_LEFT_OUT.fullmatch(step.field))


def _why(step: Step) -> str:
    return step.problem or "the list is empty"


def _source(step: Step) -> str:
    return clipped(" ".join(step.source.split()))


def _value(value: Any) -> str:
    match value:
        case None | bool():
            return _WORDS[value]
        case str():
            more = f"…' ({len(value):,} characters)" if len(value) > WIDE else "'"
            return f"'{shown(value[:WIDE])}{more}"
        case list():
            return f"[{_some([_value(item) for item in value[:WIDE]], len(value))}]"
        case dict():
            some = [f"{shown(str(key))}: {_value(inner)}" for key, inner in list(value.items())[:WIDE]]
            return f"{{{_some(some, len(value))}}}"
    return clipped(str(value))


def _some(texts: list[str], count: int) -> str:
    """As many of a list's texts as people read."""
    length, kept = 0, 0
    while kept < len(texts) and length + len(texts[kept]) <= WIDE:
        length += len(texts[kept]) + 2
        kept += 1
    kept = max(kept, min(1, len(texts)))
    return ", ".join(texts[:kept]) + (f", … ({count:,} items)" if kept < count else "")


def _microseconds(trace: Trace) -> int:
    return sum(step.microseconds for step in trace.steps)


def _route_view(one: Asked) -> dict[str, Any]:
    return {
        "name": one.name,
        "place": str(one.place) if one.place else None,
        "when": one.when,
        "held": one.held,
        "inputs": one.step.inputs if one.step else {},
        "problem": one.step.problem if one.step else None,
    }


def _step_view(step: Step) -> dict[str, Any]:
    return {
        "place": str(step.place),
        "field": step.field,
        "route": step.route,
        "expression": step.source,
        "inputs": step.inputs,
        "result": step.result,
        "problem": step.problem,
        "microseconds": step.microseconds,
    }
