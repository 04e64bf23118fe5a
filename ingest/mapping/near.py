from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """`did you mean phone?`, or nothing."""
    close = difflib.get_close_matches(str(name), list(known), 1, 0.6)
    return f"did you mean {close[0]}?" if close else ""
