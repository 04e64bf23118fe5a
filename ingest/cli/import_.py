from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from ingest import settings
from ingest.channels.graph import export
from ingest.cli import nearest
from ingest.cli.foretelling import SENT
from ingest.cli.importing import Importer, Report, is_facebooks, takes
from ingest.cli.mappings import catalog_of, tell_of_samples
from ingest.cli.printing import print_json, shown
from ingest.cli.store import opened, sandbox_option
from ingest.errors import Refusal, SheetError
from ingest.intake.endpoints import Endpoint, Intakes
from ingest.intake.entrance import Entrance
from ingest.intake.sheet import Sheet
from ingest.models import Reason
from ingest.settings import Secrets

SHOWN = 20
"""Refused rows that people are shown; --json has more."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=_FILE, metavar="FILE.csv")
@click.option("--mapping", metavar="NAME", help="The endpoint whose leads they are; needed where several could be.")
@click.option("--dry-run", is_flag=True, help="Tell what would become of each row, and store nothing.")
@click.option("--send-old", is_flag=True, help="Message people also where max_age (24h, if not set) is over.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@sandbox_option
def import_(file: Path, mapping: str | None, *, dry_run: bool, send_old: bool, as_json: bool, sandbox: bool) -> None:
    """Take the leads of a CSV file, each row once: one of Facebook's exports, or any with names of columns.

    What came before, by webhook or in a file, is a duplicate: a file may be imported again, also where its import was
    interrupted. Leads older than max_age are held.

    \b
    Example:
      ingest import leads.csv --dry-run
      ingest import visitors.csv --mapping website
    """
    own = settings.load()
    tell_of_samples(own)
    sheet = _sheet(file)
    catalog = catalog_of(own)
    with opened(sandbox=sandbox) as inbox:
        # Nothing is proved here: secrets only tell which mappings share a source, and do so where nobody has set them.
        intakes = Intakes(lambda: catalog, inbox, Secrets(sandbox=True))
        called = _called(intakes, sheet, mapping)
        importer = Importer(Entrance(intakes, inbox), catalog, called, own.default_country, dry_run, send_old)
        try:
            _watched(importer, sheet)
        except KeyboardInterrupt:
            click.echo("Interrupted. What is told below is done: run the command again to go on.", err=True)
    report = importer.report
    if as_json:
        print_json({"file": str(file), "mapping": called.name, "dry_run": dry_run, **_view(report)})
    else:
        _tell(file.name, report, dry_run=dry_run)
    sys.exit(0 if report.finished and not report.refused else 1)


def _sheet(file: Path) -> Sheet:
    try:
        return Sheet(file)
    except SheetError as error:
        raise click.UsageError(f"{file}: {error}") from None


def _called(intakes: Intakes, sheet: Sheet, asked: str | None) -> Endpoint:
    """The endpoint that takes a file's rows; those of Facebook then go to the one that claims them."""
    every = intakes.all()
    if asked is not None:
        try:
            endpoint = intakes.find(asked)
        except Refusal as refusal:
            names = [one.name for one in every]
            hint = nearest(asked, names) if refusal.status == 404 else f" {refusal.hint}"
            raise click.UsageError(f"--mapping {asked}: {refusal.message}{hint}") from None
        if takes(endpoint, sheet.columns):
            return endpoint
        raise click.UsageError(_why_not(endpoint))
    exported = export.is_export(sheet.columns)
    able = [one for one in every if is_facebooks(one) is exported and takes(one, sheet.columns)]
    if exported and len(able) > 1:
        able = [one for one in able if not one.intake.forms and not one.intake.pages] or able
    if len(able) == 1:
        return able[0]
    which = f" There are: {', '.join(one.name for one in able)}." if able else ""
    raise click.UsageError(f"{'Several mappings' if able else 'No mapping'} can take this file: say --mapping.{which}")


def _why_not(endpoint: Endpoint) -> str:
    if is_facebooks(endpoint):
        return "This is none of Facebook's exports: they have columns id, created_time, form_id and platform."
    return f"{endpoint.name} can't take it: what {endpoint.channel.name} posts has more in it than columns."


def _watched(importer: Importer, sheet: Sheet) -> None:
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("Importing", total=sheet.size)
        for _ in importer.take(sheet):
            progress.update(task, completed=sheet.position)


def _view(report: Report) -> dict[str, Any]:
    messages: dict[str, Any] = {"to_be_sent": report.messages[SENT], "held": {}, "skipped": {}}
    for (kind, reason), number in sorted(report.messages.items()):
        if reason:
            messages[kind][reason] = number
    return {
        "finished": report.finished,
        "rows": report.rows,
        "taken": report.taken.total(),
        "duplicates": report.duplicates,
        "refused": report.refused,
        "too_old": report.messages["held", Reason.TOO_OLD],
        "endpoints": dict(sorted(report.taken.items())),
        "messages": messages,
        "refusals": [{"line": one.line, "code": one.code, "message": one.message} for one in report.refusals],
    }


def _tell(name: str, report: Report, *, dry_run: bool) -> None:
    for one in report.refusals[:SHOWN]:
        click.echo(shown(f"{name}:{one.line}: {one.code} {one.message}"))
    if report.refused > SHOWN:
        click.echo(f"… and {report.refused - SHOWN:,} more that are refused")
    would = "would be " if dry_run else ""
    taken = f"{report.taken.total():,} {would}taken"
    if report.taken:
        taken += f" ({', '.join(f'{endpoint} {number:,}' for endpoint, number in sorted(report.taken.items()))})"
    rows, duplicates = _said(report.rows, "row"), _said(report.duplicates, "duplicate")
    click.echo(f"{rows}: {taken}, {duplicates}, {report.refused:,} refused")
    for (kind, reason), number in report.messages.most_common():
        sent = f"{'would be' if dry_run else 'to be'} sent"
        click.echo(f"  {number:,} {f'{kind}, {reason}' if reason else sent}")
    if report.messages["held", Reason.TOO_OLD]:
        mend = "--send-old sends them" if dry_run else "`ingest replay --reason too_old` sends them"
        click.echo(f"What is too old is held for a person to look at: {mend}.", err=True)


def _said(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


COMMANDS = {"import": import_}
