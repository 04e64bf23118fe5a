from __future__ import annotations

import pytest

from ingest.delivery.sharing import share
from ingest.mapping.records import Policy
from ingest.mapping.render import Rendered
from ingest.models import Delivery, Event, Identity, Status, utcnow


def _shared(
    mine: str, others: dict[int, str | None], every: str, *, position: int = 0, attempts: int = 0
) -> tuple[str | None, list[str]]:
    """What a delivery of the route `mine` takes of the routes that hold, and what becomes further deliveries.

    Routes are letters; `?` is one of which it can't be told whether it holds.
    """
    event = Event("e1", "website", "form", utcnow(), Identity((), "x1"), b"{}")
    route = mine or None
    delivery = Delivery("d1", event, Status.PENDING, "default", position=position, attempts=attempts, route=route)
    made = [Rendered(one, "default", None, None, Policy(), key=None if one == "?" else one) for one in every]
    own, further = share(delivery, made, lambda _: others)
    return own and own.route, [one.route or "" for one in further]


@pytest.mark.parametrize(
    ("every", "own", "further"),
    [("a", "a", ""), ("ab", "a", "b"), ("abc", "a", "bc"), ("a?", "a", "?"), ("?", "?", "")],
)
def test_a_lead_that_is_translated_first_gives_a_delivery_for_each_route(every: str, own: str, further: str) -> None:
    """The first is the one that is there already."""
    assert _shared("", {}, every) == (own, list(further))


@pytest.mark.parametrize(
    ("mine", "position", "others", "every", "own"),
    [
        ("a", 0, {1: "b"}, "ab", "a"),
        ("b", 1, {0: "a"}, "ab", "b"),
        ("a", 0, {1: "b"}, "ba", "a"),  # put into another order
        ("b", 1, {0: "a"}, "zab", "b"),  # one was put before them
        ("b", 1, {0: "a"}, "b", "b"),  # the first was removed
        ("a", 0, {1: "b"}, "b", None),  # its own was removed
        ("b", 1, {0: "a"}, "a", None),
        ("b", 1, {0: "a"}, "ac", "c"),  # it was renamed
        ("a", 0, {1: "b"}, "xb", "x"),
        ("a", 0, {1: "b"}, "xy", "x"),  # all were: each takes its own, whoever is first
        ("b", 1, {0: "a"}, "xy", "y"),
        ("c", 2, {0: "a", 1: "b"}, "axy", "y"),
    ],
)
def test_a_changed_mapping_never_makes_one_message_of_two_deliveries(
    mine: str, position: int, others: dict[int, str | None], every: str, own: str | None
) -> None:
    """A delivery goes by its route's name; those whose routes are gone share what nobody has, in order."""
    assert _shared(mine, others, every, position=position, attempts=1) == (own, [])


@pytest.mark.parametrize(
    ("mine", "position", "others", "attempts", "further"),
    [
        ("a", 0, {}, 0, "bc"),  # held alone, and mended: the lead is translated as it is now
        ("a", 0, {1: "b"}, 0, "c"),
        ("a", 0, {1: "b"}, 1, ""),  # its message was tried: what is new is for new leads
        ("b", 1, {0: "a"}, 0, ""),
        ("", 1, {0: "a"}, 0, "c"),  # it could not be told which routes hold, and now it can
        ("a", 0, {1: None}, 0, ""),  # that one does it
    ],
)
def test_a_route_that_is_added_is_for_leads_whose_first_message_was_not_tried(
    mine: str, position: int, others: dict[int, str | None], attempts: int, further: str
) -> None:
    """Nobody gets a second message because an older delivery is replayed."""
    assert _shared(mine, others, "abc", position=position, attempts=attempts)[1] == list(further)
