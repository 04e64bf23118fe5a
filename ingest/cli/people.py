from __future__ import annotations

import sys
from datetime import timedelta

import click
from rich.console import Console
from rich.progress import track

from ingest import settings
from ingest.channels import VENDORS
from ingest.cli.printing import counted
from ingest.cli.store import opened, sandbox_option, whole_number
from ingest.delivery.people import Person
from ingest.inbox import Inbox, forgotten, people
from ingest.log import mask_phone
from ingest.models import iso, utcnow
from ingest.settings import MAX_DAYS


@click.command()
@click.argument("phone")
@click.option("--remove", is_flag=True, help="Message the person again.")
@click.option("--check", "asks", is_flag=True, help="Only tell whether the person has opted out; exit 1 where so.")
@sandbox_option
def optout(phone: str, remove: bool, asks: bool, sandbox: bool) -> None:
    """Message a person no more, from no mapping: every lead of this number is skipped, reason opted_out.

    \b
    Example:
      ingest optout "+91 98765 43210"
    """
    if remove and asks:
        raise click.UsageError("Say --remove or --check, not both.")
    number = whole_number(phone)
    shown = mask_phone(number)
    with opened(sandbox=sandbox) as inbox:
        if asks:
            with inbox.reading() as connection:
                since = people.opted_out_at(connection, inbox.person(number))
            click.echo(f"{shown} has opted out, at {iso(since)}" if since else f"{shown} has not opted out")
            sys.exit(1 if since else 0)
        if remove:
            click.echo(f"{shown} is messaged again" if inbox.opt_in(number) else f"{shown} had not opted out")
        else:
            click.echo(f"{shown} is messaged no more" if inbox.opt_out(number) else f"{shown} had opted out before")


@click.command()
@click.argument("phone")
@click.option("--dry-run", is_flag=True, help="Tell how many leads it would be, and change nothing.")
@sandbox_option
def forget(phone: str, dry_run: bool, sandbox: bool) -> None:
    """Erase a person everywhere: what came, what was made of it, what was answered.

    Counts stay, and identities: the same lead, delivered again, is not stored and not messaged again; nor is any other
    that the person left before. What was not sent yet is discarded. An opt-out stays.

    \b
    Example:
      ingest forget "+91 98765 43210"
    """
    number = whole_number(phone)
    shown = mask_phone(number)
    with opened(sandbox=sandbox) as inbox:
        if dry_run:
            click.echo(f"{_said(len(_leads_of(inbox, number)))} of {shown} would be erased")
            return
        inbox.write(forgotten.forget, inbox.person(number))  # first: what comes in meanwhile is not taken up
        click.echo(f"{_said(inbox.erase(_leads_of(inbox, number), VENDORS))} of {shown} erased")


def _leads_of(inbox: Inbox, number: str) -> list[str]:
    """Every lead that is known by a number, or in which it stands."""
    person = Person(number, settings.load().default_country)
    with inbox.reading() as connection:
        found = dict.fromkeys(people.of_phone(connection, number))
        rows = people.bodies(connection)
        total = people.count(connection)
        watched = track(rows, "Looking", total=total, console=Console(stderr=True), disable=not sys.stderr.isatty())
        found |= {row.id: None for row in watched if person.stands_in(row.body, row.lead, row.phone)}
    return list(found)


@click.command()
@click.option(
    "--days", type=click.IntRange(1, MAX_DAYS), help="Leads older than this; INGEST_RETENTION_DAYS where not given."
)
@click.option("--held", is_flag=True, help="Also those that are held or wait; they are discarded.")
@click.option("--dry-run", is_flag=True, help="Tell how many leads it would be, and change nothing.")
@sandbox_option
def retention(days: int | None, held: bool, dry_run: bool, sandbox: bool) -> None:
    """Take people's data out of old leads, in small batches; workers do it by themselves where the setting is there.

    \b
    Example:
      ingest retention --days 90 --dry-run
    """
    days = days or settings.load().retention_days
    if days is None:
        raise click.UsageError("Say --days, or set INGEST_RETENTION_DAYS.")
    before = utcnow() - timedelta(days=days)
    with opened(sandbox=sandbox) as inbox:
        with inbox.reading() as connection:
            total = len(people.old(connection, before, limit=None, held=held))
            kept = 0 if held else len(people.old(connection, before, limit=None, held=True)) - total
        done, last = 0, ""
        while not dry_run and (batch := inbox.anonymise(before, VENDORS, last, held=held)):
            done, last = done + len(batch), batch[-1]
    click.echo(f"{_said(total)} would be anonymised" if dry_run else f"{_said(done)} anonymised")
    if kept:
        click.echo(f"Not at their end, and kept: {_said(kept)}. Replay or discard them, or say --held", err=True)


def _said(number: int) -> str:
    return counted(number, "lead", "leads")


COMMANDS = {"optout": optout, "forget": forget, "retention": retention}
