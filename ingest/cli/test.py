from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ingest import settings
from ingest.cli.findings import in_order
from ingest.cli.junit import write_junit
from ingest.cli.mappings import catalog_of, find_mapping, tell_of_samples
from ingest.cli.posting import own_tests
from ingest.cli.printing import print_json
from ingest.cli.tested import Tested, faults_of, table, view
from ingest.errors import Finding
from ingest.mapping.records import Mapping
from ingest.mapping.suite.coverage import measure
from ingest.mapping.suite.differences import Fault
from ingest.mapping.suite.suite import Result
from ingest.settings import Settings

_COLOURS = {"-": "red", "+": "green"}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Also write the results as JUnit XML.")
@click.option("--cover", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit 1 where less is covered.")
@click.option("--json", "as_json", is_flag=True, help="Print results and coverage as JSON.")
def test(names: tuple[str, ...], junit: Path | None, cover: float | None, as_json: bool) -> None:
    """Run the tests that stand in the mappings (all, or those of NAMES), and tell what they cover.

    Exits 1 where a test fails, where a mapping has findings, or where one is covered less than --cover says.

    \b
    Example:
      ingest test website --cover 90
    """
    own = settings.load()
    tell_of_samples(own)
    mappings, findings = _asked(names, own)
    tested = [_run(mapping, own) for mapping in mappings]
    if junit:
        _save(junit, tested)
    failed = sum(len(one.failed) for one in tested)
    short = [one for one in tested if cover is not None and one.coverage and one.coverage.percent < cover]
    if as_json:
        print_json(view(tested, findings))
    else:
        _print(tested, findings)
        click.echo(f"{sum(len(one.results) for one in tested) - failed} passed, {failed} failed", err=True)
    for one in short:
        click.echo(f"{one.mapping.endpoint} is covered by {one.percent} %, less than {cover:g} %", err=True)
    sys.exit(1 if failed or findings or short else 0)


def _asked(names: tuple[str, ...], own: Settings) -> tuple[list[Mapping], list[Finding]]:
    """The mappings to test, each once; and what is wrong with them, or with tests that so can't be run."""
    if names:
        mappings = list({mapping.file: mapping for mapping in (find_mapping(name, own) for name in names)}.values())
        findings = [finding for mapping in mappings for finding in mapping.findings]
    else:
        catalog = catalog_of(own)
        mappings, findings = list(catalog.mappings.values()), catalog.findings
    return mappings, in_order([*findings, *(finding for mapping in mappings for finding in faults_of(mapping))])


def _run(mapping: Mapping, own: Settings) -> Tested:
    if mapping.intake is None or mapping.translation is None:
        return Tested(mapping)
    results = own_tests(mapping, own.default_country)
    leads = [lead for result in results for lead in result.leads]
    return Tested(mapping, results, measure(mapping.file, own.default_country, leads))


def _save(path: Path, tested: list[Tested]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_junit(path, tested)
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}.") from None


def _print(tested: list[Tested], findings: list[Finding]) -> None:
    for one in tested:
        for result in one.failed:
            for fault in result.faults:
                _tell(result, fault)
    for finding in findings:
        click.echo(str(finding))
    for line in table(tested):
        click.echo(line)
    for one in tested:
        for missing in one.missing:
            click.echo(f"{missing.place}: not_covered {missing.message}")


def _tell(result: Result, fault: Fault) -> None:
    plain = False if os.environ.get("NO_COLOR") else None  # None: colours where a terminal is
    head = click.style(f"{fault.place}: test_failed {result.name}", bold=True)
    click.echo(f"{head}: {fault.message}", color=plain)
    for line in fault.lines:
        click.echo(f"  {click.style(line, fg=_COLOURS.get(line[:1]))}", color=plain)


COMMANDS = {"test": test}
