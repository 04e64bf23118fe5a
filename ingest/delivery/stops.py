from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.errors import GraphError

PROBE_AFTER = 60.0  # seconds until one lead tries whether it works again
LONGEST = 900.0
_TOKEN = frozenset({102, 190, 368})
_PAGE = frozenset({10, *range(200, 300)})


@dataclass(slots=True)
class _Stop:
    error: GraphError
    secret: str | None  # the token that did not work
    until: float
    pause: float


class Stops:
    """Tokens, and pages, for which Meta gives nothing: asked for by one look-up now and then instead of by all.

    A token that was replaced is a new one. Threads may share it.
    """

    def __init__(self, secret: Callable[[str], str | None]) -> None:
        self._secret = secret
        self._stops: dict[tuple[str, str | None], _Stop] = {}  # None: the token's own
        self._again = False

    def of(self, token_name: str, page_id: str) -> GraphError | None:
        """Why nothing is asked for a page now; None where a look-up may go."""
        for key in ((token_name, None), (token_name, page_id)):
            stop = self._stops.get(key)
            if stop is None:
                continue
            wait = stop.until - time.monotonic()
            if wait <= 0 or stop.secret != self._secret(token_name):
                stop.until = time.monotonic() + PROBE_AFTER  # this one tries; others wait for what it finds out
                continue
            return GraphError(stop.error.reason, stop.error.message, wait, stop.error.code)
        return None

    def note(self, token_name: str, page_id: str, error: GraphError) -> None:
        """Note an error; where it is the token's, or the page's, others need not make it too."""
        if error.code not in _TOKEN | _PAGE:
            return
        page = None if error.code in _TOKEN else page_id
        before = self._stops.get((token_name, page))
        pause = min(before.pause * 2, LONGEST) if before else PROBE_AFTER
        self._stops[token_name, page] = _Stop(error, self._secret(token_name), time.monotonic() + pause, pause)

    def works(self, token_name: str, page_id: str) -> None:
        """A lead of the page came."""
        for key in ((token_name, None), (token_name, page_id)):
            self._again |= self._stops.pop(key, None) is not None

    def work_again(self) -> bool:
        """Whether something that was stopped works by now, or has another token; told once."""
        news = [key for key, stop in list(self._stops.items()) if stop.secret != self._secret(key[0])]
        for key in news:
            self._stops.pop(key, None)
        again, self._again = self._again, False
        return again or bool(news)
