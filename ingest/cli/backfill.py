from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from ingest import settings
from ingest.channels.base import Notice
from ingest.channels.graph import Graph
from ingest.cli.foretelling import foretold
from ingest.cli.mappings import catalog_of
from ingest.cli.printing import counted, print_json, shown
from ingest.cli.store import moment_of, opened, sandbox_option
from ingest.errors import GraphError
from ingest.inbox import Inbox
from ingest.intake.endpoints import Intakes
from ingest.intake.entrance import Entrance
from ingest.mapping.records import Catalog
from ingest.models import Reason, Via
from ingest.recovery.forms import Form, FormBook, Known
from ingest.recovery.recovery import Recovery
from ingest.settings import Settings

Row = dict[str, Any]
"""What a form came to: its ids and name, `meta`, `known` and `new` leads, and what becomes of the new ones."""


@click.group()
def backfill() -> None:
    """Take in leads that a source has and that never came here.

    \b
    Example:
      ingest backfill facebook --since 7d
    """


@backfill.command()
@click.option("--page", help="Forms of this page only (its id).")
@click.option("--form", "form_id", help="This form only (its id).")
@click.option("--since", default="2d", show_default=True, help="Leads that were made since then: 2d, 12h, 2026-11-24.")
@click.option("--dry-run", "dry", is_flag=True, help="Tell what would come, and store nothing.")
@click.option("--send-old", is_flag=True, help="Message leads too that are older than the mapping's max_age (24h).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@sandbox_option
def facebook(
    page: str | None, form_id: str | None, since: str, *, dry: bool, send_old: bool, as_json: bool, sandbox: bool
) -> None:
    """Ask Facebook for the leads of its forms, and take in those that are missing.

    Leads that are here already are passed over, so that it can be run again, and after an interruption. Facebook keeps
    leads for 90 days. Exit 1 where a form or a page could not be read.

    \b
    Example:
      ingest backfill facebook --since 7d --dry-run
    """
    own = settings.load()
    if sandbox and not own.sandbox:
        own = own.against(f"http://127.0.0.1:{own.port + 1}")  # where `ingest run --sandbox` has it
    waived = (Reason.TOO_OLD,) if send_old else ()
    with opened(sandbox=sandbox) as inbox:
        job = _job(own, inbox, moment_of(since, "--since"), waived, dry=dry)
        known = job.book.find(page, form_id)
        if not known.forms and not known.faults:
            raise click.UsageError("There is no form to ask for: does a mapping with `channel: facebook` claim it?")
        rows = list(_progress(job, known))
    told = {"dry_run": dry, "since": job.since.isoformat(), "forms": rows, "faults": known.faults}
    if as_json:
        print_json(told)
    else:
        _tell(told)
    raise SystemExit(1 if known.faults else 0)


@dataclass(frozen=True)
class _Job:
    """What is to be done with each form."""

    book: FormBook
    recovery: Recovery
    catalog: Catalog
    country: str  # of phones that name none
    since: datetime
    waived: tuple[Reason, ...]
    dry: bool

    def of(self, form: Form) -> Iterator[Row]:
        """The form's row so far, again and again. Raises GraphError."""
        row = _nothing(form)
        if not self.dry:
            for tally in self.recovery.take(form, self.since, Via.BACKFILL, self.waived):
                yield row | {"meta": tally.meta, "known": tally.known, "new": tally.new}
            return
        would: Counter[str] = Counter()
        for notice, new in self.recovery.compare(form, self.since):
            row["meta"] += 1
            row["new" if new else "known"] += 1
            would.update(self._would(form, notice) if new else ())
            yield row | {"would_be": dict(would)}

    def _would(self, form: Form, notice: Notice) -> Iterable[str]:
        """What would become of a lead: `sent`, or `held too_old`, for each of its messages."""
        entrance = self.recovery.entrance
        events = entrance.events(form.called, [notice], Via.BACKFILL, self.waived)
        told = foretold(events, self.catalog, entrance.inbox, self.country)
        return [f"{kind} {reason}".strip() for kind, reason in told]


def _job(own: Settings, inbox: Inbox, since: datetime, waived: tuple[Reason, ...], *, dry: bool) -> _Job:
    catalog = catalog_of(own)
    intakes = Intakes(lambda: catalog, inbox, own.secrets)
    book = FormBook(intakes, inbox, Graph(own.graph_url), own.secrets)
    return _Job(book, Recovery(Entrance(intakes, inbox)), catalog, own.default_country, since, waived, dry)


def _progress(job: _Job, known: Known) -> Iterator[Row]:
    """Each form's row, with a line on the terminal that tells how far it is."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        for number, form in enumerate(known.forms, 1):
            row = _nothing(form)
            try:
                for row in job.of(form):
                    said = f"form {number} of {len(known.forms)}: {row['meta']:,} leads, {row['new']:,} of them new"
                    progress.update(task, description=said)
            except GraphError as error:
                known.faults[f"form {form.id}"] = error.message
            yield row


def _nothing(form: Form) -> Row:
    ids = {"form_id": form.id, "form_name": form.name, "page_id": form.page_id}
    return {**ids, "meta": 0, "known": 0, "new": 0}


def _tell(told: dict[str, Any]) -> None:
    for row in told["forms"]:
        name = f" ({shown(row['form_name'])})" if row["form_name"] else ""
        would = ", ".join(f"{count} {what}" for what, count in sorted(row.get("would_be", {}).items()))
        new = f"{row['new']} {'would be new' if told['dry_run'] else 'new'}" + (f": {would}" if would else "")
        click.echo(f"form {row['form_id']}{name}: Meta {row['meta']} · here {row['known']} · {new}")
    for subject, why in told["faults"].items():
        click.echo(f"{subject}: {shown(why)}", err=True)
    new = sum(row["new"] for row in told["forms"])
    end = "nothing is stored" if told["dry_run"] else "`ingest leads` lists them"
    verb = "would be" if told["dry_run"] else "is" if new == 1 else "are"
    click.echo(f"{counted(new, 'lead', 'leads')} {verb} new; {end}.")


COMMANDS = {"backfill": backfill}
