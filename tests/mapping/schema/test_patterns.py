from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

import marshmallow as ma
import pytest

from ingest.mapping.schema import readers
from ingest.mapping.schema.patterns import PATTERNS

GOOD_TEXTS = {
    readers.duration: ["30s", "0.5h", "10 m", " 7d ", "000001w"],
    readers.rate: ["10/minute", "0.5 / day", "20/second"],
    readers.cap: ["3/week", "3.0/month"],
    readers.clock: ["21:00", "9:05", "00:00"],
    readers.moment: ["2026-11-23T10:00:00+05:30", "2026-11-23T10:00Z", "20261123T100000+0530", "2026-11-23 10:00+05"],
    readers.web_address: ["https://acme.example", "HTTP://a.example:80/x?y#z", "https://u:p@a.example/"],
    readers.thanks: ["/", "/thank-you", "https://acme.example/x"],
    readers.origin: [
        "https://acme.example",
        "http://localhost:3000/",
        "https://ACME.example",
        "http://[::1]:80",
        "https://उदाहरण.भारत",
    ],
    readers.variable: ["A", "_a1"],
    readers.header: ["X-Signature", "x-hub-signature-256", "sig"],
    readers.signed: ["{body}", "{timestamp}.{body}", "v0:{timestamp}:{body}", "acme.{body}"],
    readers.name: ["acme", "a-b_1"],
    readers.field_name: ["full_name", "Your name", "form_fields[name]", "शहर"],
    readers.let_name: ["name", "_a", "leads", "शहर", "é1"],
    readers.table_file: ["products.csv", "data/2026/products.csv", "उत्पाद.csv", "my table.csv"],
    readers.page_file: ["_thanks.html", "pages/_form.html"],
    readers.colour: ["#0b6b4f", "#FFFFFF"],
    readers.country: ["IN", "AE"],
    readers.language: ["en", "hi-IN", "zh-Hant-TW"],
    readers.zone: sorted(available_timezones()),
}
BAD_TEXTS = {
    readers.duration: ["", "10", "0s", "0.00h", "m", "10y", "1e3s", "-1s"],
    readers.rate: ["", "0/day", "10", "10/minutes", "often"],
    readers.cap: ["1.5/week", "3/fortnight", "0/day"],
    readers.clock: ["24:00", "9", "9:5", "noon"],
    readers.moment: ["2026-11-23", "2026-11-23T10:00:00", "soon", ""],
    readers.web_address: ["acme.example", "ftp://a.example", "https://", "https://:80"],
    readers.thanks: ["thank-you", "//evil.example", "/a b", "javascript:x"],
    readers.origin: [
        *("https://acme.example/x", "https://a.example?x=1", "https://u@a.example", "acme.example"),
        *("*", "https://*.acme.example", "https://acme example"),
    ],
    readers.variable: ["", "1A", "no name", "s3cret-value!", "A" * 129],
    readers.header: ["", "X Signature", "X-Signature:", "Ünder"],
    readers.signed: ["", "body", "{time}.{body}", "{body}.{timestamp}", "{timestamp}", "{body}{body}"],
    readers.name: ["", "no name", "a/b"],
    readers.field_name: ["", "_subject", "_"],
    readers.let_name: ["", "1a", "a b", "a-b", "__a", "lead", "Lead", "TRUE", "in"],
    readers.table_file: ["", "products", "../a.csv", "/a.csv", "a/../b.csv", "./a.csv", "a\\b.csv", ".csv", "a.csv/b"],
    readers.page_file: ["", "thanks", "../_a.html", "/_a.html", "a\\_b.html", "a.htm"],
    readers.colour: ["", "green", "#fff", "0b6b4f", "#0b6b4f80"],
    readers.country: ["", "in", "India", "IND"],
    readers.language: ["", "e", "en_IN", "English language"],
    readers.zone: ["", "Asia Kolkata", "5", "+05:30"],
}


@pytest.mark.parametrize("reader", PATTERNS, ids=lambda reader: reader.__name__)
def test_a_pattern_takes_what_its_reader_takes(reader: Any) -> None:
    """Durations, rates, clocks, addresses and names are marked in the editor where the program refuses them."""
    pattern = re.compile(PATTERNS[reader])
    for text in GOOD_TEXTS[reader]:
        reader(text)
        assert pattern.search(text), text
    for text in BAD_TEXTS[reader]:
        with pytest.raises(ma.ValidationError):
            reader(text)
        assert not pattern.search(text), text
