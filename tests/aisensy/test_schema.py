from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.aisensy.schema import RequestSchema, check

REQUEST = {"campaignName": "welcome_lead", "destination": "+919876543210", "userName": "Asha Rao"}
MEDIA = {"url": "https://acme.example/a.jpg", "filename": "a.jpg"}
WHOLE = REQUEST | {
    "source": "Facebook forms",
    "media": MEDIA,
    "templateParams": ["Asha", ""],
    "tags": ["facebook", "नया"],
    "attributes": {"city": "Pune"},
}


def test_every_field_of_the_reference() -> None:
    """A request with all that AiSensy takes is fine, and so is one with only what it requires."""
    assert check(WHOLE) == []
    assert check(REQUEST) == []
    assert RequestSchema().load({"apiKey": "key", **WHOLE}) == {"apiKey": "key", **WHOLE}
    assert set(RequestSchema().fields) == {"apiKey", *WHOLE}


@pytest.mark.parametrize("field", REQUEST)
def test_required(field: str) -> None:
    """What AiSensy requires must be there, and not be blank."""
    assert check({name: value for name, value in REQUEST.items() if name != field}) == [
        f"{field}: Missing data for required field."
    ]
    assert check(REQUEST | {field: "  "})[0].startswith(f"{field}: ")
    assert check(REQUEST | {field: None}) == [f"{field}: Field may not be null."]
    assert check(REQUEST | {field: 5}) == [f"{field}: Not a valid string."]


@pytest.mark.parametrize(
    "number",
    [
        "919876543210",
        "9876543210",
        "+0919876543210",
        "+91 98765 43210",
        "+91-98765-43210",
        "+९१९८७६५४३२१०",
        "+919876543210\n",
        "+1234567890123456",
        "+123456",
        "+91abc",
        "",
    ],
)
def test_destination(number: str) -> None:
    """Only a whole number with its country goes out: AiSensy would take any other for an Indian one."""
    assert check(REQUEST | {"destination": number}) == [
        "destination: Not a number with its country, like +919876543210."
    ]


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"media": {"url": MEDIA["url"]}}, "media.filename: Missing data for required field."),
        ({"media": {"filename": "a"}}, "media.url: Missing data for required field."),
        ({"media": MEDIA | {"filename": " "}}, "media.filename: Must not be blank."),
        ({"media": MEDIA | {"caption": "x"}}, "media.caption: Unknown field."),
        ({"media": "x"}, "media: Invalid input type."),
        ({"media": MEDIA | {"url": "ftp://a.example/b"}}, "media.url: Not a web address (http or https)."),
        ({"media": MEDIA | {"url": "https://a.example/b c"}}, "media.url: Not a web address (http or https)."),
        ({"media": MEDIA | {"url": "https://u:p@a.example/"}}, "media.url: Not a web address (http or https)."),
        ({"media": MEDIA | {"url": "https:///b"}}, "media.url: Not a web address (http or https)."),
        ({"templateParams": "Asha"}, "templateParams: Not a valid list."),
        ({"templateParams": ["a", None]}, "templateParams[1]: Field may not be null."),
        ({"templateParams": [5]}, "templateParams[0]: Not a valid string."),
        ({"tags": ["x" * 65_537]}, "tags[0]: Longer than maximum length 65536."),
        ({"tags": ["x"] * 1_001}, "tags: Longer than maximum length 1000."),
        ({"attributes": {"city": 5}}, "attributes.city: Not a valid string."),
        ({"attributes": {" ": "x"}}, "attributes. : Must not be blank."),
        ({"attributes": ["x"]}, "attributes: Not a valid mapping type."),
        ({"source": "\ud800"}, "source: Not a valid string: half of a character."),
        ({"apiKey": "x"}, "apiKey: Unknown field."),
        ({"campaign": "x"}, "campaign: Unknown field."),
    ],
)
def test_rules(part: dict[str, Any], sentence: str) -> None:
    """Each rule has a sentence that names the field, and never the value."""
    assert check(REQUEST | part) == [sentence]


LEAF = st.none() | st.integers() | st.text(max_size=5)
ANYTHING = LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(st.text(max_size=3), LEAF, max_size=3)


@given(st.dictionaries(st.sampled_from([*WHOLE, "x"]), ANYTHING))
def test_nothing_raises(request: dict[str, Any]) -> None:
    """Whatever a mapping makes, the check gives sentences."""
    assert all(isinstance(sentence, str) for sentence in check(request))
