"""Leads are made tests without their people: nobody's phone, name or mail survives, and the same becomes of them."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.channels import CHANNELS
from ingest.channels.payload import Number
from ingest.errors import Hold
from ingest.mapping.anonymous.anonymise import Anonymised, anonymise
from ingest.mapping.anonymous.leaves import cleaned
from ingest.mapping.anonymous.shapes import ascii_digits, folded
from ingest.mapping.anonymous.usage import usage
from ingest.mapping.filters.phones import phone
from ingest.mapping.filters.texts import email
from ingest.mapping.records import Translation
from ingest.mapping.render import translate
from ingest.models import Meta
from tests.mapping.helpers import load_text

KEY = b"k" * 32
MAPPING = """
channel: form
let:
  name: "{{ lead.name or [lead.first_name, lead.last_name] | words }}"
request:
  campaignName: welcome
  destination: "{{ (lead.phone or lead.handynummer) | phone }}"
  userName: "{{ name | default('Website lead') }}"
  tags: ["{{ lead.interest }}"]
  attributes: {email: "{{ lead.email | email }}", city: "{{ lead.city }}"}
routes:
  - {name: pune, when: lead.city == 'Pune'}
  - {name: solar, when: "'solar' in (lead.message | default('') | lower)"}
  - {name: rich, when: lead.income | number > 5000000}
  - {name: everyone}
"""


def outcome(translation: Translation, payload: Any) -> object:
    """Routes, reasons, and which keys the bodies have."""
    found = translate(translation, CHANNELS["form"].lead(payload), Meta("form", "x"))
    return [(one.route, one.problem and one.problem.reason, one.request and list(one.request)) for one in found]


@pytest.fixture(scope="module")
def translation() -> Translation:
    mapping = load_text(MAPPING)
    assert mapping.translation, mapping.findings
    return mapping.translation


def made(translation: Translation, payload: Any, key: bytes = KEY) -> Any:
    """The payload without its people, of which the same becomes."""
    found = anonymised(translation, payload, key)
    assert found
    assert outcome(translation, found.payload) == outcome(translation, payload)
    return found.payload


def anonymised(translation: Translation, payload: Any, key: bytes = KEY) -> Anonymised | None:
    return anonymise(payload, usage(translation), partial(outcome, translation), key)


def script_of(c: str) -> str:
    return unicodedata.name(c).split("DIGIT")[0] if c.isdecimal() else c


def read(text: str, region: str = "IN") -> str:
    """What `phone` makes of a text: the country's code and how many digits there are, or the reason."""
    try:
        number = phone(text, region)
    except Hold as hold:
        return f"{hold.reason}: {hold.message}"
    return f"{number[:3]} {len(number)}"


PHONES = [
    "98765 43210",
    "098765-43210",
    "+91 98765 43210",
    "p:+919876543210",
    "919876543210",
    "0091 98765 43210",
    "+91 (0) 98765 43210",
    "९८७६५ ४३२१०",
    "(98765) 43210",
    "+1 (415) 555-2671",
    "+44 (0) 20 7946 0958",
    "+971 50 123 4567",
    "9876543210 / 9123456789",
    "98765 43210 or 98765 43210",
    "12345",
    "1234567890",
    "020 2567 8901",
    "9.19877E+11",
    "98765 43210 ext 1234",
    "+91",
]


@pytest.mark.parametrize("text", PHONES)
def test_a_phone_becomes_another_of_the_same_shape(translation: Translation, text: str) -> None:
    """Its country, its length, what stands between the digits and their script stay; what was wrong with it too."""
    fake = made(translation, {"phone": text, "name": "Asha"})["phone"]
    assert read(fake) == read(text)
    assert [c if not c.isdecimal() else "0" for c in fake] == [c if not c.isdecimal() else "0" for c in text]
    assert [script_of(c) for c in fake] == [script_of(c) for c in text]
    assert fake != text


def test_a_number_of_json_stays_one(translation: Translation) -> None:
    fake = made(translation, {"phone": 919876543210, "budget": Number("2500.0"), "n": 7})
    assert type(fake["phone"]) is int and fake["phone"] != 919876543210
    assert read(str(fake["phone"])) == "+91 13"
    assert (str(fake["budget"]), fake["n"]) == ("2500.0", 7)
    assert isinstance(fake["budget"], Decimal)


@pytest.mark.parametrize("spelling", ["098765 43210", "+91-98765-43210", "९८७६५ ४३२१०", "p:+919876543210"])
def test_a_phone_has_the_same_fake_in_every_spelling(translation: Translation, spelling: str) -> None:
    plain = made(translation, {"phone": "9876543210"})["phone"]
    assert ascii_digits(made(translation, {"phone": spelling})["phone"]).endswith(plain)


