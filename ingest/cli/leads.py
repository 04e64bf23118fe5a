from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ingest import settings
from ingest.cli import nearest
from ingest.cli.printing import print_array, print_json
from ingest.cli.run import SANDBOX_STORE
from ingest.inbox import Inbox, reads
from ingest.models import Reason, Status

ADVICE = {
    Reason.RETRY: "It is tried again by itself.",
    Reason.NO_KEY: "Set the account's key; its leads then go out by themselves.",
    Reason.ACCOUNT_PAUSED: "Mend the account in AiSensy (key, credits, plan); a probe finds out by itself.",
    Reason.QUIET_HOURS: "It goes out when the quiet hours end.",
    Reason.LEAD_UNAVAILABLE: "Meta does not give the lead: check the access token and its permissions.",
    Reason.NO_ROUTE: "No route of the mapping holds for it: add one, and it goes out by itself.",
    Reason.MISSING_VALUE: "A field that AiSensy needs is absent: give it a `default` in the mapping.",
    Reason.PHONE_INVALID: "There is no number that can be called: the lead's phone, or the country, is wrong.",
    Reason.PHONE_AMBIGUOUS: "There are two different numbers in the field: choose one in the mapping.",
    Reason.EXPRESSION_FAILED: "Mend the expression in the mapping; it then goes out by itself.",
    Reason.REQUEST_INVALID: "Mend the request in the mapping; it then goes out by itself.",
    Reason.MAPPING_BROKEN: "Mend the mapping (`ingest check` tells where); it then goes out by itself.",
    Reason.CAMPAIGN_REJECTED: "Compare the mapping's campaign, parameters and media with AiSensy's; mend and save it.",
    Reason.AMBIGUOUS: "Nobody knows whether AiSensy sent it: look there before you send it again.",
    Reason.SUSPECTED_SPAM: "It looks like spam; a person can release it.",
    Reason.TOO_OLD: "It is older than the mapping's max_age.",
    Reason.LEAD_GONE: "Meta says that the lead is gone, or hides it: check the token's access to it.",
    Reason.NUMBER_REJECTED: "AiSensy refuses the number for good.",
    Reason.RETRIES_EXHAUSTED: "AiSensy could not be reached for a day.",
    Reason.TEST_LEAD: "Meta's test leads are never sent.",
    Reason.NO_CONSENT: "The person did not consent.",
    Reason.OPTED_OUT: "The person asked for no messages.",
    Reason.DUPLICATE: "The same message was sent a short while ago.",
    Reason.CAP_REACHED: "The person has had enough messages.",
    Reason.DISCARDED: "A person discarded it.",
}
"""What to do about each reason, in plain words."""

UNDER_WAY = {
    Status.PENDING: "A worker takes it up as soon as one is free.",
    Status.WAITING: "It goes out by itself.",
    Status.SENDING: "It is on its way to AiSensy.",
    Status.SENT: "AiSensy took it.",
}
"""What there is to say of deliveries without a reason."""


def open_inbox(*, sandbox: bool) -> Inbox:
    """The store that the command line asks for: the sandbox's where told, or where there is no other."""
    own = settings.load()
    default = settings.Settings.database_url
    if not sandbox and own.database_url == default and own.sqlite_path and not own.sqlite_path.exists():
        sandbox = Path(SANDBOX_STORE.removeprefix("sqlite:///")).exists()
        if sandbox:
            click.echo("This is the sandbox's store, data/sandbox.db: there is no other yet.", err=True)
    if sandbox:
        own = replace(own, database_url=SANDBOX_STORE)
    return Inbox(own.database_url)


