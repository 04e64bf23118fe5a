from __future__ import annotations

from collections import defaultdict

from ingest.models import LOOK_UP, Delivery

CLAIMED = 64  # deliveries of one account that one process has at the most
LOW = 16  # as few as this, and more are claimed
LOOK_UPS = 200  # the same two, of leads of one page that are looked up: places that become free one by one are gathered
LOOK_UPS_LOW = 100  # till they fill two calls, because Meta counts calls


class Holdings:
    """The deliveries that a worker has, by their lanes."""

    def __init__(self) -> None:
        self._lanes: defaultdict[str, dict[str, int]] = defaultdict(dict)  # id -> attempts when it was claimed

    @property
    def ids(self) -> list[str]:
        """All that we have."""
        return [one for lane in self._lanes.values() for one in lane]

    def room(self, lane: str) -> int:
        """How many more of a lane we would take now."""
        ours = len(self._lanes[lane])
        most, low = _limits(lane)
        return most - ours if ours <= low else 0

    def take(self, delivery: Delivery) -> bool:
        """Note that we have claimed it; False where we have it already, because a clock that jumped ended its lease."""
        lane = self._lanes[delivery.lane]
        if lane.get(delivery.id) == delivery.attempts:
            return False
        lane[delivery.id] = delivery.attempts
        return True

    def drop(self, delivery: Delivery) -> bool:
        """Note that it is no longer ours; tells whether its lane has become low."""
        lane = self._lanes[delivery.lane]
        if lane.get(delivery.id) == delivery.attempts:
            del lane[delivery.id]
        return len(lane) <= _limits(delivery.lane)[1]


def _limits(lane: str) -> tuple[int, int]:
    return (LOOK_UPS, LOOK_UPS_LOW) if lane.startswith(LOOK_UP) else (CLAIMED, LOW)
