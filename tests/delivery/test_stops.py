from __future__ import annotations

from ingest.delivery.stops import Stops
from ingest.errors import GraphError
from ingest.models import Reason


def test_a_lead_without_a_page_stops_no_page() -> None:
    """A permission that is missing for it says nothing of the token's pages."""
    stops = Stops(lambda _: "token")
    stops.note("TOKEN", "", GraphError(Reason.LEAD_UNAVAILABLE, "no permission", None, 200))
    assert stops.of("TOKEN", "") is not None
    assert stops.of("TOKEN", "153125381133") is None


def test_a_token_that_is_not_valid_stops_all_its_pages() -> None:
    """Of whatever page the lead was that found it out."""
    stops = Stops(lambda _: "token")
    stops.note("TOKEN", "153125381133", GraphError(Reason.LEAD_UNAVAILABLE, "not valid", None, 190))
    assert stops.of("TOKEN", "153125381134") is not None
