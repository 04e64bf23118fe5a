from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.sandbox.graph.errors import Answer, error

FULL = 100  # percent
_SHARES = ("call_count", "total_cputime", "total_time")
_REGAIN = "estimated_time_to_regain_access"  # minutes


@dataclass(slots=True)
class Usage:
    """How much of Meta's limits is used up, in percent: of the app, and of what a business does with leads.

    https://developers.facebook.com/docs/graph-api/overview/rate-limiting
    """

    app: dict[str, int] = field(default_factory=dict)
    business: dict[str, int] = field(default_factory=dict)

    def tell(self, app: Mapping[str, int], business: Mapping[str, int]) -> None:
        """From now on, this much; what is not told is 0."""
        self.app, self.business = dict(app), dict(business)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every answer has."""
        app = {share: self.app.get(share, 0) for share in _SHARES}
        business = {share: self.business.get(share, 0) for share in _SHARES}
        told = [{"type": "leadgen", **business, _REGAIN: self.business.get(_REGAIN, 0)}]
        return {"X-App-Usage": json.dumps(app), "X-Business-Use-Case-Usage": json.dumps({"1": told})}

    @property
    def refused(self) -> Answer | None:
        """The error of a call beyond a limit; None where there is room."""
        if _is_over(self.app):
            return error("(#4) Application request limit reached", 4)
        if _is_over(self.business) or self.business.get(_REGAIN, 0):
            said = "There have been too many leadgen api calls to this Page account. Please wait a bit and try again."
            return error(f"(#80005) {said}", 80005)
        return None


def _is_over(shares: Mapping[str, int]) -> bool:
    return any(shares.get(share, 0) >= FULL for share in _SHARES)
