from __future__ import annotations

import pytest

from ingest.delivery import stops as module
from ingest.delivery.stops import LONGEST, PROBE_AFTER, Stops
from ingest.errors import GraphError
from ingest.models import Reason

PAGE, OTHER = "153125381133", "153125381134"


class Clock:
    """The time of the module, which tests move on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def stops() -> Stops:
    return Stops(lambda name: f"secret of {name}")


def error(code: int, retry_after: float | None = None) -> GraphError:
    return GraphError(Reason.LEAD_UNAVAILABLE, "no", retry_after, code)


def test_a_lead_without_a_page_stops_no_page(stops: Stops) -> None:
    """A permission that is missing for it says nothing of the token's pages."""
    stops.note("TOKEN", "", error(200))
    assert stops.of("TOKEN", "") is not None
    assert stops.of("TOKEN", PAGE) is None


@pytest.mark.parametrize("code", [190, 4])
def test_what_is_wrong_with_a_token_stops_all_its_pages(stops: Stops, code: int) -> None:
    """Of whatever page the lead was that found it out; pages of other tokens go on."""
    stops.note("TOKEN", PAGE, error(code))
    assert stops.of("TOKEN", OTHER) is not None
    assert stops.of("ANOTHER", PAGE) is None


@pytest.mark.parametrize("code", [10, 32, 80005])
def test_what_is_wrong_with_a_page_stops_no_other_page(stops: Stops, code: int) -> None:
    """A permission or a limit of its own."""
    stops.note("TOKEN", PAGE, error(code))
    assert stops.of("TOKEN", PAGE) is not None
    assert stops.of("TOKEN", OTHER) is None


def test_fifty_leads_that_find_it_out_at_once_count_once(stops: Stops, clock: Clock) -> None:
    """A call's leads don't make the pause longer; each look-up that tries in vain does, to a quarter of an hour."""
    for _ in range(50):
        stops.note("TOKEN", PAGE, error(200))
    pauses = []
    for _ in range(6):
        stop = stops.of("TOKEN", PAGE)
        assert stop is not None
        pauses.append(stop.retry_after)
        clock.now += stop.retry_after or 0
        assert stops.of("TOKEN", PAGE) is None, "one tries"
        assert stops.of("TOKEN", PAGE) is not None, "and no other"
        stops.note("TOKEN", PAGE, error(200))
    assert pauses == [PROBE_AFTER, 120, 240, 480, LONGEST, LONGEST]


def test_a_limit_lasts_as_long_as_meta_says(stops: Stops) -> None:
    """Nothing is asked before, and none of the page's leads waits longer for it."""
    stops.note("TOKEN", PAGE, error(80005, 1800))
    stop = stops.of("TOKEN", PAGE)
    assert stop is not None
    assert 1790 < (stop.retry_after or 0) <= 1800


def test_when_a_lead_comes_the_others_are_told(stops: Stops) -> None:
    """Once; and only where something was stopped."""
    assert not stops.works("TOKEN", PAGE)
    stops.note("TOKEN", PAGE, error(4))
    assert (stops.works("TOKEN", PAGE), stops.works("TOKEN", PAGE)) == (True, False)


def test_when_meta_works_again_after_a_long_fault_the_others_are_told(stops: Stops, clock: Clock) -> None:
    """Leads that failed for long are asked for ever more rarely, and must not wait their time out."""
    stops.note("TOKEN", PAGE, error(0))
    assert stops.of("TOKEN", PAGE) is None, "each is asked for at its time"
    clock.now += PROBE_AFTER + 1
    stops.note("TOKEN", OTHER, error(2))
    assert not stops.works("ANOTHER", PAGE), "another token's lead tells nothing of this one's"
    assert stops.works("TOKEN", OTHER)


def test_a_fault_that_passes_at_once_hurries_nobody(stops: Stops, clock: Clock) -> None:
    """Its leads are due in seconds; Meta is not asked more often for one that never comes."""
    stops.note("TOKEN", PAGE, error(0))
    clock.now += PROBE_AFTER - 1
    assert not stops.works("TOKEN", PAGE)
