from __future__ import annotations

import pytest

from ingest.mapping.filters.names import title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("o'brien", "O'Brien"),
        ("D’SOUZA", "D’Souza"),
        ("D'souza", "D'Souza"),
        ("o'neill-mccarthy", "O'Neill-McCarthy"),
        ("mcdonald", "McDonald"),
        ("Mcdonald", "McDonald"),
        ("McK", "McK"),
        ("mck", "Mck"),
        ("macarthur", "Macarthur"),
        ("MACHADO", "Machado"),
        ("van der Berg", "van der Berg"),
        ("VAN DER BERG", "Van Der Berg"),
        ("asha das", "Asha Das"),
        ("Asha das", "Asha Das"),
        ("al-Rashid", "al-Rashid"),
        ("AL-RASHID", "Al-Rashid"),
        ("JOHN III", "John III"),
        ("john iii", "John III"),
        ("DR. ASHA", "Dr. Asha"),
        ("K.L. Rahul", "K.L. Rahul"),
        ("k.l. rahul", "K.L. Rahul"),
        ("KL RAHUL", "KL Rahul"),
        ("AR Rahman", "AR Rahman"),
        ("Asha RAO", "Asha Rao"),
        ("MD RAFIQ", "Md Rafiq"),
        ("rao,asha", "Rao,Asha"),
        ("asha (ash) rao", "Asha (Ash) Rao"),
        ("asha राव", "Asha राव"),
        ("आशा", "आशा"),
        ("ßmith", "Ssmith"),
        ("STRAßE", "STRAßE"),
        ("ışık", "Işık"),
        ("İSTANBUL", "İstanbul"),
        ("ΠΑΠΑΣ", "Παπας"),
        ("ǆemal", "ǅemal"),
        ("გიორგი", "გიორგი"),
        ("e\u0301lodie", "E\u0301lodie"),
        ("", ""),
        ("'", "'"),
    ],
)
def test_title_puts_capitals_where_they_belong(text: str, expected: str) -> None:
    """Names of many peoples, as they are written in forms."""
    assert title(text) == expected
