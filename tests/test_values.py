from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.values import clean, flatten, normalise_key, number_text, scalar

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("First Name", "first_name"),
        ("firstName", "first_name"),
        ("first-name", "first_name"),
        ("FirstName", "first_name"),
        ("FIRST NAME", "first_name"),
        ("first__name", "first_name"),
        ("  first.name? ", "first_name"),
        ("HTMLForm", "html_form"),
        ("leadID", "lead_id"),
        ("utm_source", "utm_source"),
        ("address2", "address2"),
        ("line1Text", "line1_text"),
        ("Phone #", "phone"),
        ("ｆｉｒｓｔ", "first"),  # full width
        ("ﬁrst", "first"),  # a ligature
        ("Größe", "größe"),
        ("आपका नाम?", "आपका_नाम"),
        ("మీ పేరు", "మీ_పేరు"),
        ("你的 名字", "你的_名字"),
        ("एक२", "एक२"),
        ("ÉcoleNom", "école_nom"),
        ("what_is_your_budget?_(₹)", "what_is_your_budget"),
        ("🙂", "_"),
        ("", "_"),
        ("___", "_"),
    ],
)
def test_keys_are_normalised_as_the_interface_says(key: str, name: str) -> None:
    """One name for the many ways to write a field, in every script."""
    assert normalise_key(key) == name


@given(st.text(max_size=30))
def test_a_normalised_key_stays_as_it_is(key: str) -> None:
    """Names can be written in a mapping as they are shown; they hold letters, marks, digits and single underscores."""
    name = normalise_key(key)
    assert name
    assert "__" not in name
    assert normalise_key(name) == name


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        ({"First Name": "Asha"}, {"first_name": "Asha"}),
        ({"a": {"b": 1}}, {"a_b": "1"}),
        ({"a[b]": "x"}, {"a_b": "x"}),
        ({"a__b": "x"}, {"a_b": "x"}),
        ({"a": {"b": {"C d": [1, 2]}}}, {"a_b_c_d": ["1", "2"]}),
        ({"fields[phone][value]": "1", "fields[phone][type]": "tel"}, {"phone": "1", "fields_phone_type": "tel"}),
        ({"fields": {"phone": {"value": "1"}}}, {"phone": "1"}),
        ({"form_fields[email]": "e"}, {"email": "e"}),
        ({"form_fields": {"email": "e"}}, {"email": "e"}),
        ({"tags[]": ["a", "b"]}, {"tags": ["a", "b"]}),
        ({"tags": ["a", "", None, " b "]}, {"tags": ["a", "b"]}),
        ({"one": ["a"]}, {"one": "a"}),
        ({"items": [{"sku": "a"}, {"sku": "b", "n": 2}]}, {"items_sku": ["a", "b"], "items_n": "2"}),
        ({"firstName": "", "First Name": "Asha", "first_name": "Ben"}, {"first_name": "Asha"}),
        ({"a_b": "first", "a": {"b": "second"}}, {"a_b": "first"}),
        ({"a": None, "b": "", "c": "  ", "d": [], "e": {}, "f": [[], {}]}, {}),
        (
            {"n": Decimal("2500.0"), "m": 2500, "b": True, "c": False},
            {"n": "2500", "m": "2500", "b": "true", "c": "false"},
        ),
        ({"get": "a", "items": "b", "keys": "c"}, {"get": "a", "items": "b", "keys": "c"}),
        ([], {}),
        (None, {}),
    ],
)
def test_documents_are_flattened_as_the_interface_says(payload: Any, fields: dict[str, Any]) -> None:
    """Nested data, brackets and double underscores come to the same names; what is blank is absent."""
    assert flatten(payload) == fields


@given(JSON)
def test_any_document_gives_only_text_that_is_there(payload: Any) -> None:
    """Whatever a sender posts: fields are non-blank text or lists of it, under normalised names."""
    for name, value in flatten(payload).items():
        texts = value if isinstance(value, list) else [value]
        assert texts
        assert all(isinstance(text, str) and text == text.strip() != "" for text in texts)
        assert normalise_key(name) == name


@given(JSON)
def test_any_value_can_be_stored_and_sent(payload: Any) -> None:
    """Lone surrogates and NUL, which neither a database nor a wire takes, are gone."""
    text = json.dumps(flatten(payload), ensure_ascii=False)
    assert "\0" not in text.encode("utf-8").decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        (" \t\n\u00a0\u200b", None),
        ("\u202a+91 1\u202c", "\u202a+91 1\u202c"),
        ("\ufeff Asha\u200f ", "Asha"),
        (" a  b ", "a  b"),
        (0, "0"),
        (False, "false"),
        (True, "true"),
        (919876543210, "919876543210"),
        (Decimal("9876543210.0"), "9876543210"),
        (Decimal("1.50"), "1.50"),
        (-3.0, "-3"),
        ("2500.0", "2500.0"),
        ("a\0b", "ab"),
        ("a\ud800b", "a?b"),
    ],
)
def test_a_scalar_is_its_json_text(value: Any, text: str | None) -> None:
    """Numbers keep their digits, text is trimmed, null and blank are absent."""
    assert scalar(value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [("2500.0", "2500"), ("2500.00", "2500"), ("0.0", "0"), ("1.05", "1.05"), ("1e3", "1e3"), (7, "7")],
)
def test_a_whole_number_has_no_point(number: Any, text: str) -> None:
    """A spreadsheet's 9876543210.0 is a phone's 9876543210."""
    assert number_text(number) == text


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_clean_text_is_what_was_sent_but_for_what_no_store_takes(text: str) -> None:
    """Cleaning changes nothing that can be kept."""
    cleaned = clean(text)
    assert cleaned.encode("utf-8").decode() == cleaned
    if "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text):
        assert cleaned == text
