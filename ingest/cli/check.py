from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from ingest import settings
from ingest.cli.mappings import catalog_of
from ingest.cli.printing import print_json
from ingest.errors import Finding, Place
from ingest.mapping.lint import lint
from ingest.mapping.records import Catalog
from ingest.settings import Settings


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--sandbox", is_flag=True, help="As `ingest run --sandbox` has it: secrets need not be set.")
def check(form: str, as_json: bool, sandbox: bool) -> None:
    """Tell every finding in the mappings and the settings; exit 1 where there is one.

    \b
    Example:
      ingest check --format github
    """
    form = "json" if as_json else form
    own = settings.load()
    catalog = catalog_of(own)
    findings = [*catalog.findings, *lint(catalog), *(() if sandbox else _unset(catalog, own))]
    findings = sorted(dict.fromkeys(findings), key=lambda one: (one.place.file, one.place.line, one.place.column))
    if form == "json":
        print_json(
            [
                {
                    "file": one.place.file,
                    "line": one.place.line,
                    "column": one.place.column,
                    "code": one.code,
                    "message": one.message,
                    "hint": one.hint,
                }
                for one in findings
            ]
        )
    for one in findings if form != "json" else ():
        if form == "github":
            where = f"file={one.place.file},line={one.place.line},col={one.place.column}"
            click.echo(f"::error {where},title={one.code}::{one.message} {one.hint}".rstrip())
        else:
            click.echo(str(one))
    if form == "text":
        click.echo(f"{len(findings)} finding(s)" if findings else "No findings", err=True)
    sys.exit(1 if findings else 0)


def _unset(catalog: Catalog, own: Settings) -> Iterator[Finding]:
    """Secrets that mappings name and nobody has set."""
    for mapping in catalog.mappings.values():
        for key, names in mapping.intake.auth.items() if mapping.intake else ():
            for name in names:
                if own.secrets.get(name) is None and not own.sandbox:
                    message = f"auth.{key}: {name} is not set"
                    yield Finding(Place(mapping.file), "secret_not_set", message, f"set {name} in the environment")


COMMANDS = {"check": check}
