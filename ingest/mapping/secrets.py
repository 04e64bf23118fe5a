"""Secrets that somebody wrote into a file: told without repeating them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.errors import Finding, Place
from ingest.mapping.fields import KEPT_HERE, KEPT_HINT, SHORTEST, looks_secret
from ingest.mapping.reading import MAX_BYTES

_TOKEN = re.compile(
    r"(?<![\w-])eyJ[\w-]{10,}+\.[\w-]{10,}+(?:\.[\w-]*+)?|(?<![A-Za-z0-9])EAA[A-Za-z0-9]{20,}+|(?<=://)[^\s/@:]{1,200}+:[^\s/@]{1,200}+(?=@)"
)
"""JSON web tokens (AiSensy's keys), Meta's access tokens, and passwords in addresses."""
_NAMED = re.compile(
    r"""\b(?:api_?key|app_?secret|access_?token|verify_?token|token|secret|password)["']?[ \t]*:[ \t]*
    (?P<value>\[[^\]]{0,2000}|\{[^}]{0,2000}|"[^"]{0,2000}|'[^']{0,2000}|[^,}\]#\n]{1,2000})""",
    re.IGNORECASE | re.VERBOSE,
)


def secrets_in(file: str, known: Iterable[str] = ()) -> Iterator[Finding]:
    """A finding for each secret that stands in a file; `known` are the secrets of the environment."""
    try:
        with Path(file).open("rb") as opened:
            lines = opened.read(MAX_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return
    wanted = [one for one in known if len(one) >= SHORTEST]
    for number, line in enumerate(lines, 1):
        for begin, _ in list(_secrets(line, wanted))[:1]:
            yield Finding(Place(file, number, begin + 1), "secret_in_file", KEPT_HERE, KEPT_HINT)


def without_secrets(line: str, known: Iterable[str] = ()) -> str:
    """A line that may be shown."""
    for begin, end in sorted(_secrets(line, [one for one in known if one]), reverse=True):
        line = f"{line[:begin]}***{line[end:]}"
    return line


def _secrets(line: str, known: list[str]) -> Iterator[tuple[int, int]]:
    """Where secrets begin and end in a line; none overlaps another."""
    found = [(each.start(), each.end()) for each in _TOKEN.finditer(line)]
    found += [(each.start(), each.end()) for one in known for each in re.finditer(re.escape(one), line)]
    for each in _NAMED.finditer(line):
        if "{{" in each["value"]:
            continue
        found += [
            (each.start("value") + part.start(), each.start("value") + part.end())
            for part in re.finditer(r"[^\s,:\"'\[\]{}]+", each["value"])
            if looks_secret(part[0]) and not part[0].isdecimal()
        ]
    end = -1
    for begin, after in sorted(found):
        if begin >= end:
            yield begin, after
            end = after