@click.command()
@click.option("--status", type=click.Choice([one.value for one in Status]), help="Only deliveries that stand so.")
@click.option("--reason", type=click.Choice([one.value for one in Reason]), help="Only deliveries with this reason.")
@click.option("--endpoint", help="Only leads of this endpoint.")
@click.option("--channel", help="Only leads of this channel.")
@click.option("--campaign", help="Only deliveries of this campaign.")
@click.option("--phone", help="Only leads of this number, like +919876543210.")
@click.option("--limit", type=click.IntRange(1), help="At most so many; the table shows 50 where not given.")
@click.option("--sandbox", is_flag=True, help="Look into the sandbox's store.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, with all leads where no limit is given.")
def leads(limit: int | None, sandbox: bool, as_json: bool, **wanted: Any) -> None:
    """List leads, the newest first, with what became of each.

    \b
    Example:
      ingest leads --status held --json
    """
    inbox = open_inbox(sandbox=sandbox)
    with inbox.reading() as connection:
        found = reads.list_leads(connection, reads.Filter(**wanted), limit or (None if as_json else 50))
        if as_json:
            print_array(found)
        else:
            Console().print(_table(list(found)))
    inbox.close()


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("lead", "received (UTC)", "endpoint", "name", "phone", "campaign", "status"):
        table.add_column(name, overflow="fold", no_wrap=name in {"lead", "received (UTC)", "phone"})
    for lead in found:
        for delivery in lead["deliveries"]:
            table.add_row(
                lead["id"],
                lead["received_at"][5:16].replace("T", " "),
                lead["endpoint"],
                lead["name"],
                lead["phone"],
                delivery["campaign"],
                f"{delivery['status']} ({delivery['reason']})" if delivery["reason"] else delivery["status"],
            )
    return table


@click.command()
@click.argument("lead")
@click.option("--sandbox", is_flag=True, help="Look into the sandbox's store.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(lead: str, sandbox: bool, as_json: bool) -> None:
    """Tell what became of a lead, and what to do. LEAD is its id, the beginning of it, or the vendor's id.

    \b
    Example:
      ingest explain 1m85fb9nk9xw
    """
    inbox = open_inbox(sandbox=sandbox)
    try:
        with inbox.reading() as connection:
            story = reads.lead_story(connection, _one(reads.find(connection, lead), lead))
    finally:
        inbox.close()
    body, fetched = story.pop("body"), story.pop("lead")
    story["payload"] = _document(fetched or body)
    for delivery in story["deliveries"]:
        if delivery["request"]:
            delivery["request"] = {"apiKey": "***", **delivery["request"]}
    if as_json:
        print_json(story)
    else:
        _tell(story)


def _one(found: list[str], asked: str) -> str:
    if len(found) == 1 or asked in found:
        return asked if asked in found else found[0]
    if found:
        raise click.UsageError(f"{asked} may mean {len(found)} leads: {', '.join(found[:5])}. Give more of the id.")
    inexact = nearest(asked, [])
    raise click.UsageError(f"No lead is known as {asked}.{inexact} `ingest leads` lists them.")


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _tell(story: dict[str, Any]) -> None:
    for delivery in story["deliveries"]:
        status, reason = delivery["status"], delivery["reason"]
        advice = ADVICE[Reason(reason)] if reason else UNDER_WAY[Status(status)]
        said = f"{delivery['error']}. " if delivery["error"] else ""
        click.echo(f"{status}{f' ({reason})' if reason else ''}: {said}{advice}")
    click.echo(f"\nLead {story['id']} came to {story['endpoint']} ({story['channel']}) at {story['received_at']}")
    if story["external_id"]:
        click.echo(f"The sender calls it {story['external_id']}")
    click.echo(f"\nWhat came:\n{_indented(story['payload'])}")
    for delivery in story["deliveries"]:
        route = f", route {delivery['route']}" if delivery["route"] else ""
        version = f"mapping {delivery['version']}" if delivery["version"] else "not translated yet"
        click.echo(f"\nDelivery {delivery['id']} (account {delivery['account']}{route}, {version})")
        if delivery["request"]:
            click.echo(f"Request:\n{_indented(delivery['request'])}")
        for one in delivery["tries"]:
            http = f" HTTP {one['status']}" if one["status"] else ""
            click.echo(
                f"Attempt {one['number']} at {one['started_at']}, {one['duration_ms']} ms:{http} {one['outcome']}"
            )
            click.echo(f"  {one['message'] or one['answer']}")
        if delivery["due_at"] and status_waits(delivery["status"]):
            click.echo(f"Next: {delivery['due_at']}")
    sys.stdout.flush()


def status_waits(status: str) -> bool:
    """Whether a delivery of this status is taken up again by itself."""
    return status in {Status.PENDING, Status.WAITING}


def _indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


COMMANDS = {"leads": leads, "explain": explain}
