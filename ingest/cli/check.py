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
@click.option("--live", "ask", is_flag=True, help="Ask AiSensy about the campaigns, and fetch the media.")
@click.option(
    "--write-accounts", "write", is_flag=True, help="With --live: write what AiSensy tells to _accounts.yaml."
)
def check(form: str, as_json: bool, sandbox: bool, ask: bool, write: bool) -> None:
    """Tell every finding in the mappings and the settings; exit 1 where there is one.

    \b
    Example:
      ingest check --format github
    """
    if write and not ask:
        raise click.UsageError("--write-accounts writes what AiSensy tells: it needs --live.")
    form = "json" if as_json else form
    own = settings.load()
    catalog = catalog_of(own)
    asked = _asked(catalog, own, sandbox=sandbox, write=write) if ask else []
    catalog = catalog_of(own) if write else catalog
    findings = [*catalog.findings, *lint(catalog), *(() if sandbox else _unset(catalog, own)), *asked]
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
    sys.exit(1 if any(one.severity != "notice" for one in findings) else 0)


def _asked(catalog: Catalog, own: Settings, *, sandbox: bool, write: bool) -> list[Finding]:
    """What AiSensy, or the sandbox in its place, says to the mappings."""
    from ingest.cli import live  # noqa: PLC0415 - slow to load, and only --live needs it

    if write and own.mappings == settings.SAMPLES:
        raise click.UsageError("There is no folder mappings/ here to write _accounts.yaml into: make one.")
    if sandbox and not own.sandbox:
        own = own.against(f"http://127.0.0.1:{own.port + 1}")  # where `ingest run --sandbox` has it
    return live.look(catalog, own, write=write)


def _unset(catalog: Catalog, own: Settings) -> Iterator[Finding]:
    """Secrets that mappings name and nobody has set."""
    for mapping in catalog.mappings.values():
        for key, names in mapping.intake.auth.items() if mapping.intake else ():
            for name in names:
                if own.secrets.get(name) is None and not own.sandbox:
                    message = f"auth.{key}: {name} is not set"
                    yield Finding(Place(mapping.file), "secret_not_set", message, f"set {name} in the environment")


COMMANDS = {"check": check}
