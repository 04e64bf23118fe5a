from __future__ import annotations

import time
from typing import Any

import pytest

from ingest.mapping.filters.consent import is_bare_yes, yes
from tests.mapping.helpers import value

YES = """yes; Y; TRUE; 1; on; OK; checked; I agree; agree; Yes.; YES!!!; Yes, please call; yes yes; ok,
    call me; Ok yes; I agree to receive WhatsApp messages; Yes! When can I visit?; of course;
    opt-in; ✓ yes; ☑ I agree to be contacted; ✅; 👍🏽; yes 👍; ＹＥＳ; yes :); 'yes'; haan; Haan Ji!;
    haanji; ji haan; ji; bilkul; theek hai; Thik hai; zaroor; haan bhai; manzoor hai; हाँ; हां;
    जी; हाँ जी; जी हाँ; ज़रूर; जरूर; बिल्कुल; ठीक है; मैं सहमत हूँ; हाँ, व्हाट्सएप पर; होय; ஆம்"""
NO = """no; 0; off; false; nahi; nahin; नहीं; नही; जी नहीं; बिल्कुल नहीं; bilkul nahi; haan nahi; ji nahi;
    maybe; yesterday; no thanks; not yes; I do not agree; I don't; I don’t agree; I disagree; yes,
    no; no, yes; yes/no; Y/N; yes?; yes but not now; Yes, but later; yes unless it costs; haan par
    abhi nahi; absolutely not; yes stop; -1; 1.5; 10; 2; on Monday; true love; ha ha; हा हा; ❌; ☐
    yes; 👎; T-shirt; one; mat bhejo; ?; ."""


@pytest.mark.parametrize("text", [*(text.strip() for text in YES.split(";")), True, 1, ["yes", "haan"]])
def test_yes_knows_a_yes(text: Any) -> None:
    """A yes in the words of forms and of people, in English, Hindi and other languages of India."""
    assert value("{{ lead.x | yes }}", {"x": text}) == "true"


@pytest.mark.parametrize("text", [*(text.strip() for text in NO.split(";")), False, ["no"], ["yes", "no"]])
def test_what_is_in_doubt_is_no_yes(text: Any) -> None:
    """A refusal, a doubt, a question and anything else mean no: nobody is messaged who may not have wanted it."""
    assert value("{{ lead.x | yes }}", {"x": text}) == "false"


def test_a_long_answer_takes_no_time() -> None:
    """Nothing that can be posted keeps `yes` busy."""
    began = time.process_time()
    for text in ("ok " + "ji haan " * 120 + "x", "yes" * 20_000, "," * 60_000, "हाँ " * 16_000):
        yes(text)
    assert time.process_time() - began < 0.5


def test_a_yes_with_more_beside_it_is_no_bare_one() -> None:
    """Captured tests keep answers as they were given, and nothing personal that was said with them."""
    assert all(map(is_bare_yes, ("yes", "1", "Yes, I agree!", "haan ji", "हाँ जी", "✓ yes", "👍🏽")))
    assert not any(map(is_bare_yes, ("Yes, Asha Rao", "Yes 98765 43210", "yes call asha@b.co", "no", "yes, no")))
