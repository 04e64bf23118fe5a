from __future__ import annotations

from ingest.channels.graph import BATCH
from ingest.delivery.holdings import LOOK_UPS, Holdings
from ingest.models import LOOK_UP, Delivery, Status
from tests.inbox.helpers import event

LANE = f"{LOOK_UP}facebook:1"


def look_up(number: int) -> Delivery:
    return Delivery(str(number), event(), Status.PENDING, "default", lane=LANE)


def test_places_for_look_ups_are_gathered_till_they_fill_calls() -> None:
    """While a page's backlog is sent lead by lead, no look-ups are claimed by ones and twos: Meta counts calls."""
    mine = Holdings()
    claimed = [look_up(number) for number in range(mine.room(LANE))]
    assert len(claimed) == LOOK_UPS
    assert all(mine.take(one) for one in claimed)
    rooms = []
    for one in claimed:
        wants_more = mine.drop(one)
        rooms.append(mine.room(LANE))
        assert wants_more is (rooms[-1] > 0)
    assert set(rooms[: 2 * BATCH - 1]) == {0}
    assert min(room for room in rooms if room) >= 2 * BATCH
