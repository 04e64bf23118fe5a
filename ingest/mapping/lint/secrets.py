"""Secrets that somebody wrote into a file: told without repeating them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.errors import Finding, Place
from ingest.mapping.document.complaint import lines_of
from ingest.mapping.document.reading import MAX_BYTES
from ingest.mapping.schema.readers import KEPT_HERE, KEPT_HINT, SHORTEST, looks_secret

_TOKEN = re.compile(
    r"""eyJ[\w-]{10,500}+\.[\w-]{10,}+(?:\.[\w-]*+)?|EAA[A-Za-z0-9]{20,}+
    |(?<=://)[^\s/@:]{1,200}+:[^\s/@]{1,200}+(?=@)""",
    re.VERBOSE,
)
"""JSON web tokens (AiSensy's keys), Meta's access tokens, and passwords in addresses."""
_WORD = re.compile(r"[^\s,:\"'\[\]{}]+")
_NAMED = re.compile(
    r"""\b(?:api_?key|app_?secret|access_?token|verify_?token|token|secret|password)["']?[ \t]*:[ \t]*
    (?P<value>\[[^\]]{0,2000}|\{[^}]{0,2000}|"[^"]{0,2000}|'[^']{0,2000}|[^,}\]#\n]{1,2000})""",
    re.IGNORECASE | re.VERBOSE,
)


def secrets_in(file: str, known: Iterable[str] = ()) -> Iterator[Finding]:
    """A finding for each line of a file with a secret in it; `known` are the secrets of the environment."""
    try:
        with Path(file).open("rb") as opened:
            lines = lines_of(opened.read(MAX_BYTES).decode("utf-8-sig", "replace"))
    except OSError:
        return
    wanted = [one for one in known if _tells(one)]
    for number, line in enumerate(lines, 1):
        begin = min((begin for begin, _ in secrets_at(line, wanted)), default=None)
        if begin is not None:
            yield Finding(Place(file, number, begin + 1), "secret_in_file", KEPT_HERE, KEPT_HINT)


def _tells(secret: str) -> bool:
    """Whether a text is that secret wherever it stands; `facebook` as a verify token is a word like any other."""
    return len(secret) >= SHORTEST and not (secret.isalpha() and len(secret) < 12)


def without_secrets(line: str, known: Iterable[str] = ()) -> str:
    """A line that may be shown."""
    for begin, end in sorted(secrets_at(line, known), reverse=True):
        line = f"{line[:begin]}***{line[end:]}"
    return line


def secrets_at(line: str, known: Iterable[str] = (), column: int | None = None) -> list[tuple[int, int]]:
    """Where secrets begin and end in a line, from 0, none overlapping another; one surely at `column`, from 1."""
    found = [(each.start(), each.end()) for each in _TOKEN.finditer(line)]
    found += [(each.start(), each.end()) for one in known if _tells(one) for each in re.finditer(re.escape(one), line)]
    if column is not None and (word := _WORD.search(line, column - 1)):
        found.append(word.span())
    for each in _NAMED.finditer(line):
        if "{{" not in each["value"]:
            found += [
                (each.start("value") + part.start(), each.start("value") + part.end())
                for part in _WORD.finditer(each["value"])
                if looks_secret(part[0]) and not part[0].isdecimal()
            ]
    whole: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if whole and begin < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((begin, end))
    return whole
