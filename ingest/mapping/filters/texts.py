from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

from ingest.mapping.expressions.native import ExpressionError, check_size, join, to_text

_MAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,10}[^\W\d_][\w-]{0,61}[^\W_]")
_APOSTROPHES = frozenset("'’‘ʼʻ`´")
_LATIN = str.maketrans(
    {"ß": "ss", "ı": "i", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"}
)
_DIGEST = 64  # hexadecimal digits of SHA-256


def words(value: Any) -> str:
    """The words of a text, or of a list of texts, with one blank between them; what is absent is left out.

    >>> words(["Asha", "  Rao "])
    'Asha Rao'
    >>> words("Asha   Rao")
    'Asha Rao'
    """
    return " ".join(join(value, " ", skip_absent=True).split())


def joined(value: Any, sep: str = ", ") -> str:
    """A list as one text; what is absent is left out.

    >>> joined(["Pune", "Delhi"])
    'Pune, Delhi'
    >>> joined(["Pune", "Delhi"], sep=" / ")
    'Pune / Delhi'
    """
    return join(value, to_text(sep), skip_absent=True)


def ascii_digits(text: str) -> str:
    """A text with the digits of every script as 0 to 9.

    >>> ascii_digits("१२ किलो")
    '12 किलो'
    """
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def digits(text: str) -> str:
    """The digits of a text, of any script, as 0 to 9.

    >>> digits("Order १२-34")
    '1234'
    """
    return "".join(c for c in ascii_digits(text) if "0" <= c <= "9")


def email(text: str) -> str | None:
    """A mail address, its domain in lower case; absent where the text is none.

    >>> email(" Asha.Rao@Example.COM ")
    'Asha.Rao@example.com'
    >>> email("none") is None
    True
    """
    shown = text if text.isascii() else "".join(c for c in text if unicodedata.category(c) != "Cf")
    shown = shown.strip().removeprefix("mailto:")
    if len(shown) > 254 or not _MAIL.fullmatch(shown) or ".." in shown or shown.startswith(".") or ".@" in shown:
        return None
    local, _, domain = shown.rpartition("@")
    return f"{local}@{domain.lower()}"


def slug(text: str) -> str:
    """Small letters and digits with `-` between: for tags and addresses. Accents go, other scripts stay.

    >>> slug("Café & Bar, 2nd floor")
    'cafe-bar-2nd-floor'
    >>> slug("नई दिल्ली")
    'नई-दिल्ली'
    """
    kept: list[str] = []
    latin = False
    for c in unicodedata.normalize("NFKD", text.lower()).translate(_LATIN):
        kind = unicodedata.category(c)
        if kind[0] == "M" and kept and kept[-1] != "-":
            if not latin:
                kept.append(c)
        elif kind[0] == "L" or kind == "Nd":
            kept.append(c)
            latin = c < "\u0250"
        elif c not in _APOSTROPHES and kind != "Cf" and kept and kept[-1] != "-":
            kept.append("-")
    found = unicodedata.normalize("NFC", "".join(kept)).strip("-")
    check_size(len(found))
    return found


def checked_length(length: Any) -> int:
    """How many characters `clip` leaves. Raises ExpressionError."""
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise ExpressionError("clip wants to know how many characters it may leave, like clip(20)")
    return length


def clip(text: str, length: int, end: str = "") -> str:
    """At most so many characters of a text, `end` among them, and never a part of what is seen as one character.

    >>> clip("A rather long answer", 12)
    'A rather lon'
    >>> clip("A rather long answer", 12, "…")
    'A rather lo…'
    >>> clip("नमस्ते", 4)
    'नम'
    """
    most = checked_length(length)
    if len(text) <= most:
        return text
    end = to_text(end)
    at = most - len(end)
    if at < 0:
        raise ExpressionError("clip leaves less than its own `end`")
    while at > 0 and _one(text, at):
        at -= 1
    return text[:at].rstrip() + end


def _one(text: str, at: int) -> bool:
    """Whether what stands before and after a place is one character to who reads it."""
    before, after = text[at - 1], text[at]
    if before < "\u0300" and after < "\u0300":
        return before == "\r" and after == "\n"
    if before == "\u200d" or after in "\u200c\u200d\uff9e\uff9f" or unicodedata.category(after)[0] == "M":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":  # a skin's colour, a flag's tag
        return True
    if _is_flag(before) and _is_flag(after):
        begin = at
        while begin > 0 and _is_flag(text[begin - 1]):
            begin -= 1
        return (at - begin) % 2 == 1
    if unicodedata.combining(before) == 9:  # a virama: the next letter hangs on it
        return unicodedata.category(after)[0] == "L"
    return any(
        begin <= before <= end and first <= after <= last
        for begin, end, first, last in (
            ("\ud800", "\udbff", "\udc00", "\udfff"),  # halves of what UTF-16 writes in two
            ("\u1100", "\u115f", "\u1100", "\u11ff"),  # parts of a Korean syllable
            ("\u1100", "\u115f", "가", "힣"),
            ("\u1160", "\u11ff", "\u1160", "\u11ff"),
            ("가", "힣", "\u1160", "\u11ff"),
        )
    )


def _is_flag(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"


def checked_digest(length: Any) -> int:
    """How many digits `hash` gives. Raises ExpressionError."""
    if not isinstance(length, int) or isinstance(length, bool) or not 1 <= length <= _DIGEST:
        raise ExpressionError(f"hash gives between 1 and {_DIGEST} digits, like hash(16)")
    return length


def hash_(text: str, length: int = _DIGEST) -> str:
    """The first digits of a text's SHA-256, in hexadecimal; absent where the text is blank.

    The same text gives the same digits everywhere, so that who guesses the text can tell it: nothing is kept secret.

    >>> hash_("Asha Rao", 16)
    '46944fd8fc731819'
    """
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() if text.strip() else ""
    return digest[: checked_digest(length)]
