"""A mapping's test as YAML, in quotes wherever some reader could take a text for something else."""

from __future__ import annotations

import io
import re
import unicodedata
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from ingest.mapping.document import reading
from ingest.values import number_text

WIDTH = 100
"""Characters that an object or a list may have to stand in one line."""

_PLAIN = re.compile(r"[^\W\d_](?:[\w./+()-]| (?=[\w(+-]))*")
_WORDS = frozenset("y n yes no on off true false null inf nan".split())


def block(test: dict[str, Any], column: int, inner: int = 2) -> str:
    """A test as an item of a list whose dashes stand in that column, each followed by so many characters of indent."""
    writer = _writer()
    writer.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    writer.dump(CommentedMap({_scalar(key): _styled(value) for key, value in test.items()}), buffer)
    first, *more = buffer.getvalue().removesuffix("\n").split("\n")
    lines = [" " * column + "-".ljust(inner) + first, *(" " * (column + inner) + line for line in more)]
    return "\n".join(lines) + "\n"


def flow(test: dict[str, Any]) -> str:
    """A test in one line: `{name: …, payload: {…}}`."""
    buffer = io.StringIO()
    _writer().dump(_styled(test, short=True), buffer)
    return buffer.getvalue().strip()


def as_read(value: Any) -> Any:
    """A value as it is read back from what is written of it. A number that YAML would read otherwise is text."""
    if isinstance(value, dict):
        return {key: as_read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_read(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    read = reading.sound(f"- {value}", "").plain()[0]
    return read if not isinstance(read, str) and number_text(read) == number_text(value) else number_text(value)


def _writer() -> YAML:
    writer = YAML()
    writer.width = 1 << 30  # texts are never folded
    writer.brace_single_entry_mapping_in_flow_sequence = True
    writer.representer.add_representer(type(None), lambda to, _: to.represent_scalar("tag:yaml.org,2002:null", "null"))
    writer.representer.add_representer(
        Decimal, lambda to, number: to.represent_scalar("tag:yaml.org,2002:float", str(number))
    )
    return writer


def _styled(value: Any, *, short: bool = False) -> Any:
    """The value as ruamel takes it; short objects and lists stand in one line."""
    if not isinstance(value, dict | list):
        return _scalar(as_read(value))
    short = short or _is_short(value)
    made: Any
    if isinstance(value, dict):
        made = CommentedMap({_scalar(key): _styled(inner, short=short) for key, inner in value.items()})
    else:
        made = CommentedSeq([_styled(item, short=short) for item in value])
    if short:
        made.fa.set_flow_style()
    return made


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        unmarked = "".join(c for c in value if unicodedata.category(c)[0] != "M")  # which belong to letters
        plain = _PLAIN.fullmatch(unmarked) and value.casefold() not in _WORDS
        return value if plain else DoubleQuotedScalarString(value)
    return value


def _is_short(value: dict[str, Any] | list[Any]) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return len(repr(value)) <= WIDTH and not any(isinstance(item, dict | list) and item for item in items)
