"""Routes that nothing reaches, or that change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.errors import Finding
from ingest.mapping.records import Route, Translation


def odd_routes(translation: Translation, told: Sequence[Finding]) -> Iterator[Finding]:
    """What can't be meant in a mapping's routes; `told` are the faults that are told of already."""
    always: Route | None = None
    asked: dict[str, Route] = {}
    for route in translation.routes:
        when = " ".join(route.when.source.split()) if route.when else ""
        message = f"The route `{route.name or 'without a name'}` is never reached."
        if always is not None:
            hint = "a route before it has no `when`: put that one last"
            yield Finding(route.place, "unreachable_route", message, hint, "warning")
        elif when and when in asked:
            hint = "a route before it has the same `when`, and is taken"
            yield Finding(route.place, "unreachable_route", message, hint, "warning")
        elif when == "false":
            yield Finding(route.place, "unreachable_route", message, "its `when` is false", "warning")
        if route.goes_on and route is translation.routes[-1] and len(translation.routes) > 1:
            message = "Nothing comes after this route, so that `continue` changes nothing."
            hint = "put it before the routes without `continue`: they end the list for the leads that they take"
            yield Finding(route.place, "useless_continue", message, hint, "notice")
        if not route.goes_on:
            faulty = {one.place.line for one in told if one.place.file == route.place.file}
            sound = faulty.isdisjoint(range(route.place.line, _end(route, translation)))  # its `when` may be mistyped
            always = always or (route if sound and when in {"", "true"} else None)
            asked.setdefault(when, route)


def _end(route: Route, translation: Translation) -> int:
    """The line of the route after it."""
    after = [one.place.line for one in translation.routes if one.place.line > route.place.line]
    return min(after, default=route.place.line + 1)
