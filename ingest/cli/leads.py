from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.cli.printing import print_array
from ingest.cli.store import filters, opened, sandbox_option, wanted
from ingest.inbox import reads
from ingest.values import clean


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
        found = reads.list_leads(connection, wanted(connection, **asked), limit or (None if as_json else 50))
        if as_json:
            print_array(found)
        else:
            Console().print(_table(list(found)))


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("lead", "received (UTC)", "endpoint", "name", "phone", "campaign", "status"):
        table.add_column(name, overflow="fold", no_wrap=name in {"lead", "received (UTC)", "phone"})
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
            table.add_row(*(Text(clean(cell or "")) for cell in cells))  # what people wrote is no markup
    return table


COMMANDS = {"leads": leads}
