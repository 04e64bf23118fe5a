from __future__ import annotations

import sys
from functools import partial

import click

from ingest import settings
from ingest.aisensy import schema
from ingest.cli.mappings import catalog_of, find_mapping, lead_of
from ingest.errors import Finding
from ingest.mapping.suite import run_tests


@click.command()
@click.argument("names", nargs=-1)
def test(names: tuple[str, ...]) -> None:
    """Run the tests that stand in the mappings (all, or those of NAMES); exit 1 where one fails.

    \b
    Example:
      ingest test website
    """
    own = settings.load()
    catalog = catalog_of(own)
    failed = passed = 0
    findings: list[Finding] = []
    for mapping in [find_mapping(name, own) for name in names] or catalog.mappings.values():
        findings += [*mapping.intake_findings, *mapping.translation_findings]
        for result in run_tests(mapping, partial(lead_of, mapping), schema.check):
            passed += result.passed
            failed += not result.passed
            for fault in result.faults:
                click.echo(f"{result.place}: test_failed {result.name}: {fault}")
    for finding in findings:
        click.echo(str(finding))
    click.echo(f"{passed} passed, {failed} failed", err=True)
    sys.exit(1 if failed or findings else 0)


COMMANDS = {"test": test}
