"""Which fields hold what of a person, so far as their keys and values tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import IntEnum
from ipaddress import ip_address

from ingest.mapping.anonymous.shapes import ascii_digits, folded
from ingest.mapping.anonymous.usage import Usage
from ingest.mapping.filters.consent import is_bare_yes
from ingest.values import normalise_key


class Kind(IntEnum):
    """What a value tells of a person; the least personal first."""

    PLAIN = 0  # a choice, an answer, a number: nothing by itself
    LONG = 1  # more than a choice, under a key that tells nothing
    ID = 2
    LINK = 3
    TEXT = 4  # what somebody wrote
    DATE = 5  # of birth
    ADDRESS = 6
    IP = 7
    SECRET = 8  # numbers of cards, taxes, identities
    NAME = 9
    MAIL = 10
    PHONE = 11


SURE = frozenset({Kind.NAME, Kind.MAIL, Kind.PHONE, Kind.SECRET})
"""Kinds that never stay as they are, whatever becomes of the lead."""

_ABOUT = frozenset(
    """consent optin optout opt agree agreed agreement allow allowed accept permission subscribe subscribed newsletter
    marketing type model brand country state city region district province language locale verified valid status channel
    platform source medium label placeholder required hidden organic time created updated submitted timestamp timezone
    budget price amount quantity""".split()
)
"""Words of keys whose values tell something about a phone, a mail, a form, and not the thing itself."""
_OURS = frozenset(
    """form page ad adset adgroup campaign utm product plan course event service project offer template list tag file
    host domain site website browser os hotel room package category""".split()
)
"""Words of keys whose names and ids are not a person's."""
_WORDS: dict[Kind, str] = {
    Kind.MAIL: r".*e?mail(?:id|adresse?)? .*correo courriel ईमेल इमेल मेल மின்னஞ்சல்",
    Kind.SECRET: r"""aadha+r adha+r uidai uid pan panno pancard gst gstin gstno passport ssn card cvv iban ifsc upi
    vpa otp (?:bank)?account(?:no|num|number) licen[cs]e voter password passwd secret token आधार पैन""",
    Kind.DATE: r"""dob birth birthday birthdate dateofbirth born anniversary geburtsdatum nacimiento जन्म जन्मतिथि
    जन्मदिन""",
    Kind.IP: r"ip ipaddress ipv[46] ipaddr",
    Kind.ADDRESS: r"""addr address(?:line)?\d* street straße strasse adresse direccion rue line\d* landmark house flat
    apartment apt building plot locality area village taluka? pin pincode zip zipcode postal postcode postalcode plz lat
    latitude lng lon longitude location gps company organi[sz]ation business firm employer school college पता पत्ता पिन
    முகவரி చిరునామా""",
    Kind.TEXT: r"""messages? msg comments? notes? remarks? query queries question enquiry inquiry description details?
    feedback review about bio body text nachricht mensaje subject संदेश सन्देश टिप्पणी செய்தி agent useragent""",
    Kind.PHONE: r"""(?!head|ear|micro|auto|iphone).*(?:phone|mobile?|whats?app|telefono?).* cell\w* tel phn ph mob
    contact(?:no|num|number) msisdn handy fax wa
    .*(?:फोन|फ़ोन|मोबाइल|मोबाईल|दूरभाष|व्हाट्सएप|व्हाट्सऐप|நம்பர்|தொலைபேசி|ఫోన్|ফোন|ફોન|ಫೋನ್|ഫോൺ|ਫੋਨ).*""",
    Kind.NAME: r""".*(?:name|namn|naam) fio nom prenom nombre apellidos? vorname nachname cognome nome
    .*(?:नाम|नाव|নাম|નામ|ਨਾਮ|பெயர்|పేరు|ಹೆಸರು|പേര്|نام|اسم)""",
    Kind.ID: r"""u?u?id guid .*clid fb[pc] ga cid ref reference cookie session device key hash handle username user
    insta.* twitter linkedin facebook telegram skype""",
}
"""Words of keys that tell what is meant; the first kind that fits."""
_PATTERNS = {
    kind: re.compile(unicodedata.normalize("NFKC", "|".join(patterns.split()))) for kind, patterns in _WORDS.items()
}
_ALONE = frozenset(
    "person contact customer client applicant lead owner parent father mother spouse guardian who".split()
)
"""Keys that mean a person where nothing follows them."""

