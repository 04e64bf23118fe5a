from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest import values
from ingest.channels import CHANNELS
from ingest.mapping.records import FormBlock
from ingest.web.forms import drawing
from ingest.web.forms.drawing import carried, countries, inputs

BLOCK = FormBlock(
    fields={
        "Full Name": {"label": "Your name", "required": True},
        "phone": {"type": "phone", "country": "AE"},
        "size": {"type": "choice", "choices": ["S", "M"], "multiple": True},
        "origin": {"type": "hidden", "value": "spring"},
        "agreed": {"type": "checkbox", "value": "I do"},
    }
)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)


def test_fields_have_what_was_typed_however_they_are_called() -> None:
    """In the mapping's order, with faults and the country that was chosen."""
    typed = {"fullName": "Asha", "phone": "50 123", "_country_phone": "IN", "size": ["S", "M"], "agreed": "I do"}
    name, phone, size, origin, agreed = inputs(BLOCK, "IN", typed, {"phone": "It is no number."})
    assert (name.value, name.label, name.kind) == ("Asha", "Your name", "text")
    assert (phone.value, phone.kind, phone.country, phone.fault) == ("50 123", "tel", "IN", "It is no number.")
    assert (size.kind, size.values) == ("checks", ("S", "M"))
    assert (origin.kind, origin.value) == ("hidden", "")
    assert (agreed.kind, agreed.values) == ("checkbox", ("I do",))


def test_at_first_they_have_what_the_mapping_says() -> None:
    """A phone the field's country; no box is ticked."""
    _, phone, _, origin, agreed = inputs(BLOCK, "IN", drawing.initial(BLOCK))
    assert (phone.country, origin.value, agreed.values) == ("AE", "spring", ())


def test_without_declared_fields_it_asks_for_name_and_phone() -> None:
    """Enough for a first lead."""
    assert [one.name for one in inputs(FormBlock(), "IN", {})] == ["full_name", "phone"]


def test_all_else_is_carried_along() -> None:
    """Other fields and control fields; not the trap, nor an answer that is good once."""
    typed = {
        "phone": "1",
        "_country_phone": "IN",
        "fullName": "x",
        "_next": "https://acme.example/",
        "utm_source": "fb",
        "list": ["a", "b", ""],
        "_gotcha": "",
        "cf-turnstile-response": "x",
        "deep": {"a": 1},
    }
    wanted = [("_next", "https://acme.example/"), ("utm_source", "fb"), ("list", "a"), ("list", "b")]
    assert carried(BLOCK, typed) == wanted


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3), max_size=8))
def test_nothing_that_was_typed_is_lost_on_the_page(typed: dict[str, object]) -> None:
    """Whatever a form is made of: its lead is the same after the page with the faults as before."""
    block = FormBlock(fields={"name": {}, "phone": {"type": "phone"}})
    again: dict[str, object] = {}
    for name, value in [
        *((one.name, text) for one in inputs(block, "IN", typed) for text in one.values),
        *carried(block, typed),
    ]:
        again.setdefault(name, [])
        again[name].append(value)  # type: ignore[attr-defined] # a list
    form = CHANNELS["form"]
    assert form.lead(again).fields == values.flatten(form.content(typed))


def test_countries_have_names_in_the_forms_language() -> None:
    """And their codes; an unknown language has English names."""
    assert ("IN", "India (+91)") in countries("en")
    assert ("IN", "भारत (+91)") in countries("hi-IN")
    assert countries("xx") == countries("en")
