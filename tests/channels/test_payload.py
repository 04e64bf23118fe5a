from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.channels.base import Inbound
from ingest.channels.payload import check_item, dumps, loads, read
from ingest.errors import Refusal
from ingest.values import flatten

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "number", ["2500.50", "9.19877E+11", "1e5", "0.00000001", "-0.0", "1E400", "12345678901234567890"]
)
def test_numbers_keep_their_text(number: str) -> None:
    """A phone or a price is what its digits are, not what a machine's float makes of them."""
    value = loads(f'{{"n": {number}}}'.encode())
    assert dumps(value) == f'{{"n":{number}}}'.encode()
    assert flatten(value)["n"] == ("-0" if number == "-0.0" else number)


@given(VALUES)
def test_whatever_is_read_can_be_written_and_read_again(value: Any) -> None:
    """Nothing of a payload is lost between intake and translation."""
    assert loads(dumps({"value": value})) == {"value": value}


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "latin1", "utf-16", "x", "idna", "rot13", "cp1252"]))
def test_any_bytes_are_read_or_refused(body: bytes, charset: str) -> None:
    """There is no third way."""
    kinds = ["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/xml"]
    for kind in kinds:
        header = {"Content-Type": f"{kind}; boundary=x"}
        try:
            _, text = read(Inbound("POST", header, {}, body, kind, charset))
            loads(text)
        except Refusal as refusal:
            assert refusal.status in {400, 413, 415}


def test_a_lead_has_at_most_a_thousand_fields() -> None:
    """Nested ones count."""
    check_item({str(n): n for n in range(1000)})
    for many in ({str(n): n for n in range(1001)}, {"a": [[0] * 500, [0] * 500]}):
        with pytest.raises(Refusal) as refused:
            check_item(many)
        assert (refused.value.status, refused.value.code) == (413, "too_many_fields")


@pytest.mark.parametrize("text", ["x" * 65_537, "आ" * 22_000, "\ud800" * 70_000])
def test_a_field_has_at_most_64_kb(text: str) -> None:
    """Bytes, not letters; names count like values."""
    check_item({"a": text[:16_000]})
    for large in ({"a": text}, {text: 1}, {"a": [{"b": [text]}]}):
        with pytest.raises(Refusal) as refused:
            check_item(large)
        assert (refused.value.status, refused.value.code) == (413, "field_too_large")


def test_depth_is_bounded_at_32_levels() -> None:
    """The 33rd is one too many."""
    loads(b"[" * 32 + b"]" * 32)
    with pytest.raises(Refusal, match="32 levels"):
        loads(b"[" * 33 + b"]" * 33)


def test_a_byte_order_mark_is_no_content() -> None:
    """Windows programs put one before their JSON."""
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("charset", ["utf-16", "x-unknown", "base64", "unicode_escape", "../../etc"])
def test_an_unknown_charset_is_refused(charset: str) -> None:
    """Rather than read as something it is not."""
    with pytest.raises(Refusal) as refused:
        read(Inbound("POST", {}, {}, b"{}", "application/json", charset))
    assert (refused.value.status, refused.value.code) == (415, "unknown_charset")


def test_too_many_form_fields_are_refused() -> None:
    """Before they take any memory."""
    with pytest.raises(Refusal) as refused:
        read(Inbound("POST", {}, {}, b"a=1&" * 1001, "application/x-www-form-urlencoded"))
    assert refused.value.status == 413
