from __future__ import annotations

from collections.abc import Iterator

from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.records import Request, Translation


def expressions(translation: Translation) -> Iterator[Expression]:
    """Every expression of a mapping, each once."""
    found: list[Expression | None] = [*translation.lets.values()]
    for route in translation.routes:
        found += [route.when, route.policy.consent, route.policy.duplicate_by, *_texts(route.request)]
    seen: set[int] = set()
    for one in found:
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one


def _texts(request: Request) -> list[Expression]:
    named = [*request.texts.values(), *request.media.values(), *request.attributes.values()]
    return [*named, *request.params, *request.tags]
