from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest import settings
from ingest.cli.mappings import catalog_of, tell_of_samples
from ingest.cli.printing import counted, print_array, shown
from ingest.cli.run import SANDBOX_STORE
from ingest.cli.store import sandbox_option
from ingest.health.records import AISENSY, FACEBOOK, MAPPINGS, STORE, Check, Health, warned
from ingest.inbox import Inbox
from ingest.settings import Settings

WIDE = 160  # columns, where nobody's window bounds them
_NAMES = ("area", "code", "subject", "verdict", "message", "mend")
_TITLES = {MAPPINGS: "Mappings", FACEBOOK: "Facebook", AISENSY: "AiSensy", STORE: "Store"}
_SHOWN = {Health.OK: ("OK", "green"), Health.WARNING: ("warning", "yellow"), Health.FAULT: ("fault", "bold red")}


@click.command()
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def doctor(*, sandbox: bool, as_json: bool) -> None:
    """Look whether everything works that leads need: tokens, app, pages, forms, accounts, campaigns, the store.

    Nothing is sent or changed. Exit 1 where there is a fault; warnings are no faults.

    \b
    Example:
      ingest doctor
    """
    own = sandboxed(settings.load(), sandbox=sandbox)
    tell_of_samples(own)
    from ingest.health.doctor import examine  # noqa: PLC0415 - slow to load

    with _store(own) as (inbox, checks):
        found = [*examine(own, catalog_of(own), inbox), *checks]
    if as_json:
        print_array({name: getattr(one, name) for name in _NAMES} for one in found)
    else:
        _tell(found)
    sys.exit(1 if any(one.verdict is Health.FAULT for one in found) else 0)


def sandboxed(own: Settings, *, sandbox: bool) -> Settings:
    """The settings, or those of `ingest run --sandbox`."""
    if not sandbox:
        return own
    own = own if own.sandbox else own.against(f"http://127.0.0.1:{own.port + 1}")
    return replace(own, database_url=SANDBOX_STORE)


@contextmanager
def _store(own: Settings) -> Iterator[tuple[Inbox | None, list[Check]]]:
    """The store where there is one: looking must not make it."""
    path = own.sqlite_path
    if path and not path.exists():
        mend = "`ingest run` makes it; see DATABASE_URL where it should be there."
        yield None, [warned(STORE, "no_store", "store", f"There is none yet at {path}.", mend)]
        return
    inbox = Inbox(own.database_url, patient=True)
    try:
        yield inbox, []
    finally:
        inbox.close()


def _tell(found: Sequence[Check]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    for area, title in _TITLES.items():
        mine = [one for one in found if one.area == area]
        if mine:
            console.print(Text(title, style="bold"))
            console.print(_table(mine))
    counts = [sum(one.verdict is verdict for one in found) for verdict in (Health.FAULT, Health.WARNING)]
    faults, warnings = counted(counts[0], "fault", "faults"), counted(counts[1], "warning", "warnings")
    click.echo(f"{faults}, {warnings}" if any(counts) else "All is well", err=True)


def _table(mine: Sequence[Check]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=40)
    table.add_column(overflow="fold")
    for one in mine:
        word, style = _SHOWN[one.verdict]
        told = Text(shown(one.message))  # what others wrote is no markup
        if one.mend:
            told.append(f"\n→ {shown(one.mend)}", style="cyan")
        table.add_row(Text(f"  {word}", style=style), Text(shown(one.subject)), told)
    return table


COMMANDS = {"doctor": doctor}
