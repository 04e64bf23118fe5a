from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from ingest.mapping.expressions.native import ExpressionError, to_text
from ingest.mapping.filters.texts import ascii_digits

_NUMBER = re.compile(r"[-+]?(?:\d[\d,.]*|\.\d+)")
_WORDS = {
    "thousand": 3,
    "k": 3,
    "हज़ार": 3,
    "हजार": 3,
    "lakh": 5,
    "lakhs": 5,
    "lac": 5,
    "lacs": 5,
    "l": 5,
    "लाख": 5,
    "million": 6,
    "mn": 6,
    "crore": 7,
    "crores": 7,
    "cr": 7,
    "करोड़": 7,
}
"""Words behind an amount, and by how many digits it is larger."""
_DIGITS = {unicodedata.normalize("NFKC", word): digits for word, digits in _WORDS.items()}
_WORD = re.compile(rf"(?<=[\d.])({'|'.join(sorted(_DIGITS, key=len, reverse=True))})\.?$", re.IGNORECASE)
_SCIENCE = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,2}")
_LAKHS = re.compile(r"(?<=\d)(?=(?:\d\d)*\d{3}$)")  # 1,23,45,678
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")
_EXACT = Context(prec=200)
_INDIAN = frozenset("INR PKR BDT NPR BTN".split())
_PLACES = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "KWD": 3, "OMR": 3, "JOD": 3}
_SIGNS = {
    "AED": "AED ",
    "AUD": "A$",
    "BDT": "৳",
    "BHD": "BHD ",
    "BRL": "R$",
    "BTN": "Nu. ",
    "CAD": "CA$",
    "CHF": "CHF ",
    "CNY": "CN¥",
    "EGP": "EGP ",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "IDR": "Rp ",
    "ILS": "₪",
    "INR": "₹",
    "JOD": "JOD ",
    "JPY": "¥",
    "KES": "KES ",
    "KRW": "₩",
    "KWD": "KWD ",
    "LKR": "LKR ",
    "MXN": "MX$",
    "MYR": "RM ",
    "NGN": "₦",
    "NPR": "NPR ",
    "NZD": "NZ$",
    "OMR": "OMR ",
    "PHP": "₱",
    "PKR": "PKR ",
    "QAR": "QAR ",
    "SAR": "SAR ",
    "SGD": "S$",
    "THB": "฿",
    "UGX": "UGX ",
    "USD": "$",
    "VND": "₫",
    "ZAR": "R ",
}
"""What stands before an amount of a currency."""
_CODES = "|".join(code.lower() for code in _SIGNS)
_MONEY = re.compile(rf"^(?:rs\.?|{_CODES})|(?:/-|rs\.?|{_CODES})$", re.IGNORECASE)


def number(text: str) -> int | float | None:
    """A number as people write it, Indian groups and currencies too; absent where the text is none.

    >>> number("1,00,000")
    100000
    >>> number("₹ 2,500.50")
    2500.5
    >>> number("2 500")
    2500
    >>> number("Rs. 500/-")
    500
    >>> number("1.5 Cr"), number("5 lakh"), number("50k")
    (15000000, 500000, 50000)
    >>> number("many") is None
    True
    """
    if len(text) > 64 or ", " in text:  # so lists are written out
        return None
    if text.isascii():
        plain = "".join(text.split()).replace("$", "")
    else:
        plain = ascii_digits(unicodedata.normalize("NFKC", text))
        plain = "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in {"Sc", "Cf"})
    plain = plain.replace("−", "-").replace("'", "")
    if not (plain[:1].isdecimal() and plain[-1:].isdecimal()):
        plain = _MONEY.sub("", plain)
    word = _WORD.search(plain)
    if word:
        plain = plain[: word.start()]
        return _whole(Decimal(_points(plain)).scaleb(_DIGITS[word[1].lower()])) if _NUMBER.fullmatch(plain) else None
    if _SCIENCE.fullmatch(plain):
        value = float(plain)
    elif _NUMBER.fullmatch(plain):
        value = float(_points(plain))
    else:
        return None
    if not value.is_integer():
        return value
    return int(_points(plain).partition(".")[0] or 0) if _NUMBER.fullmatch(plain) else int(value)


def _whole(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _points(text: str) -> str:
    """The last of two kinds of mark is the decimal point; a comma alone is one unless three digits follow it."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
    elif text.count(",") == 1 and len(text) - comma - 1 != 3:
        decimal = ","
    else:
        decimal = "." if text.count(".") == 1 else ""
    whole, _, fraction = text.partition(decimal) if decimal and text.count(decimal) == 1 else (text, "", "")
    return f"{whole.replace(',', '').replace('.', '')}.{fraction.replace(',', '')}"


def known_currency(code: Any) -> str:
    """A currency's code, as INR. Raises ExpressionError."""
    found = to_text(code).strip().upper()
    if found not in _SIGNS:
        raise ExpressionError(f"money does not know the currency: it knows {', '.join(_SIGNS)}")
    return found


def money(text: str, currency: str) -> str | None:
    """An amount as it is written in English with its currency, read as `number` does; absent where the text is none.

    >>> money("100000", "INR"), money("2500.5", "INR"), money("2500", "AED")
    ('₹1,00,000', '₹2,500.50', 'AED 2,500')
    """
    code = known_currency(currency)
    amount = number(text)
    if amount is None:
        return None
    unit = Decimal(1).scaleb(-_PLACES.get(code, 2))
    rounded = Decimal(str(amount)).copy_abs().quantize(unit, ROUND_HALF_UP, _EXACT)
    whole, _, fraction = f"{rounded:f}".partition(".")
    groups = (_LAKHS if code in _INDIAN else _THOUSANDS).sub(",", whole)
    shown = f"{groups}.{fraction}" if fraction.strip("0") else groups
    return f"{'-' if amount < 0 and rounded else ''}{_SIGNS[code]}{shown}"
