"""A test more in the text of a mapping, of which every other character stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from ingest.errors import MappingError
from ingest.mapping.document import reading
from ingest.mapping.document.nodes import Node
from ingest.mapping.document.writing import as_read, block, flow

_Loader: Any = getattr(yaml, "CLoader", yaml.SafeLoader)
_ENDS = (yaml.ScalarEvent, yaml.AliasEvent, yaml.MappingEndEvent, yaml.SequenceEndEvent)
_END_OF_DOCUMENT = re.compile(r"^\.\.\.\s*\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Tests:
    """Where the value of `tests` stands in a text, in characters."""

    begin: int
    end: int
    column: int  # of the dashes, or where there are none of the key
    in_flow: bool = False
    inner: int = 2  # from a dash to what follows it
    starts: tuple[int, ...] = ()  # of each test
    ends: tuple[int, ...] = ()  # of what is written of it


def with_test(text: str, test: dict[str, Any]) -> tuple[str, Node] | None:
    """A mapping's text with one test more at the end of its `tests`, and that test as it is read from there.

    The text must be one that `reading.sound` takes. None where the test can't be put in without a change of anything
    else: where `tests` is an alias, for example.
    """
    before = reading.sound(text, "").plain()
    newline = "\r\n" if "\r\n" in text else "\n"
    for begin, more, end in _places(text, test):
        made = text[:begin] + more.replace("\n", newline) + text[end:]
        try:
            after = reading.sound(made, "")
        except MappingError:
            continue
        if _is_only_added(before, after.plain(), test):
            return made, after.value["tests"].value[-1]
    return None


def _is_only_added(before: dict[str, Any], after: Any, test: dict[str, Any]) -> bool:
    if not isinstance(after, dict):
        return False
    wanted = {key: value for key, value in before.items() if key != "tests"}
    tests = [*(before.get("tests") or []), as_read(test)]
    got = {key: value for key, value in after.items() if key != "tests"}
    return repr((wanted, tests)) == repr((got, after.get("tests")))  # `1 == True`, and `2500.0 == 2500`


Place = tuple[int, str, int]
"""A way to put a test in: up to where the text stays, what follows, and from where it goes on."""


def _places(text: str, test: dict[str, Any]) -> Iterator[Place]:
    found = _find(text)
    if isinstance(found, int):
        yield from _new_key(text, test, found)
    elif found.in_flow and found.starts:
        line = text[: found.starts[-1]].rpartition("\n")[2]
        between = f",\n{line}" if line and not line.strip() else ", "
        yield found.ends[-1], between + flow(test), found.ends[-1]
    elif found.starts:
        more = block(test, found.column, found.inner)
        apart = "\n" if _are_apart(text, found) else ""
        end = _line_end(text, found.ends[-1])
        yield end, _on_new_line(text, end) + apart + more, end
        yield found.ends[-1], _on_new_line(text, found.ends[-1]) + more, found.ends[-1]  # below a `|+` and its lines
    else:
        yield from _first(text, test, found)


def _new_key(text: str, test: dict[str, Any], column: int) -> Iterator[Place]:
    """`tests` at the end of a text whose keys begin in that column; or of `{…}`."""
    last = _END_OF_DOCUMENT.search(text)
    end = last.start() if last else len(text)
    key = f"{' ' * column}tests:\n{block(test, column + 2)}"
    yield end, _on_new_line(text, end) + "\n" + key, end
    yield end, _on_new_line(text, end) + key, end
    brace = text.rfind("}")
    written = len(text[:brace].rstrip())
    comma = "" if text[:written].endswith((",", "{")) else ","
    yield written, f"{comma} tests: [{flow(test)}]", written


def _first(text: str, test: dict[str, Any], found: _Tests) -> Iterator[Place]:
    """The first test, for `tests:` without any, `null` or `[]`; a comment beside it stays."""
    line_end = _line_end(text, found.end)
    comment = text[found.end : line_end].rstrip()
    begin = len(text[: found.begin].rstrip(" "))
    yield begin, f"{comment}\n{block(test, found.column + 2)}", line_end
    yield found.begin, f"[{flow(test)}]", found.end


def _on_new_line(text: str, at: int) -> str:
    return "" if text[:at].endswith("\n") or not at else "\n"


def _line_end(text: str, at: int) -> int:
    """The end of the line of what ends there: a comment beside it stays beside it, blank lines stay below it."""
    begin = len(text[:at].rstrip()) if text[:at].endswith("\n") else at
    end = text.find("\n", begin)
    return len(text) if end < 0 else end + 1


def _are_apart(text: str, found: _Tests) -> bool:
    """Whether blank lines stand between tests; where there is but one, whether it has lines of its own."""
    if len(found.starts) == 1:
        return "\n" in text[found.starts[0] : found.ends[0]].strip()
    return re.search(r"\n[ \t\r]*\n", text[found.ends[-2] - 1 : found.starts[-1]]) is not None


def _find(text: str) -> _Tests | int:
    """Where the tests stand, or the column of the keys where there are none."""
    events: list[Any] = list(yaml.parse(text, Loader=_Loader))
    root = next((at for at, event in enumerate(events) if isinstance(event, yaml.MappingStartEvent)), None)
    if root is None:
        return 0
    at = root + 1
    while not isinstance(events[at], yaml.MappingEndEvent):
        value = _after(events, at)
        end = _after(events, value)
        if isinstance(events[at], yaml.ScalarEvent) and events[at].value == "tests":
            return _tests(events[at], events[value:end])
        at = end
    return int(events[root].start_mark.column)


def _tests(key: Any, events: list[Any]) -> _Tests:
    first: Any = events[0]
    begin, end, column = first.start_mark.index, events[-1].end_mark.index, first.start_mark.column
    if not isinstance(first, yaml.SequenceStartEvent):
        if begin == end:  # libyaml sees it where the next thing begins
            begin = end = key.end_mark.index + 1
        return _Tests(begin, end, key.start_mark.column)
    starts, ends, at = [], [], 1
    while at < len(events) - 1:
        after = _after(events, at)
        written = [each for each in events[at:after] if isinstance(each, _ENDS) and _span(each)[0] < _span(each)[1]]
        starts.append(_span(events[at])[0])
        ends.append(_span((written or [events[at]])[-1])[1])
        at = after
    if not starts:
        return _Tests(begin, end, key.start_mark.column)
    inner = 2 if first.flow_style else max(events[1].start_mark.column - column, 2)
    return _Tests(begin, end, column, bool(first.flow_style), inner, tuple(starts), tuple(ends))


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _after(events: list[Any], at: int) -> int:
    """Where the node ends that begins with an event."""
    depth = 0
    while True:
        depth += isinstance(events[at], yaml.CollectionStartEvent)
        depth -= isinstance(events[at], yaml.CollectionEndEvent)
        at += 1
        if not depth:
            return at