NAMES = ["Asha Rao", "asha rao", "ASHA RAO", "Dr. Asha Rao", "Shri Asha Devi Rao MBA", "Dr.Asha Rao", "O'Brien-Smith"]


@pytest.mark.parametrize(
    "name", [*NAMES, "आशा राव", "श्री आशा राव", "ஆஷா ராவ்", "José Núñez", "A. K. Rao", "王芳", "Ольга"]
)
def test_a_name_becomes_another_of_the_same_shape(translation: Translation, name: str) -> None:
    """As many words, with their capitals, scripts, honorifics and what stands between them."""
    fake = made(translation, {"name": name, "phone": "98765 43210"})["name"]
    assert [c for c in fake if not (c.isalpha() or unicodedata.category(c)[0] == "M")] == [
        c for c in name if not (c.isalpha() or unicodedata.category(c)[0] == "M")
    ]
    assert (fake.isupper(), fake.islower(), fake.istitle()) == (name.isupper(), name.islower(), name.istitle())
    scripts = [{unicodedata.name(c).split()[0] for c in text if c.isalpha()} for text in (fake, name)]
    assert scripts[0] == scripts[1]
    for title in ("Dr", "Shri", "MBA", "श्री"):
        assert (title in fake.replace(".", " ").split()) == (title in name.replace(".", " ").split())
    same = set(folded(name).split()) & set(folded(fake).split())
    assert same <= {"dr.", "shri", "mba", "श्री"}


@pytest.mark.parametrize("mail", ["asha.rao92@gmail.com", "ASHA@EXAMPLE.CO.IN", "x@y", "asha@", "none", "a b@c.de"])
def test_a_mail_becomes_another_at_example_com(translation: Translation, mail: str) -> None:
    """What was no address is none."""
    fake = made(translation, {"email": mail, "phone": "98765 43210", "name": "Asha Rao"})["email"]
    assert (email(fake) is None) == (email(mail) is None)
    assert "asha" not in fake.lower() and "gmail" not in fake
    if email(mail):
        assert fake.lower().endswith("@example.com")


def test_a_person_is_found_wherever_the_person_stands(translation: Translation) -> None:
    """In the mail, the message, a handle, a link, a nested object, and under keys that tell nothing."""
    fake = made(
        translation,
        {
            "name": "Asha Rao",
            "phone": "98765 43210",
            "email": "asha.rao@acme.in",
            "message": "I am Asha, call me on +91-98765-43210 or write to asha.rao@acme.in",
            "instagram": "@asharao_official",
            "profile": "https://wa.me/919876543210?text=Asha%20Rao",
            "more": {"q7": "Asha's flat", "list": ["rao", "9876543210"]},
            "father_name": "Ramesh Rao",
        },
    )
    text = json.dumps(fake, ensure_ascii=False).lower()
    for gone in ("asha", "rao", "ramesh", "9876543210", "98765", "acme"):
        assert gone not in text
    first, last = fake["name"].lower().split()
    assert fake["email"] == f"{first}.{last}@example.com"
    assert f"i am {first}," in fake["message"].lower()
    assert fake["more"]["list"][0] == last


PERSONAL = {
    "address": "Flat 12, MG Road",
    "pincode": "411001",
    "message": "Please tell me about the offer",
    "dob": "1990-03-12",
    "ip": "49.36.1.2",
    "leadgen_id": "1234567890123",
    "fbclid": "IwAR0abcDEF123",
    "page_url": "https://acme.example/a?gclid=Cj0KCQ&email=x%40y.in",
    "aadhaar": "1234 5678 9012",
    "q1": "ABCDE1234F",
    "gstin": "27ABCDE1234F1Z5",
    "ईमेल": "asha@x.in",
    "नाम": "आशा राव",
    "मोबाइल नंबर": "98765 43210",
    "q2": "a rather long answer to a question that nobody knows",
}


@pytest.mark.parametrize("key", PERSONAL)
def test_what_can_be_personal_is_replaced_in_its_shape(translation: Translation, key: str) -> None:
    value = PERSONAL[key]
    fake = made(translation, {"phone": "98765 43210", key: value})[key]
    assert fake != value
    assert len(fake.split()) == len(value.split())


