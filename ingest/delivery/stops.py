from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.channels.graph.errors import THROTTLING
from ingest.errors import GraphError

PROBE_AFTER = 60.0  # seconds until one lead tries whether it works again
LONGEST = 900.0
_TOKEN = frozenset({102, 190, 368, 4, 17, 341, 613})
_PAGE = frozenset({10, *range(200, 300)}) | THROTTLING - _TOKEN
_PASSING = frozenset({0, 1, 2})


@dataclass(slots=True)
class _Stop:
    error: GraphError
    secret: str | None  # the token that did not work
    until: float
    pause: float
    probed: bool = False  # a look-up is under way that tries


class Stops:
    """Tokens, and pages, for which Meta gives nothing: asked for by one look-up now and then instead of by all.

    Where Meta only fails for a while, leads are asked for again each at its time; those that wait long by then are due
    as soon as one comes. A token that was replaced is a new one. Threads may share it.
    """

    def __init__(self, secret: Callable[[str], str | None]) -> None:
        self._secret = secret
        self._stops: dict[tuple[str, str | None], _Stop] = {}  # None: the token's own
        self._failing: dict[str, float] = {}  # tokens: since when faults pass over them

    def of(self, token_name: str, page_id: str) -> GraphError | None:
        """Why nothing is asked for a page now; None where a look-up may go."""
        for key in ((token_name, None), (token_name, page_id)):
            stop = self._stops.get(key)
            if stop is None:
                continue
            wait = stop.until - time.monotonic()
            if wait <= 0 or stop.secret != self._secret(token_name):
                stop.until = time.monotonic() + PROBE_AFTER  # this one tries; others wait for what it finds out
                stop.probed = True
                continue
            return GraphError(stop.error.reason, stop.error.message, wait, stop.error.code)
        return None

    def note(self, token_name: str, page_id: str, error: GraphError) -> None:
        """Note an error; where it is the token's, or the page's, others need not make it too."""
        if error.code in _PASSING:
            self._failing.setdefault(token_name, time.monotonic())
        if error.code not in _TOKEN | _PAGE:
            return
        page = None if error.code in _TOKEN else page_id
        before = self._stops.get((token_name, page))
        if before and not before.probed:  # others that were asked for at the same time found it out
            return
        pause = error.retry_after or (min(before.pause * 2, LONGEST) if before else PROBE_AFTER)
        self._stops[token_name, page] = _Stop(error, self._secret(token_name), time.monotonic() + pause, pause)

    def works(self, token_name: str, page_id: str) -> bool:
        """A lead of the page came; tells whether others wait for that."""
        stopped = [self._stops.pop(key, None) for key in ((token_name, None), (token_name, page_id))]
        since = self._failing.pop(token_name, None)
        return any(stopped) or (since is not None and time.monotonic() - since > PROBE_AFTER)

    def renewed(self) -> bool:
        """Whether something that was stopped has another token; told once."""
        news = [key for key, stop in list(self._stops.items()) if stop.secret != self._secret(key[0])]
        for key in news:
            self._stops.pop(key, None)
        return bool(news)
