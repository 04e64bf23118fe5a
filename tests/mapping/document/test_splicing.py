"""A test is put into a mapping's text, and nothing else of the text is changed."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.channels.payload import loads
from ingest.mapping.document import reading
from ingest.mapping.document.splicing import with_test
from ingest.mapping.document.writing import as_read, block, flow
from ingest.values import flatten

TEST = {"name": "New", "payload": {"phone": "098765"}, "expect_hold": "phone_invalid"}
TEXTS = {
    "no tests": "channel: form\n",
    "no line end": "channel: form",
    "empty": "channel: form\ntests:\n",
    "empty at the end": "channel: form\ntests:",
    "null with a comment": "tests: null  # none yet\nchannel: form\n",
    "an empty list": "tests: []\nlet: {a: b}\n",
    "Windows": "# c\r\nchannel: form\r\ntests:\r\n  - name: a  # first\r\n\r\n# end\r\n",
    "comments around": "tests:\n  - name: a\n    x: {}   # inline\n\n  # next\n  - name: b\n# end\nchannel: form\n",
    "dashes at the margin": "tests:\n- name: a\n  expect:\n\n\nchannel: form",
    "dashes far away": "tests:\n  -   name: a\n      x: 1\n",
    "in brackets": "tests: [{name: a},]\n",
    "in brackets, line by line": "tests: [\n  {name: a},\n  {name: b}  # x\n]\n",
    "all in braces": "{channel: form}\n",
    "all in braces with tests": "{channel: form, tests: []}",
    "a text to its last line": "tests:\n  - name: b\n    x: |+\n      foo\n\n\nlet: {}\n",
    "a text at the end": "a: |+\n  x\n\n",
    "an end of the document": "---\nchannel: form\n...\n",
    "all indented": "  channel: form\n  x: y\n",
    "an anchor": "a: &a {b: c}\ntests:\n  - &t {name: a, x: *a}\n  - *t\n",
    "a question mark": "? tests\n: - a\n",
    "other scripts": "let: {नाम: 'आशा 😀'}\ntests:\n  - name: é  # ü\nx: y\n",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_test_more_and_nothing_else(kind: str) -> None:
    """Every line that was there is there, in its order, with its line end; one test more is read."""
    text = TEXTS[kind]
    spliced = with_test(text, TEST)
    assert spliced
    made, node = spliced
    assert node.plain() == TEST
    before, after = reading.sound(text, "x").plain(), reading.sound(made, "x").plain()
    assert after.pop("tests") == [*(before.pop("tests", None) or []), TEST]
    assert after == before
    assert ("\r\n" in made) == ("\r\n" in text) and made.count("\r") in {0, made.count("\n")}
    gone = [line[2:] for line in difflib.ndiff(text.splitlines(True), made.splitlines(True)) if line[:2] == "- "]
    assert len(gone) <= 1  # the line at which it is put in


@pytest.mark.parametrize("text", ["a: &t [{name: a}]\ntests: *t\n", "tests: &t [{name: a}]\nb: *t\n"])
def test_what_stands_elsewhere_too_is_left_alone(text: str) -> None:
    """Where a test more would be one more somewhere else as well, nothing is done."""
    assert with_test(text, TEST) is None


ODD: list[Any] = [
    *(
        "no",
        "yes",
        "on",
        "off",
        "null",
        "~",
        "true",
        "21:00",
        "098765",
        "1e3",
        "0x1F",
        "1_000",
        "2026-11-24",
        "=",
        "<<",
    ),
    *("", " ", " a", "a ", "a: b", "a #b", "- a", "{{ x }}", "'", '"', "\\", "%", "@", "`", "&a", "*a", "!t", "|", ">"),
    *("a\nb", "a\r\nb", "\ta", "\x07\x1b\x7f\x85\u2028\ufeff", "😀 👨‍👩", "आशा", "x" * 300, "?", "[", "]", ",", "#"),
    *(0, -7, 10**60, True, False, None, [], {}, [[]], [{"a": None}], {"a": {"b": []}}),
]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "write", [lambda test: block(test, 2, 3), lambda test: f"- {flow(test)}"], ids=["block", "flow"]
)
def test_what_is_written_is_read_back(value: Any, write: Any) -> None:
    """Texts stay texts, whatever they look like; keys too. Numbers that YAML can't hold become text."""
    test = {"name": "x", "payload": {"k": value, str(value)[:40]: [value]}}
    read = reading.sound(write(test), "x").plain()[0]
    assert repr(read) == repr(as_read(test))
    assert flatten(read["payload"]) == flatten(test["payload"])


@pytest.mark.parametrize(
    "number", ["2500.0", "2500.50", "9.19877E+11", "1e3", "1E-7", "-0.0", "0.1", "1" * 100, "1.5e400"]
)
def test_numbers_keep_their_text(number: str) -> None:
    """A lead has the same text from the file as from the sender."""
    payload = loads(f'{{"n": {number}}}'.encode())
    read = reading.sound(block({"payload": payload}, 0), "x").plain()[0]["payload"]
    assert flatten(read) == flatten(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(payload=json_values, text=st.sampled_from(sorted(TEXTS)))
def test_any_payload_can_be_put_in(payload: Any, text: str) -> None:
    test = {"name": "x", "payload": json.loads(json.dumps(payload).replace("\\u0000", ""))}
    spliced = with_test(TEXTS[text], test)
    assert spliced and repr(spliced[1].plain()) == repr(as_read(test))
