from __future__ import annotations

import ipaddress
import math
import re
import time
from datetime import timedelta

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ingest.errors import Refusal

Rate = tuple[float, timedelta]

_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?")


class Rates:
    """How often somebody may post: counted in memory, by each process for itself."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, rate: Rate, *who: str) -> None:
        """Count one post. Raises Refusal 429 where that is one too many."""
        item = _item(rate)
        if not self._limiter.hit(item, *who):
            again = self._limiter.get_window_stats(item, *who).reset_time - time.time()
            raise Refusal(
                429,
                "too_many_posts",
                "This form was sent too often in a short time.",
                "Wait a little, and send it again.",
                retry_after=max(1, math.ceil(again)),
            )


def network(address: str) -> str:
    """Whose an address is: one of IPv6 is any of a whole network's, which one visitor has.

    Some proxies tell the visitor's port too, a new one each time.
    """
    with_port = _WITH_PORT.fullmatch(address)
    try:
        known = ipaddress.ip_address((with_port[1] or with_port[2]) if with_port else address)
    except ValueError:
        return address
    if known.version == 4 or (isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped):
        return str(getattr(known, "ipv4_mapped", None) or known)
    return str(ipaddress.ip_network(f"{known}/64", strict=False))


def _item(rate: Rate) -> RateLimitItem:
    """`0.5/second` is one in two seconds."""
    count, period = rate[0], rate[1].total_seconds()
    scale = 1 if count >= 1 else 1 / count
    return RateLimitItemPerSecond(max(1, int(count)), max(1, round(period * scale)))
