from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from ingest.errors import Hold
from ingest.mapping.expressions.native import ExpressionError, scalars, to_text
from ingest.models import Reason

MAX_LENGTH = 256  # of a field: longer ones hold no phone, but an essay
MAX_GROUPS = 16  # of digits, in one field

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_RUN = re.compile(r"[+(]*[0-9][0-9+() .\-]*")
_GROUP = re.compile(r"\+?[0-9]+")
_SCIENCE = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_SPREADSHEET = re.compile(r"(?<=[0-9]{6})\.0+(?![0-9])")
_TRUNK = re.compile(r"\(0+\)")


def phone(value: Any, country: str | None = None, *, home: str = "IN") -> str:
    """A phone number in E.164, read from however people and programs write it.

    `country` is that of numbers without a country code. Raises Hold: `phone_invalid`, `phone_ambiguous`.

    >>> phone("098765 43210")
    '+919876543210'
    >>> phone("(415) 555-2671", "US")
    '+14155552671'
    """
    region = known_region(country or home)
    found = {number for text in scalars(value, skip_absent=True) for number in numbers(to_text(text), region)}
    if not found:
        raise Hold(Reason.PHONE_INVALID, "no phone number that can be called")
    if len(found) > 1:
        raise Hold(Reason.PHONE_AMBIGUOUS, "several different phone numbers in one field")
    return found.pop()


def known_region(country: Any) -> str:
    """A country's two letters, in capitals. Raises ExpressionError."""
    region = to_text(country).strip().upper()
    if not phonenumbers.country_code_for_region(region):
        raise ExpressionError("phone does not know the country: write its two letters, like IN")
    return region


def numbers(text: str, region: str) -> set[str]:
    """Every different number in a text."""
    if len(text) > MAX_LENGTH:
        return set()
    cleaned = _cleaned(text)
    if _SCIENCE.search(cleaned):  # a spreadsheet rounded it
        return set()
    found = {number for run in _RUN.findall(cleaned) for number in _in_run(run, region)}
    if found or any(c.isalpha() for c in cleaned):
        return found
    return _known(_read(_digits(cleaned), region, abroad=False))  # "98765/43210"


def _cleaned(text: str) -> str:
    """ASCII digits of any script's, plain blanks and dashes, nothing invisible."""
    plain = text if text.isascii() else "".join(map(_plain, unicodedata.normalize("NFKC", text)))
    return _SPREADSHEET.sub(" ", "\n".join(plain.splitlines()).replace("\t", " "))


def _plain(c: str) -> str:
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    category = unicodedata.category(c)
    return {"Cf": "", "Pd": "-", "Zs": " "}.get(category, "-" if c == "−" else c)


def _in_run(run: str, region: str) -> set[str]:
    """The numbers in digits that nothing but blanks, dashes, points and brackets part."""
    for whole in (run, _TRUNK.sub("", run)):
        number = _read(_digits(whole), region)
        if number:
            return {number}
    groups = _GROUP.findall(run)
    return set(_by_groups(groups, region)) if 1 < len(groups) <= MAX_GROUPS else set()


def _by_groups(groups: list[str], region: str) -> Iterator[str]:
    """Numbers made of neighbouring groups, the longest first: `98765 43210 91234 56789`."""
    start = 0
    while start < len(groups):
        for end in range(len(groups), start, -1):
            number = _read("".join(groups[start:end]), region, abroad=end == start + 1)
            if number:
                yield number
                start = end
                break
        else:
            start += 1


def _digits(text: str) -> str:
    return "".join(c for c in text if c in "+0123456789")


def _read(number: str, region: str, *, abroad: bool = True) -> str | None:
    """A number of `+` and digits in E.164, or None.

    Without `+` or 00 it is the region's own mobile, or (`abroad`) one whose country code is there without its `+`.
    """
    digits = number.lstrip("+")
    if not 6 <= len(digits) <= 18 or not digits.isdecimal():
        return None
    if number.startswith("+") and not digits.startswith("0"):
        return _international(digits, region)
    if digits.startswith("00") and not number.startswith("+"):
        return _international(digits.lstrip("0"), region)
    own = _own_mobile(digits, region, abroad=abroad)
    if own or not abroad:
        return own
    bare = digits.lstrip("0")
    return _international(bare, region) if len(bare) >= 11 else None


def _own_mobile(digits: str, region: str, *, abroad: bool) -> str | None:
    code = phonenumbers.country_code_for_region(region)
    own = digits[1:] if digits[0] == "0" == phonenumbers.ndd_prefix_for_region(region, True) else digits
    if own[0] != "0":  # most numbers are just this, and parsing costs three times as much
        direct = PhoneNumber(country_code=code, national_number=int(own))
        if phonenumbers.number_type(direct) in _MOBILE:
            return f"+{code}{own}"
    rest = digits.removeprefix(str(code))
    if abroad and len(digits) >= 11 and rest != digits and rest[0] != "0":  # 919876543210: read either way, it is this
        direct = PhoneNumber(country_code=code, national_number=int(rest))
        if phonenumbers.number_type(direct) in _MOBILE:
            return f"+{code}{rest}"
    parsed = _parsed(digits, region)
    return _shown(parsed) if parsed and phonenumbers.number_type(parsed) in _MOBILE else None


def _international(digits: str, region: str) -> str | None:
    code = str(phonenumbers.country_code_for_region(region))
    own = digits.removeprefix(code)
    if own != digits and own and own[0] != "0":
        direct = PhoneNumber(country_code=int(code), national_number=int(own))
        if phonenumbers.is_valid_number(direct):
            return f"+{digits}"
    for candidate in (digits, own if own.startswith(code) else ""):
        parsed = _parsed(f"+{candidate}", None) if candidate else None
        if parsed and phonenumbers.is_valid_number(parsed):
            return _shown(parsed)
    return None


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _shown(number: PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _known(*numbers: str | None) -> set[str]:
    return {number for number in numbers if number}
