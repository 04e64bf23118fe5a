from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.errors import Refusal
from ingest.web.forms.rates import Rate, Rates, network

HOUR = timedelta(hours=1)


def taken(rates: Rates, rate: Rate, who: str, tries: int = 20) -> int:
    """How many of some posts are taken."""
    return sum(not refused(rates, rate, who) for _ in range(tries))


def refused(rates: Rates, rate: Rate, who: str) -> Refusal | None:
    try:
        rates.count(rate, who)
    except Refusal as refusal:
        return refusal
    return None


def test_so_many_are_taken_and_no_more() -> None:
    """Each visitor for himself."""
    rates = Rates()
    assert taken(rates, (3, HOUR), "a") == 3
    assert taken(rates, (3, HOUR), "b") == 3


@pytest.mark.parametrize(("rate", "count"), [((0.5, HOUR), 1), ((1.5, HOUR), 1), ((10, HOUR), 10)])
def test_fractions_are_fewer_in_a_longer_time(rate: Rate, count: int) -> None:
    """`0.5/hour` is one in two hours."""
    assert taken(Rates(), rate, "a") == count


def test_who_is_refused_is_told_when_to_come_again() -> None:
    """429, and `Retry-After` within the period."""
    rates = Rates()
    rates.count((1, HOUR), "a")
    refusal = refused(rates, (1, HOUR), "a")
    assert refusal is not None
    assert (refusal.status, refusal.code) == (429, "too_many_posts")
    assert 3590 <= (refusal.retry_after or 0) <= 3601


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:50123", "203.0.113.7"),
        ("[2001:db8:1:2:3:4:5:6]:50123", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::/64"),
        ("203.0.113.7:x", "203.0.113.7:x"),
        ("", ""),
        ("nobody", "nobody"),
    ],
)
def test_a_visitor_of_ipv6_has_a_whole_network(address: str, known: str) -> None:
    """A new address a minute makes nobody another visitor, nor does a port that a proxy tells."""
    assert network(address) == known
