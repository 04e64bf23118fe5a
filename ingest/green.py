"""What differs where threads are greenlets, as on the web side under gunicorn's gevent worker."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

PATIENCE = 0.005  # seconds for others, when there is no end of them


def is_green() -> bool:
    """Whether this process's threads are greenlets."""
    return "gevent.monkey" in sys.modules and bool(sys.modules["gevent.monkey"].is_module_patched("threading"))


def gather() -> None:
    """Let all others go on that can, until they wait for something; real threads do so by themselves."""
    if not is_green():
        return
    import gevent  # noqa: PLC0415 - only where it is the server's

    with suppress(gevent.Timeout), gevent.Timeout(PATIENCE):
        gevent.idle()


def aside(function: Callable[..., object], *args: Any) -> None:
    """Call what waits inside the system, so that nobody but the caller waits with it."""
    if not is_green():
        function(*args)
        return
    import gevent  # noqa: PLC0415 - the same

    gevent.get_hub().threadpool.apply(function, args)
