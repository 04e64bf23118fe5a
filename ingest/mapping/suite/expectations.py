"""What a test expects, compared with what is made of its lead. All that does not hold is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ingest.errors import Hold, Place, Skip
from ingest.mapping.document.nodes import Node
from ingest.mapping.near import near
from ingest.mapping.suite.differences import Fault, differences
from ingest.models import Reason

_KINDS = {"expect_hold": "held", "expect_skip": "skipped"}
_BODIES = ("expect", "expect_exactly")
_NEEDS_STORE = {Reason.DUPLICATE, Reason.CAP_REACHED, Reason.OPTED_OUT, Reason.DISCARDED}
_AT_SENDING = {
    Reason.RETRY,
    Reason.NO_KEY,
    Reason.ACCOUNT_PAUSED,
    Reason.LEAD_UNAVAILABLE,
    Reason.LEAD_GONE,
    Reason.CAMPAIGN_REJECTED,
    Reason.AMBIGUOUS,
    Reason.NUMBER_REJECTED,
    Reason.RETRIES_EXHAUSTED,
}
_OUT_OF_REACH = {
    **dict.fromkeys(_NEEDS_STORE, "that depends on other leads and people's wishes, which a test does not have"),
    **dict.fromkeys(_AT_SENDING, "that is known only when it is sent"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """What a lead came to by one route: its body, and what stops it. Both where its policy stops a finished body."""

    route: str | None
    request: dict[str, Any] | None
    problem: Hold | None

    @property
    def kind(self) -> str | None:
        """What a test expects of it where it is stopped: `expect_hold` or `expect_skip`."""
        return None if self.problem is None else "expect_skip" if isinstance(self.problem, Skip) else "expect_hold"


@dataclass(frozen=True)
class Expected:
    """A test, and the reasons for which it expects that something does not go out."""

    node: Node
    reasons: frozenset[str]

    @classmethod
    def of(cls, node: Node) -> Expected:
        """What a test expects."""
        return cls(node, frozenset(node.get(kind) for kind in _KINDS if node.at((kind,)) is not None))

    def faults(self, made: list[Made], routes: list[str], file: str) -> Iterator[Fault]:
        """What does not hold of all that is made of the lead. `routes` are the names that there are."""
        for kind in _KINDS:
            node = self.node.at((kind,))
            if node is not None and not any(one.kind == kind and _reason(one) == node.value for one in made):
                yield _not_stopped(node, kind, made, file)
        node = self.node.at(("expect_route",))
        if node is not None and node.value not in [one.route for one in made]:
            yield _not_taken(node, made, routes, file)
        for kind in _BODIES:
            node = self.node.at((kind,))
            if node is not None:
                yield from self._bodies(node, made, file, exactly=kind == "expect_exactly")

    def _bodies(self, node: Node, made: list[Made], file: str, *, exactly: bool) -> Iterator[Fault]:
        """A list expects each that is made, in order; one body that of the route expected, or the first."""
        place = node.key or node.place
        left = [one for one in made if _reason(one) not in self.reasons]
        if node.value == []:
            out = [one for one in left if one.problem is None]
            yield from [_miscounted(place, 0, out)] if out else []
            return
        left = left or [one for one in made if one.request is not None]
        yield from (_stopped(place, one, file) for one in left if self._unexpected(one))
        wanted = node.value if isinstance(node.value, list) else [node]
        if not isinstance(node.value, list):
            route = self.node.at(("expect_route",))
            chosen = next((one for one in left if route is not None and one.route == route.value), None)
            alone = exactly and chosen is None
            left = left if alone else [chosen] if chosen else left[:1]
        if len(wanted) != len(left):
            yield _miscounted(place, len(wanted), left)
        for each, one in zip(wanted, left, strict=False):
            if one.request is not None:
                yield from differences(each, one.request, exactly=exactly)

    def _unexpected(self, one: Made) -> bool:
        """Whether it is stopped although a body is expected; a test that expects only a body need not give consent."""
        reason = _reason(one)
        return reason is not None and reason not in self.reasons and (reason != Reason.NO_CONSENT or not one.request)


def _reason(one: Made) -> str | None:
    return None if one.problem is None else one.problem.reason


def _not_stopped(node: Node, kind: str, made: list[Made], file: str) -> Fault:
    reason = node.value
    stopped = [one for one in made if one.problem is not None]
    other = next((one.kind for one in stopped if _reason(one) == reason), None)
    if reason in _OUT_OF_REACH:
        sentence = f"`{reason}` can't be tested: {_OUT_OF_REACH[reason]}"
    elif other is not None:
        sentence = f"it is {_KINDS[other]}, not {_KINDS[kind]}: write `{other}: {reason}`"
    else:
        sentence = f"expected `{reason}`, and {_what_is(made)}"
    return Fault(node.place, sentence, _holds(stopped, file))


def _not_taken(node: Node, made: list[Made], routes: list[str], file: str) -> Fault:
    taken = [f"`{one.route}`" if one.route else "one without a name" for one in made if one.route or one.request]
    wanted = f"the route `{node.value}`" if node.value else "a route without a name, or none"
    sentence = f"expected {wanted}, and {' and '.join(taken) or 'none'} was taken"
    if node.value and node.value not in routes:
        hint = near(node.value, routes)
        sentence = f"there is no route `{node.value}`" + (f" ({hint})" if hint else "") + f": {sentence}"
    return Fault(node.place, sentence, _holds(made, file))


def _stopped(place: Place, one: Made, file: str) -> Fault:
    return Fault(place, f"expected a request, and {_what_is([one])}", _holds([one], file))


def _miscounted(place: Place, wanted: int, made: list[Made]) -> Fault:
    routes = tuple(f"  the request of the route `{one.route}`" for one in made if one.route)
    return Fault(place, f"expected {_requests(wanted)}, and {_made(len(made))}", routes)


def _what_is(made: list[Made]) -> str:
    kind = next((one.kind for one in made if one.kind), None)
    return f"the lead is {_KINDS[kind]}" if kind else _made(len(made))


def _requests(count: int) -> str:
    return {0: "no request", 1: "one request"}.get(count, f"{count} requests")


def _made(count: int) -> str:
    return f"{_requests(count)} {'are' if count > 1 else 'is'} made"


def _holds(made: Iterable[Made], file: str) -> tuple[str, ...]:
    """What stops each, as `ingest try` prints it."""
    problems = [one.problem for one in made if one.problem is not None]
    return tuple(f"  {problem}" if problem.place else f"  {Place(file)}: {problem}" for problem in problems)
