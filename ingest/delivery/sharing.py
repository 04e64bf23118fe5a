from __future__ import annotations

from collections.abc import Callable, Mapping

from ingest.mapping.render import Rendered
from ingest.models import Delivery

Beside = Callable[[Delivery], Mapping[int, str | None]]
"""The routes of a lead's other deliveries by their positions; asked only where a mapping has changed since, mostly."""


def share(delivery: Delivery, every: list[Rendered], beside: Beside) -> tuple[Rendered | None, list[Rendered]]:
    """Which of a lead's requests is this delivery's, and those that become further deliveries.

    A delivery goes by its route. Where the lead has that route no more (renamed, removed, another `when`), the requests
    that no delivery is for go to such deliveries in order, so that no two take the same; one that gets none has none.
    Further deliveries are made while the lead's first message was not tried yet, and by one that waits because it could
    not be told which routes hold.
    """
    own = next((one for one in every if one.key == delivery.route), None) if delivery.route is not None else None
    spreads = not delivery.attempts and (delivery.position == 0 or delivery.route is None)
    if own is not None and not (spreads and len(every) > 1):
        return own, []
    fresh = delivery.position == 0 and delivery.route is None
    others = {} if fresh else beside(delivery)
    keys, taken = {one.key for one in every}, set(others.values())
    left = [one for one in every if one is not own and one.key not in taken]
    homeless = [position for position, route in others.items() if route not in keys]
    if own is None:
        place = sum(position < delivery.position for position in homeless)
        own = left.pop(place) if place < len(left) else None
    return own, left[len(homeless) :] if spreads and None not in taken else []
