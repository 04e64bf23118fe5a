"""The mappings that come with the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.aisensy.schema import check
from ingest.channels import KINDS
from ingest.cli.check import known_fields
from ingest.cli.posting import Poster, limits
from ingest.mapping import loader
from ingest.mapping.lint.lint import lint
from ingest.mapping.suite.coverage import measure
from ingest.mapping.suite.suite import run_tests

FOLDER = Path(__file__).parents[2] / "mappings"
CATALOG = loader.load(FOLDER, KINDS)


def test_they_have_no_findings() -> None:
    """Each channel has its example, and nothing is wrong with any."""
    names = "elementor facebook google_ads json shopify typeform webflow website zapier"
    assert set(CATALOG.mappings) == set(names.split())
    assert not CATALOG.findings
    assert not lint(CATALOG, known_fields)


@pytest.mark.parametrize("endpoint", sorted(CATALOG.mappings))
def test_their_own_tests_pass(endpoint: str) -> None:
    """What a shipped mapping says of itself is true and nothing of it is untested; AiSensy would take what it makes."""
    mapping = CATALOG.mappings[endpoint]
    assert mapping.intake is not None
    poster = Poster(mapping.intake, "IN")
    results = run_tests(mapping, poster.post, check, fill=poster.fill, limits=limits)
    assert len(results) >= 3
    assert [result for result in results if not result.passed] == []
    covered = measure(mapping.file, "IN", [lead for result in results for lead in result.leads])
    assert covered is not None
    assert covered.missing == []
