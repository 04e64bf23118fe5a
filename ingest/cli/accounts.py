from __future__ import annotations

import click

from ingest.cli.printing import print_json, shown
from ingest.cli.store import known_account, opened, sandbox_option
from ingest.inbox import names
from ingest.inbox.brakes import Pause
from ingest.models import Reason


@click.command()
@click.argument("account", required=False)
@click.option("--note", default="Paused by a person", show_default=True, help="Why; shown with every lead that waits.")
@click.option("--json", "as_json", is_flag=True, help="Print the list of what is paused as JSON.")
@sandbox_option
def pause(account: str | None, note: str, as_json: bool, sandbox: bool) -> None:
    """Send nothing for ACCOUNT until it is resumed; its leads wait. Without ACCOUNT: tell what is paused, and why.

    \b
    Example:
      ingest pause default --note "Template is being changed"
    """
    with opened(sandbox=sandbox) as inbox:
        if account is not None:
            with inbox.reading() as connection:
                known_account(connection, account)
            inbox.pause(Pause(account, Reason.ACCOUNT_PAUSED, note, by_hand=True))
            click.echo(f"{account} is paused: its leads wait until `ingest resume {account}`")
            return
        with inbox.reading() as connection:
            paused = names.paused(connection)
    if as_json:
        print_json(paused)
        return
    for one in paused:
        what = f"campaign {one['campaign']} of {one['account']}" if one["campaign"] else f"account {one['account']}"
        till = f"tried again at {one['until']}" if one["until"] else f"until `ingest resume {one['account']}`"
        click.echo(shown(f"{what}: {one['reason']}: {one['message']} ({till})"))
    if not paused:
        click.echo("Nothing is paused")


@click.command()
@click.argument("account")
@sandbox_option
def resume(account: str, sandbox: bool) -> None:
    """Send for ACCOUNT again, and for all its campaigns.

    \b
    Example:
      ingest resume default
    """
    with opened(sandbox=sandbox) as inbox:
        with inbox.reading() as connection:
            known_account(connection, account)
        had = inbox.resume(account)
        with inbox.reading() as connection:
            left = [one for one in names.paused(connection) if one["account"] == account]
    if left:
        click.echo(shown(f"{account} still waits: {left[0]['message']}"))
        return
    click.echo(f"{account} sends again" if had else f"{account} was not paused; its campaigns are tried again")


COMMANDS = {"pause": pause, "resume": resume}
