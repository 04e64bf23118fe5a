from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ingest.errors import Hold, Place, Skip
from ingest.mapping.evaluate import Missing, Scope
from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.expressions.language import language
from ingest.mapping.records import Intake, Policy, QuietHours, Request, Route, Translation
from ingest.mapping.trace import Step, Trace
from ingest.models import Lead, Meta, Reason

__all__ = ["Policy", "QuietHours", "Rendered", "Step", "Trace", "event_id", "translate"]


@dataclass(frozen=True)
class Rendered:
    """What a route made of a lead: a request, or why there is none."""

    route: str | None
    account: str
    request: dict[str, Any] | None  # the AiSensy body without its key: only what is set, in the reference's order;
    # beside `no_consent` what would have been sent, where that can be told
    problem: Hold | None
    policy: Policy
    duplicate_key: str | None = None
    made_by: Request | None = None  # the expressions of the request
    key: str | None = None  # of the route; none where it can't be told which it is

    def refused(self, faults: list[str]) -> Hold | None:
        """The hold of a request that AiSensy would not take; `faults` are like `destination: Not a number …`."""
        if not faults:
            return None
        field, _, message = faults[0].partition(": ")
        more = "".join(f"; {fault}" for fault in faults[1:])
        return Hold(
            Reason.REQUEST_INVALID, f"{message}{more}", field, _place_of(self.made_by, field) if self.made_by else None
        )


def translate(translation: Translation, lead: Lead, meta: Meta, trace: Trace | None = None) -> list[Rendered]:
    """The requests of a lead: one for each route that holds, or one that tells why there is none.

    Does no I/O, gives the same for the same lead, and never raises for data.
    """
    scope = Scope(translation.language, lead, meta, translation.lets, trace, tables=translation.tables)
    found: list[Rendered] = []
    for index, route in enumerate(translation.routes):
        if trace is not None:
            trace.route = index
        try:
            if route.when is not None and not scope.holds(route.when, f"routes[{index}].when"):
                continue
        except Hold as hold:  # which routes hold can't be told any more
            return [*found, Rendered(route.name, translation.account, None, hold, route.policy)]
        found.append(_rendered(translation, route, scope, trace))
        if not route.goes_on:
            break
    if not found:
        none = Hold(Reason.NO_ROUTE, "no route's `when` holds for this lead", "routes", translation.place)
        found.append(Rendered(None, translation.account, None, none, Policy()))
    return found


def event_id(intake: Intake, lead: Lead, meta: Meta) -> str | None:
    """What the mapping says is the event's identity; None where it says nothing, or comes out absent or failed."""
    if intake.event_id is None:
        return None
    try:
        found = Scope(language("IN"), lead, meta, {}).text(intake.event_id, "event_id")
    except Hold:
        return None
    return None if isinstance(found, Missing) else found


def _rendered(translation: Translation, route: Route, scope: Scope, trace: Trace | None) -> Rendered:
    once: dict[str, dict[str, Any]] = {}

    def request() -> dict[str, Any]:
        if "request" not in once:
            once["request"] = _body(route.request, scope)
        return once["request"]

    scope.request = request
    policy = route.policy
    consent, by = policy.consent, policy.duplicate_by
    body: dict[str, Any] | None = None
    try:
        if consent is not None and not scope.holds(consent, "policy.consent"):
            skip = Skip(Reason.NO_CONSENT, "the person did not agree to be messaged", "policy.consent", consent.place)
            with suppress(Hold):
                body = request()
            return Rendered(route.name, translation.account, body, skip, policy, key=route.key)
        body = request()
        key = None if by is None else scope.text(by, "policy.duplicate.by")
    except Hold as hold:
        if trace is not None and trace.whole:
            _tell_rest(route.request, scope, trace)
        return Rendered(route.name, translation.account, None, hold, policy, key=route.key)
    finally:
        scope.request = None  # else scope and function hold each other, and wait for the collector
    key = None if isinstance(key, Missing) else key
    return Rendered(route.name, translation.account, body, None, policy, key, route.request, route.key)


def _body(request: Request, scope: Scope) -> dict[str, Any]:
    """The body, in the reference's order. Raises Hold for a required field that is absent."""
    texts = {
        name: scope.text(text, name) if name == "source" else _required(scope, text, name)
        for name, text in request.texts.items()
    }
    body: dict[str, Any] = {name: text for name, text in texts.items() if not isinstance(text, Missing)}
    parts: dict[str, Any] = {
        "media": {name: _required(scope, text, f"media.{name}") for name, text in request.media.items()},
        "templateParams": [
            _required(scope, text, f"templateParams[{index}]") for index, text in enumerate(request.params)
        ],
        "tags": list(dict.fromkeys(_tags(request.tags, scope))),
        "attributes": dict(_attributes(request.attributes, scope)),
    }
    return body | {name: part for name, part in parts.items() if part}


def _tell_rest(request: Request, scope: Scope, trace: Trace) -> None:
    """Have the trace tell of what stands after that which holds a request, too."""
    told = {step.field for step in trace.steps if step.route == trace.route}
    tags = {f"tags[{index}]": tag for index, tag in enumerate(request.tags)}
    for name, expression in {**_named(request), **tags}.items():
        if name not in told:
            with suppress(Hold):
                (scope.texts if name in tags else scope.text)(expression, name)


def _required(scope: Scope, text: Expression, name: str) -> str:
    value = scope.text(text, name)
    if isinstance(value, Missing):
        raise Hold(Reason.MISSING_VALUE, value.message, name, value.place)
    return value


def _place_of(request: Request, field: str) -> Place:
    """Where a field of the body, like `attributes.city` or `templateParams[0]`, is made; of tags, the first."""
    made = _named(request).get(field) or next((tag for tag in request.tags if field.startswith("tags")), None)
    return made.place if made else request.place


def _named(request: Request) -> dict[str, Expression]:
    """The expressions of single texts, by what they are called."""
    return {
        **request.texts,
        **{f"media.{name}": text for name, text in request.media.items()},
        **{f"templateParams[{index}]": text for index, text in enumerate(request.params)},
        **{f"attributes.{name}": text for name, text in request.attributes.items()},
    }


def _tags(tags: tuple[Expression, ...], scope: Scope) -> Iterator[str]:
    for index, tag in enumerate(tags):
        found = scope.texts(tag, f"tags[{index}]")
        if not isinstance(found, Missing):
            yield from (text for text in found if text)


def _attributes(attributes: dict[str, Expression], scope: Scope) -> Iterator[tuple[str, str]]:
    for name, attribute in attributes.items():
        value = scope.text(attribute, f"attributes.{name}")
        if not isinstance(value, Missing):
            yield name, value
