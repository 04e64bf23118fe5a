from __future__ import annotations

from collections.abc import Callable, Mapping

from ingest.mapping.render import Rendered
from ingest.models import Delivery

Routes = Mapping[int, str | None]
"""The routes of a lead's deliveries by their positions; none where it could not be told yet."""
Beside = Callable[[Delivery], Routes]
"""The routes of a lead's other deliveries; asked only where a mapping has changed since, mostly."""


def share(delivery: Delivery, every: list[Rendered], beside: Beside) -> tuple[Rendered | None, list[Rendered]]:
    """Which of a lead's requests is this delivery's, if any, and those that become further deliveries.

    Further deliveries are made while the lead's first message was not tried yet, and by one that waits because it could
    not be told which routes hold.
    """
    own = next((one for one in every if one.key == delivery.route), None) if delivery.route is not None else None
    spreads = not delivery.attempts and (delivery.position == 0 or delivery.route is None)
    if own is not None and not (spreads and len(every) > 1):
        return own, []
    fresh = delivery.position == 0 and delivery.route is None
    others = {} if fresh else beside(delivery)
    owned, left = assigned({**others, delivery.position: delivery.route}, every)
    return owned.get(delivery.position), left if spreads and None not in others.values() else []


def assigned(routes: Routes, every: list[Rendered]) -> tuple[dict[int, Rendered], list[Rendered]]:
    """The requests of a lead's deliveries by their positions, and those that no delivery is for.

    A delivery goes by its route. Where the lead has that route no more (renamed, removed, another `when`), the requests
    that are left go to such deliveries in order, so that no two take the same; one that gets none has none.
    """
    known = {one.key: one for one in every if one.key is not None}
    owned = {position: known[route] for position, route in routes.items() if route in known}
    left = [one for one in every if all(one is not other for other in owned.values())]
    homeless = sorted(routes.keys() - owned.keys())
    return owned | dict(zip(homeless, left, strict=False)), left[len(homeless) :]
