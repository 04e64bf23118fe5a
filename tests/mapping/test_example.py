from __future__ import annotations

from pathlib import Path

import pytest

from ingest.channels import KINDS
from ingest.mapping import example, loader

HEAD = """
channel: json
auth: {token: TOKEN}
tables: {plans: {Gold: g1}}
request:
  campaignName: welcome
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
  attributes:
    asked: "{{ %s }}"
"""


def made_up(folder: Path, expression: str, country: str = "IN") -> str:
    """What is made up for the field `it` where the mapping has this expression."""
    path = folder / "here.yaml"
    path.write_text(HEAD % expression)
    mapping = loader.load_file(path, KINDS, folder)
    assert mapping.translation, mapping.findings
    assert mapping.intake
    found = example.made_up(mapping.translation, mapping.intake, country)
    return next(text for path, text in found.items() if path not in {("lead", "phone"), ("lead", "name")})


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'x' if lead.it == 'gold' else 'y'", "gold"),
        ("'x' if 'vip' in lead.it else 'y'", "vip"),
        ("'x' if lead.it | lower in ['a', 'b'] else 'y'", "a"),
        ("lead.it | lookup(plans)", "gold"),
        ("lead.it | lookup({'Pune': 'West'})", "Pune"),
        ("lead.it | phone", "+919876543210"),
        ("lead.it | email", "asha@example.com"),
        ("lead.it | number", "2500"),
        ("lead.it | date", "2026-11-23T10:30:00Z"),
        ("'x' if lead.it | yes else 'y'", "yes"),
        ("lead.contact | phone", "+919876543210"),
        ("lead.dob | date", "1990-05-17"),
        ("lead.last_name", "Rao"),
        ("lead.company_name", "Acme"),
        ("lead.country_code", "US"),
        ("payload.deal.mobile", "+919876543210"),
        ("lead.it", "Example"),
    ],
)
def test_a_made_up_value_is_of_the_kind_that_the_mapping_takes(tmp_path: Path, expression: str, text: str) -> None:
    """What it is compared with first, then what its filters take, then what its name says."""
    assert made_up(tmp_path, expression, "US") == text
