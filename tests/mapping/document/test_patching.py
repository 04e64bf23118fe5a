from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.mapping.document import reading
from ingest.mapping.document.nodes import Node
from ingest.mapping.document.patching import NotPatched, put, take

BLOCK = """\
a:
  b: {x: 1}   # of b

  # the next
  c:
    x: 1 # one
    y: two
d: end
"""


def read(text: str) -> Node:
    """The document in a text that is in order."""
    node = reading.parse(text, "f").node
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        ("a.b.x", 2, "{x: 1}   #", "{x: 2}   #"),
        ("a.b.v", "two", "{x: 1}   #", "{x: 1, v: two}   #"),
        ("a.c.x", 12, "x: 1 # one", "x: 12 # one"),
        ("a.c.z", 3, "y: two\n", "y: two\n    z: 3\n"),
        ("a.m.x", 3, "y: two\n", "y: two\n  m:\n    x: 3\n"),
        ("e", "no", "d: end\n", 'd: end\ne: "no"\n'),
        ("a.c.y", "two", "d: end", "d: end"),
    ],
)
def test_one_value_is_put_and_all_else_stays(path: str, value: str | int, before: str, after: str) -> None:
    """Comments stay where they are and with what they are about."""
    assert put(BLOCK, path.split("."), value) == BLOCK.replace(before, after)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a:", "a:\n  b:\n    c: 1"),
        ("a: # none\n", "a: # none\n  b:\n    c: 1\n"),
        ("a: null  # none\nz: 1", "a:  # none\n  b:\n    c: 1\nz: 1"),
        ("a: {}", "a: {b: {c: 1}}"),
        ("{a: , z: 1}", "{a: {b: {c: 1}} , z: 1}"),
        ("{a: {z: [1, 2]}}", "{a: {z: [1, 2], b: {c: 1}}}"),
        ("a: {z: 1,\n    y: 2,  # two\n   }\n", "a: {z: 1,\n    y: 2, b: {c: 1},  # two\n   }\n"),
        ("a:\r\n  z: 1 # one\r\n", "a:\r\n  z: 1 # one\r\n  b:\r\n    c: 1\r\n"),
        (
            "a:\n    z:\n    - 1\n    - 2 # two\n\nd: 1\n",
            "a:\n    z:\n    - 1\n    - 2 # two\n    b:\n      c: 1\n\nd: 1\n",
        ),
        ("'a':\n  \"b\":\n    z: 1", "'a':\n  \"b\":\n    z: 1\n    c: 1"),
    ],
)
def test_what_is_missing_is_put_in_the_manner_of_its_place(text: str, after: str) -> None:
    put_in = put(text, ["a", "b", "c"], 1)
    assert read(put_in).get("a", "b", "c") == 1
    assert put_in == after or put_in == after.replace("} ,", "},")  # YAML's parser in C sees blanks otherwise


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a: {b: 1, c: 2, d: 3}", "a: {b: 1, d: 3}"),
        ("a: {c: 2, d: 3}", "a: {d: 3}"),
        ("a: {b: 1, c: 2}", "a: {b: 1}"),
        ("a: {c: 2}", "a: {}"),
        ("a:\n  b: 1\n  c: 2 # two\n  # three\n  d: 3\n", "a:\n  b: 1\n  # three\n  d: 3\n"),
        ("a:\n  c: {x: 1,\n    y: 2}", "a:\n"),
        ("a: {b: 1}", "a: {b: 1}"),
        ("b: 1", "b: 1"),
    ],
)
def test_one_value_is_taken_out(text: str, after: str) -> None:
    assert take(text, ["a", "c"]) == after


@pytest.mark.parametrize(
    "text",
    [
        "x: &x {b: {c: 5}}\na: *x",
        "x: &x {c: 5}\na: {b: *x}",
        "x: &x 5\na: {b: {c: *x}}",
        "x: &x 5\na: {b: {z: *x}}",
        "x: &x 5\na:\n  b:\n    z: *x",
        "a: 5",
        "a: [1]",
        "a: {b: {c: {d: 1}}}",
        "a: {b: {c: [",
    ],
)
def test_what_stands_for_several_places_or_in_the_way_is_not_touched(text: str) -> None:
    with pytest.raises(NotPatched):
        put(text, ["a", "b", "c"], 1)


_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.dictionaries(_names, st.dictionaries(_names, st.integers(0, 99)), min_size=1), _names, _names, st.booleans())
def test_whatever_the_names_the_document_says_what_was_put(
    document: dict[str, dict[str, int]], outer: str, inner: str, flow: bool
) -> None:
    """What was put is read back, and nothing else has changed."""
    text = yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True, width=10_000)
    written = reading.parse(text, "f")
    if written.node is None or written.findings:
        return
    before = written.node.plain()
    put_in = put(text, [outer, inner], 7)
    assert read(put_in).plain() == {**before, outer: {**(before.get(outer) or {}), inner: 7}}
