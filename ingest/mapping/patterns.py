from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ingest.mapping import fields as ours

_SOME = r"(?!0*(?:\.0+)?[ /smhdw])"  # not nothing: neither 0s nor 0.00/week
_SCHEME = r"\s*[Hh][Tt][Tt][Pp][Ss]?://"
_WEB = _SCHEME + r"(?:[^/?#]*@)?[^/?#:@]"
_LETTER = r"[A-Za-z_]|[^\x00-\x7f]"  # ASCII apart, each engine has its own idea of \w
_RESERVED = "|".join("".join(f"[{each.upper()}{each}]" for each in word) for word in sorted(ours.RESERVED))


def _trimmed(pattern: str) -> str:
    return rf"^\s*(?:{pattern})\s*$"


PATTERNS: Mapping[Callable[[str], Any], str] = {
    ours.duration: _trimmed(_SOME + ours.DURATION.pattern),
    ours.rate: _trimmed(_SOME + ours.RATE.pattern),
    ours.cap: _trimmed(_SOME + ours.RATE.pattern.replace(r"\.[0-9]", r"\.0")),
    ours.clock: _trimmed(ours.CLOCK.pattern),
    ours.zone: r"^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*$",
    ours.moment: r"^[0-9W-]{7,10}.[0-9:.,]+(?:Z|[+-][0-9:.]+)$",
    ours.web_address: f"^{_WEB}",
    ours.thanks: f"^(?:{ours.PATH.pattern}$|{_WEB})",
    ours.origin: rf"^{_SCHEME}(?:\[[^\]]*\]|[^/?#@:]+)(?::[0-9]{{1,5}})?/*$",
    ours.table_file: f"^{ours.TABLE_FILE.pattern}$",
    ours.variable: f"^{ours.VARIABLE.pattern}$",
    ours.name: f"^{ours.NAME.pattern}$",
    ours.let_name: rf"^(?!__|(?:{_RESERVED})$)(?:{_LETTER})(?:[0-9]|{_LETTER})*$",
}
"""How the texts look that a reader takes, in words that Python and JavaScript understand alike.

A reader may take less (there is no time zone Asia/Pune), and hardly ever more.
"""
