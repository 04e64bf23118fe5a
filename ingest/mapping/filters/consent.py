from __future__ import annotations

import re
import unicodedata
from typing import Any

from ingest.mapping.expressions.native import to_text

_LONGEST = 1000  # characters: more is an essay, and no answer
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]")  # of hands, and how emoji are drawn
_CLAUSE = re.compile(r"[,;.!|/]+(?=\s|$)|[\n।]|\s[-–—]\s")
_WORD = re.compile(r"[✓✔☑✅👍✗✘❌☒☐👎?]|[^\s.,;:!?|/()\[\]{}\"“”‘*_~<>=+–—✓✔☑✅👍✗✘❌☒☐👎।-]+")


def _plain(text: str) -> str:
    """Text in small letters, in which spellings that mean the same are the same: without nukta and chandrabindu."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", _SKIN.sub("", text).casefold())
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf" and c != "\u093c")
    return unicodedata.normalize("NFC", seen.replace("\u0901", "\u0902").replace("’", "'"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip("'") for word in _WORD.findall(text))


def _phrases(table: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_words(phrase) for phrase in _plain(table).split(";"))


_ALONE = frozenset("y t 1 on true checked selected ya ha हा".split())
"""A yes only where nothing else is said."""
_SPOKEN = _phrases(
    """ok; okay; okey; ji; i do; i am in; han; haa; sahi hai; theek; thik; theek hai; thik hai; theek h;
    teek hai; manzoor; manzoor hai; manzur; manzur hai; manjoor; manjur; accept; accepted; agree;
    agreed; consent; subscribe; subscribed; opt in; opted in; allow; allowed; जी; हो; होय; ठीक; ठीक है;
    सही है; मंजूर; मंजूर है; स्वीकार; स्वीकार है; સારું; சரி; جی; 👍; ✅; ✓; ✔; ☑"""
)
"""A yes where nothing but such words is in the clause: `ok, call me`."""
_FIRM = _phrases(
    """yes; yess; yeah; yep; yup; yea; aye; sure; certainly; absolutely; definitely; of course; i agree; i
    accept; i consent; we agree; haan; haanji; hanji; ha ji; han ji; haa ji; ji haan; ji han; ji ha;
    bilkul; zaroor; zarur; jaroor; jarur; avashya; sehmat; sahmat; main sehmat hoon; main sahmat hoon;
    avunu; aamaam; haudu; howdu; athe; हां; हांजी; हा जी; जी हां; जी हा; बिल्कुल; बिलकुल; जरूर; जरुर;
    अवश्य; सहमत; मैं सहमत हूं; હા; ਹਾਂ; হ্যাঁ; হাঁ; ஆம்; ஆமாம்; అవును; ಹೌದು; അതെ; ହଁ; ہاں; ✅; ✓; ✔; ☑"""
)
"""A yes whatever follows, but what refuses or doubts."""
_REFUSAL = frozenset(
    _plain(
        """no nope nah n not never none nothing dont cannot cant wont stop unsubscribe refuse decline disagree
        neither nor without but unless if maybe perhaps except nahi nahin nhi nai mat nako shayad lekin
        magar agar parantu illa illai vendam kadu vaddu beda venda नहीं नही नहि न मत नको लेकिन मगर अगर शायद
        परंतु ના નથી ਨਹੀਂ না নয় இல்லை வேண்டாம் కాదు వద్దు ಇಲ್ಲ ಬೇಡ ഇല്ല വേണ്ട ନାହିଁ نہیں مت ✗ ✘ ❌ ☒ ☐ 👎"""
    ).split()
)
_LENGTHS = sorted({len(phrase) for phrase in _SPOKEN | _FIRM})
_AS_IT_STANDS = _ALONE | {" ".join(phrase) for phrase in _SPOKEN | _FIRM}  # most answers are of these
_SAID = frozenset(word for phrase in _SPOKEN | _FIRM for word in phrase)


def yes(value: Any) -> bool:
    """Whether an answer means yes; of several answers, whether all of them do. What is in doubt is no.

    >>> yes("Haan ji"), yes("1"), yes("Yes, I agree"), yes("बिल्कुल!")
    (True, True, True, True)
    >>> yes("no"), yes("yes, no"), yes("Yes, but not now"), yes("maybe")
    (False, False, False, False)
    """
    if isinstance(value, list | tuple):
        return bool(value) and all(yes(item) for item in value)
    text = to_text(value)
    if text.lower() in _AS_IT_STANDS:
        return True
    if len(text) > _LONGEST:
        return False
    answer = _plain(text)
    if answer.strip(" \t\r\n.!,;'\"") in _ALONE:
        return True
    clauses = [found for clause in _CLAUSE.split(answer) if (found := _words(clause))]
    if not clauses or any(word in _REFUSAL or word.endswith("n't") for clause in clauses for word in clause):
        return False
    first = clauses[0]
    begins = {first[:length] for length in _LENGTHS}
    return "?" not in first and bool(begins & _FIRM or (begins & _SPOKEN and _SAID.issuperset(first)))


def is_bare_yes(text: str) -> bool:
    """Whether a text says yes and nothing beside it, like a name or a number.

    >>> is_bare_yes("Yes, I agree!"), is_bare_yes("Yes, Asha Rao")
    (True, False)
    """
    return yes(text) and (_SAID | _ALONE).issuperset(_words(_plain(text)))
