from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ingest.mapping.schema import readers

_SOME = r"(?!0*(?:\.0+)?[ /smhdw])"  # not nothing: neither 0s nor 0.00/week
_SCHEME = r"\s*[Hh][Tt][Tt][Pp][Ss]?://"
_WEB = _SCHEME + r"(?:[^/?#]*@)?[^/?#:@]"
_LETTER = r"[A-Za-z_]|[^\x00-\x7f]"  # ASCII apart, each engine has its own idea of \w
_RESERVED = "|".join("".join(f"[{each.upper()}{each}]" for each in word) for word in sorted(readers.RESERVED))


def _trimmed(pattern: str) -> str:
    return rf"^\s*(?:{pattern})\s*$"


PATTERNS: Mapping[Callable[[str], Any], str] = {
    readers.duration: _trimmed(_SOME + readers.DURATION.pattern),
    readers.rate: _trimmed(_SOME + readers.RATE.pattern),
    readers.cap: _trimmed(_SOME + readers.RATE.pattern.replace(r"\.[0-9]", r"\.0")),
    readers.clock: _trimmed(readers.CLOCK.pattern),
    readers.zone: r"^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*$",
    readers.moment: r"^[0-9W-]{7,10}.[0-9:.,]+(?:Z|[+-][0-9:.]+)$",
    readers.web_address: f"^{_WEB}",
    readers.thanks: f"^(?:{readers.PATH.pattern}$|{_WEB})",
    readers.origin: rf"^{_SCHEME}(?:\[[^\]]*\]|[^\s/?#@:*]+)(?::[0-9]{{1,5}})?/*$",
    readers.table_file: f"^{readers.TABLE_FILE.pattern}$",
    readers.page_file: f"^{readers.PAGE_FILE.pattern}$",
    readers.colour: f"^{readers.COLOUR.pattern}$",
    readers.country: f"^{readers.COUNTRY.pattern}$",
    readers.language: f"^{readers.LANGUAGE.pattern}$",
    readers.variable: f"^{readers.VARIABLE.pattern}$",
    readers.header: f"^{readers.HEADER.pattern}$",
    readers.signed: f"^{readers.SIGNED.pattern}$",
    readers.name: f"^{readers.NAME.pattern}$",
    readers.field_name: r"^[^_]",
    readers.let_name: rf"^(?!__|(?:{_RESERVED})$)(?:{_LETTER})(?:[0-9]|{_LETTER})*$",
}
"""How the texts look that a reader takes, in words that Python and JavaScript understand alike.

A reader may take less (there is no time zone Asia/Pune), and hardly ever more.
"""
