from __future__ import annotations

import json

import pytest

from ingest.cli.printing import WIDE, as_json, clipped, outlined, shown

STEERING = {
    "escape": "\x1b[2J",
    "one-byte control sequence": "\x9b2J",
    "overwrites its line": "a\rb\x08\x7f",
    "turned round": "\u202egpj.exe",
    "isolated": "\u2066x\u2069",
    "not seen": "a\u200b\ufeff\U000e0041b",
    "another line": "a\n\u2028b",
    "half a character": "\ud800",
}


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
def test_what_a_lead_wrote_can_not_steer_the_terminal(text: str) -> None:
    """Controls, bidirectional overrides and what is not seen are printed as JSON escapes them, in one line."""
    for printed in (shown(text), clipped(text)):
        assert printed.isprintable()
        assert json.loads(f'"{printed}"') == text
    printed = as_json({text: [text]})
    assert all(line.isprintable() for line in printed.split("\n"))
    assert json.loads(printed) == {text: [text]}


@pytest.mark.parametrize("text", ["Asha Rao", "आशा क्\u200dष", "👩\u200d🚀 ₹ 1,00,000", "José “x”", "C:\\new"])
def test_what_people_write_is_printed_as_it_is(text: str) -> None:
    """All scripts, the joiners that they need, and emoji."""
    assert shown(text) == text
    assert json.loads(as_json(text)) == text


def test_what_is_long_is_cut_and_says_so() -> None:
    """Ten megabytes do not flood the terminal, be they one text, one key or many fields."""
    huge = outlined({"a": "x" * 10_000_000, "k" * 100_000: 1, **{f"f{number}": number for number in range(5000)}})
    assert len(huge) < 100 * WIDE
    assert "… (10,000,000 characters)" in huge
    assert "more lines: --json prints all" in huge
    assert clipped("x" * 300) == "x" * WIDE + "… (300 characters)"