KEPT = {
    "city": "Pune",
    "platform": "ig",
    "form_id": "447333180259108",
    "interest": ["solar", "roof"],
    "optin": "Yes, I agree",
    "income": "75,00,000",
    "created_time": "2026-02-03T16:16:51+0000",
    "budget": "₹ 1,00,000",
    "which_plan": "3 BHK",
    "utm_source": "google",
    "phone_consent": "yes",
    "flag": True,
    "nothing": None,
}


@pytest.mark.parametrize("key", KEPT)
def test_what_mappings_decide_by_stays(translation: Translation, key: str) -> None:
    assert made(translation, {"phone": "98765 43210", key: KEPT[key]})[key] == KEPT[key]


def test_words_that_the_mapping_looks_for_stay(translation: Translation) -> None:
    """The same route is taken, and only that word is told."""
    fake = made(translation, {"phone": "98765 43210", "message": "Asha wants Solar panels"})["message"]
    assert fake.split()[2] == "Solar"
    assert "panels" not in fake


def test_a_domain_that_the_mapping_asks_for_stays() -> None:
    mapping = load_text(MAPPING.replace("lead.city == 'Pune'", "lead.email.endswith('@gmail.com')"))
    assert mapping.translation
    fake = made(mapping.translation, {"phone": "98765 43210", "email": "asha@gmail.com", "work": "asha@acme.in"})
    assert fake["email"].endswith("@gmail.com") and not fake["email"].startswith("asha")
    assert fake["work"].endswith("@example.com")


def test_what_the_outcome_hangs_on_stays_and_is_told() -> None:
    """A message of a certain form is kept; phones and names in it are not."""
    mapping = load_text(
        MAPPING.replace("'solar' in (lead.message | default('') | lower)", "lead.message is matching('vip-[a-z]+x')")
    )
    assert mapping.translation
    payload = {
        "phone": "98765 43210",
        "name": "Asha",
        "message": "Asha here: vip-quux, call 98765 43210",
        "note": "hello there",
    }
    found = anonymised(mapping.translation, payload)
    assert found and found.kept == ("message",)
    assert "vip-quux" in found.payload["message"]
    assert "Asha" not in found.payload["message"] and "98765" not in found.payload["message"]
    assert found.payload["note"] != "hello there"


def test_a_lead_whose_name_decides_is_refused() -> None:
    """No name, phone or mail stays, whatever the mapping asks for."""
    mapping = load_text(MAPPING.replace("lead.city == 'Pune'", "lead.name is matching('^A.*a R.o$')"))
    assert mapping.translation
    assert anonymised(mapping.translation, {"phone": "98765 43210", "name": "Asha Rao"}) is None


def test_fakes_are_the_same_for_the_same_key_only(translation: Translation) -> None:
    """The same person has the same fake in two captures; who does not know the key can't tell who it was."""
    payload = {"name": "Asha Rao", "phone": "98765 43210"}
    assert made(translation, payload) == made(translation, payload)
    assert made(translation, payload) != made(translation, payload, b"another key")


words = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=4, max_size=12)
numbers = st.integers(6_000_000_000, 9_999_999_999).map(str)


@given(first=words, last=words, number=numbers, note=st.text(max_size=30))
def test_nobody_survives(translation: Translation, first: str, last: str, number: str, note: str) -> None:
    """Whatever the name and the number, neither stands anywhere, and the same becomes of the lead."""
    assume(not {folded(first), folded(last)} & {"solar", "website", "lead", "pune", "delhi"})
    payload = {
        "name": f"{first} {last}",
        "phone": number,
        "email": f"{first}.{last}@mail.example",
        "message": f"{note} {first} {number}",
        "q": f"about {last}",
        "city": "Pune",
    }
    found = anonymised(translation, payload)
    if found is None:
        return
    text = json.dumps(list(found.payload.values()), ensure_ascii=False)
    assert number not in text
    for word in (first, last):
        if len(folded(word)) > 3 and folded(word) not in "example.com about":
            assert word not in text
    assert outcome(translation, found.payload) == outcome(translation, payload)
    assert found == anonymised(translation, payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    payload=st.dictionaries(st.sampled_from(["name", "phone", "email", "id", "dob", "ip", "x", "fields"]), json_values)
)
def test_any_payload_is_taken(translation: Translation, payload: Any) -> None:
    """Its form, and what is no text or number, stay."""
    payload = json.loads(json.dumps(payload), parse_float=Number)
    found = anonymised(translation, payload)
    if found is not None:
        assert form(found.payload) == form(cleaned(payload))


def form(node: Any) -> Any:
    if isinstance(node, dict):
        return [form(value) for value in node.values()]
    if isinstance(node, list):
        return [form(item) for item in node]
    return node if node is None or isinstance(node, bool) else type(node)
