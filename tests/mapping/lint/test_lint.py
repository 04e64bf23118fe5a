from __future__ import annotations

from pathlib import Path

import pytest

from ingest.channels import KINDS
from ingest.cli.check import known_fields
from ingest.mapping import loader
from ingest.mapping.lint.lint import lint
from tests.mapping.lint.fragments import files_of, findings

ACCOUNTS = "accounts: {default: {campaigns: {c: {params: 1, media: image}, d: {}}, tags: [x], attributes: [city]}}"
GOOD = """channel: facebook
request:
  campaignName: c
  destination: "+919876543210"
  userName: u
  source: s
  templateParams: [p]
  media: {url: https://x.example/a.png, filename: a.png}
  tags: [x, "{{ lead.tag }}"]
  attributes: {city: y}
"""


def _lint(folder: Path, text: str, *others: str) -> list[str]:
    (folder / "_accounts.yaml").write_text(ACCOUNTS)
    for index, each in enumerate((text, *others)):
        (folder / f"m{index}.yaml").write_text(each)
    catalog = loader.load(folder, KINDS)
    assert not catalog.findings
    return [finding.code for finding in lint(catalog, known_fields)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("", ""), []),
        (("campaignName: c", "campaignName: cc"), ["unknown_campaign"]),
        (("campaignName: c", "campaignName: d"), []),
        (("campaignName: c", "campaignName: '{{ lead.x }}'"), []),
        (("[p]", "[p, q]"), ["params_mismatch"]),
        (("  media: {url: https://x.example/a.png, filename: a.png}\n", ""), ["media_missing"]),
        (("tags: [x,", "tags: [z,"), ["unknown_tag"]),
        (("{city: y}", "{town: y}"), ["unknown_attribute"]),
        (("channel: facebook", "channel: facebook\naccount: acme"), ["unknown_account"]),
        (("{city: y}", "{city: y}\nroutes: [{name: a}, {name: b}]"), ["unreachable_route"]),
        (("{city: y}", "{city: y}\nroutes: [{name: a, continue: true}, {name: b}]"), []),
        (("{city: y}", "{city: y}\nroutes: [{name: a, when: lead.x}, {name: b}]"), []),
    ],
)
def test_what_is_not_in_aisensy_is_told(tmp_path: Path, change: tuple[str, str], expected: list[str]) -> None:
    """Campaigns, parameters, media, tags and attributes are checked against `_accounts.yaml`, and routes for order."""
    assert _lint(tmp_path, GOOD.replace(*change)) == expected


def test_two_mappings_that_claim_a_form_are_told(tmp_path: Path) -> None:
    """A form can't go to two mappings of one app."""
    claim = "match: {forms: ['1']}\n"
    assert _lint(tmp_path, GOOD + claim, GOOD + claim) == ["match_conflict"]
    assert _lint(tmp_path, GOOD + claim, GOOD + claim + "auth: {app_secret: OTHER}\n") == []


def test_too_many_routes_that_go_on_are_told_with_what_mends_it(tmp_path: Path) -> None:
    """And not with what mends a list in the place of a text."""
    routes = "".join(f"  - {{when: lead.city == '{number}', continue: true}}\n" for number in range(51))
    (found,) = findings(tmp_path, files_of(f"routes:\n{routes}"))
    assert (found.code, found.hint) == ("bad_value", "take `continue` out of those of which one is enough")
