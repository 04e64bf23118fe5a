from __future__ import annotations

import json
import sys
from typing import Any

import click

from ingest.cli.advice import ADVICE, UNDER_WAY
from ingest.cli.printing import print_json
from ingest.cli.store import find_lead, opened, sandbox_option
from ingest.inbox import reads
from ingest.models import Reason, Status


@click.command()
@click.argument("lead")
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(lead: str, sandbox: bool, as_json: bool) -> None:
    """Tell what became of a lead, and what to do. LEAD is its id, the beginning of it, or the vendor's id.

    \b
    Example:
      ingest explain 1m85fb9nk9xw
    """
    with opened(sandbox=sandbox) as inbox, inbox.reading() as connection:
        story = reads.lead_story(connection, find_lead(connection, lead))
    body, fetched = story.pop("body"), story.pop("lead")
    story["payload"] = _document(fetched or body)
    for delivery in story["deliveries"]:
        if delivery["request"]:
            delivery["request"] = {"apiKey": "***", **delivery["request"]}
    if as_json:
        print_json(story)
    else:
        _tell(story)


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


COMMANDS = {"explain": explain}
