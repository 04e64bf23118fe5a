"""What is odd about a mapping's own tests, though they can be run."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.errors import Finding
from ingest.mapping.document.nodes import Node
from ingest.mapping.near import is_slip, near
from ingest.mapping.records import Translation
from ingest.values import normalise_key


def odd_tests(translation: Translation, fields: frozenset[str]) -> Iterator[Finding]:
    """Routes and attributes that no route has; and fields of a test's lead that are nearly one of `fields`."""
    for test in translation.tests:
        yield from _route(test, translation)
        yield from _attributes(test, translation)
        for part in ("lead", "payload"):
            node = test.at((part,))
            if node is not None and isinstance(node.value, dict):
                yield from _fields(node, fields)


def _route(test: Node, translation: Translation) -> Iterator[Finding]:
    node = test.at(("expect_route",))
    known = [route.name for route in translation.routes if route.name]
    if node is not None and node.value not in known:
        hint = near(node.value, known) or (f"there are {', '.join(known)}" if known else "no route has a name")
        yield Finding(node.place, "bad_value", f"There is no route `{node.value}`.", hint, "warning")


def _attributes(test: Node, translation: Translation) -> Iterator[Finding]:
    known = {name for route in translation.routes for name in route.request.attributes}
    for kind in ("expect", "expect_exactly"):
        node = test.at((kind, "attributes"))
        for name, inner in node.value.items() if node is not None and isinstance(node.value, dict) else ():
            if name not in known:
                message = f"No request has the attribute `{name}`, so that this is always so."
                hint = near(name, known) or "take it out"
                if inner.value is None:  # else the test fails, and tells
                    yield Finding(inner.key or inner.place, "unknown_key", message, hint, "warning")


def _fields(lead: Node, known: frozenset[str]) -> Iterator[Finding]:
    given = {normalise_key(name) for name in lead.value}
    for key, inner in lead.value.items():
        name = normalise_key(key)
        meant = next((one for one in sorted(known - given) if is_slip(name, one)), None)
        if meant and name not in known:
            message = f"The mapping does not use the field `{key}`, which only this test has."
            yield Finding(inner.key or inner.place, "unknown_field", message, f"did you mean `{meant}`?", "warning")
