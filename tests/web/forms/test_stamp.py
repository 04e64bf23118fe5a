from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from ingest.web.forms import stamp

KEY = b"a key"


def test_a_stamp_tells_how_old_it_is() -> None:
    """In seconds; what comes from the future is of now."""
    now = time.time()
    assert 59.5 < (stamp.age({"_started": stamp.make(KEY, now - 60)}, KEY) or 0) < 62
    assert stamp.age({"_started": stamp.make(KEY, now + 60)}, KEY) == 0


def test_nobody_makes_one_up() -> None:
    """Another key's, a changed one, and none at all say nothing."""
    told = stamp.make(KEY)
    assert stamp.age({"_started": stamp.make(b"another")}, KEY) is None
    assert stamp.age({"_started": "1" + told}, KEY) is None
    for payload in ({}, None, [], {"_started": None}, {"_started": [told]}, {"_started": "9" * 20 + told}):
        assert stamp.age(payload, KEY) is None


@given(st.text() | st.integers() | st.none())
def test_any_text_in_its_place_is_read_or_not(text: object) -> None:
    """And never an error."""
    assert stamp.age({"_started": text}, KEY) is None
