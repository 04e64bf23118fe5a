from __future__ import annotations

import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.cli.printing import print_array, shown
from ingest.cli.store import filters, opened, sandbox_option, wanted
from ingest.delivery.people import name_of, phone_of
from ingest.errors import Refusal
from ingest.inbox import reads

WIDE = 200  # columns, where nobody's window bounds them


@click.command()
@filters
@click.option("--limit", type=click.IntRange(1), help="At most so many; the table shows 50 where not given.")
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, with all leads where no limit is given.")
def leads(limit: int | None, sandbox: bool, as_json: bool, **asked: Any) -> None:
    """List leads, the newest first, with what became of each.

    \b
    Example:
      ingest leads --status held --since 2d
    """
    with opened(sandbox=sandbox) as inbox, inbox.reading() as connection:
        listed = reads.list_leads(connection, wanted(connection, **asked), limit or (None if as_json else 50))
        found = map(_with_person, listed)
        if as_json:
            print_array(found)
        else:
            Console(width=None if sys.stdout.isatty() else WIDE).print(_table(list(found)))


def _with_person(lead: dict[str, Any]) -> dict[str, Any]:
    """A lead with the name and the phone that it came with, where it has not been translated yet."""
    body, fetched = lead.pop("raw", (None, None))
    channel = CHANNELS.get(lead["channel"])
    if body is None or channel is None or (channel.remote and fetched is None):
        return lead
    try:
        read = channel.lead(loads(body), None if fetched is None else loads(fetched))
    except Refusal:  # nothing that we stored ourselves
        return lead
    return {**lead, "name": lead["name"] or name_of(read), "phone": phone_of(read)}


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("lead", "received (UTC)", "endpoint", "name", "phone", "campaign", "status"):
        whole = name in {"lead", "received (UTC)", "phone", "status"}
        table.add_column(name, overflow="ellipsis", no_wrap=True, min_width=None if whole else 5)
    for lead in found:
        for delivery in lead["deliveries"]:
            cells = (
                lead["id"],
                lead["received_at"][5:16].replace("T", " "),
                lead["endpoint"],
                lead["name"],
                lead["phone"],
                delivery["campaign"],
                f"{delivery['status']} ({delivery['reason']})" if delivery["reason"] else delivery["status"],
            )
            table.add_row(*(Text(shown(cell or "")) for cell in cells))  # what people wrote is no markup
    return table


COMMANDS = {"leads": leads}