_PART_OF_FIELD = re.compile(r"\]\[(?:id|type|title|label|required)\]$")  # Elementor's fields[phone][title]
_YES_OR_NO = frozenset("no n false f 0 off nahi nahin नहीं never none nil null na n/a - not nope".split())
_NONE = frozenset("na n/a none nil null - --".split())
_URL = re.compile(r"(?:https?:)?//\S+|www\.\S+", re.IGNORECASE)
_BIRTHS = re.compile(r"(?:1[89]\d\d|200\d|201[0-4])-\d\d-\d\d.*")
_ISO = re.compile(r"\d{4}-\d\d-\d\d.*")
_NUMBERED = re.compile(  # PAN, GSTIN, Aadhaar, cards
    r"[a-z]{5}\d{4}[a-z]|\d{2}[a-z]{5}\d{4}[a-z]\w{3}|\d{4}[ -]?\d{4}[ -]?\d{4}|(?:\d[ -]?){13,19}", re.IGNORECASE
)
_TOKEN = re.compile(r"(?=\S*\d)(?=\S*[a-z])\S{16,}|\d{9,}|\S{40,}", re.IGNORECASE)
_CHOICE_WORDS, _CHOICE_LENGTH = 4, 40


def kind_of(path: tuple[str, ...], text: str, usage: Usage) -> Kind:
    """What the value at a path of keys tells of a person. Paths may be empty."""
    if _PART_OF_FIELD.search("".join(path[-1:])):
        return Kind.PLAIN
    by_key = kind_told(path, usage)
    if is_answer(text, names=by_key is Kind.NAME):
        return Kind.PLAIN
    if by_key is None:
        return _by_content(text)
    if by_key is Kind.PHONE and not ascii_digits(text):
        return _by_content(text)
    return by_key


def kind_told(path: tuple[str, ...], usage: Usage) -> Kind | None:
    """What the keys of a value, and the filters that it goes through, tell; None where they tell nothing."""
    names = [normalise_key(key) for key in path]
    by_key = _by_key(names)
    field = "_".join(names)
    if by_key is None or by_key is Kind.TEXT:
        for kind, uses in _USES.items():
            if any({field, *names[-1:]} & usage.filtered.get(use, frozenset()) for use in uses):
                by_key = kind
    return by_key


_USES = {
    Kind.PLAIN: ("number", "date"),
    Kind.MAIL: ("email",),
    Kind.NAME: ("first_name", "last_name"),
    Kind.PHONE: ("phone",),
}


def _by_key(names: list[str]) -> Kind | None:
    last = [word for name in names[-1:] for word in name.split("_")]
    every = [word for name in names for word in name.split("_")]
    if any(map(_PATTERNS[Kind.DATE].fullmatch, last)):
        return Kind.DATE
    if _ABOUT.intersection(last) or ("code" in last and not {"pin", "zip", "postal"}.intersection(last)):
        return Kind.PLAIN
    for kind, pattern in _PATTERNS.items():
        among = last if kind in {Kind.NAME, Kind.ID, Kind.TEXT} else every
        if any(map(pattern.fullmatch, (*among, "".join(last)))):
            ours = kind in {Kind.NAME, Kind.ID} and _OURS.intersection(every)
            return Kind.PLAIN if ours else kind
    return Kind.NAME if _ALONE.intersection(last[-1:]) else None


def _by_content(text: str) -> Kind:
    asked = text.strip()
    for kind, is_one in _CONTENTS:
        if is_one(asked):
            return kind
    short = len(text) <= _CHOICE_LENGTH and len(text.split()) <= _CHOICE_WORDS and "\n" not in text
    return Kind.PLAIN if short else Kind.LONG


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return not text.isdecimal()


_CONTENTS: tuple[tuple[Kind, Callable[[str], object]], ...] = (
    (Kind.LINK, _URL.fullmatch),
    (Kind.IP, _is_ip),
    (Kind.DATE, _BIRTHS.fullmatch),
    (Kind.PLAIN, _ISO.fullmatch),
    (Kind.SECRET, _NUMBERED.fullmatch),
    (Kind.ID, _TOKEN.fullmatch),
)
"""What tells by itself what it is; the first that fits."""


def is_answer(text: str, *, names: bool = False) -> bool:
    """Whether a text says yes, no or nothing. Where names are meant only what says nothing: `Ha` is one."""
    asked = folded(text).strip(" .!")
    return asked in _NONE or (not names and (asked in _YES_OR_NO or is_bare_yes(text)))
