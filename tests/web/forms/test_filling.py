from __future__ import annotations

from typing import Any

import pytest

from ingest.web.forms.filling import filled_in


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"type": "phone"}, "+919876543210"),
        ({"type": "phone", "max": 10}, "8123456789"),
        ({"type": "phone", "max": 10, "country": "US"}, "2015550123"),
        ({"type": "choice", "choices": [2, 3]}, "2"),
        ({"type": "email", "max": 8}, "a@b.co"),
        ({"type": "number", "min": 30, "max": 99}, "30"),
        ({"type": "number", "max": -1}, "-1"),
        ({"type": "hidden", "value": "website"}, "website"),
        ({"max": 4}, "Asha"),
        ({"min": 12}, "Asha Raooooo"),
    ],
)
def test_a_field_is_filled_in_so_that_its_own_checks_take_it(rules: dict[str, Any], text: str) -> None:
    """Else whoever copies the command, or maps the sample, is refused."""
    assert filled_in("name", rules, "IN") == text


def test_what_no_text_can_be_is_filled_in_all_the_same() -> None:
    """A field whose checks contradict each other has the usual value."""
    assert filled_in("mail", {"type": "email", "max": 2}, "IN") == "asha@example.com"
