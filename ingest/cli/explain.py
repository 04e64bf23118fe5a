from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click

from ingest import settings
from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.cli.advice import ADVICE, UNDER_WAY
from ingest.cli.mappings import catalog_of
from ingest.cli.printing import print_json
from ingest.cli.store import find_lead, opened, sandbox_option
from ingest.cli.tracing import told, view
from ingest.inbox import reads
from ingest.mapping.evaluate import Step, Trace
from ingest.mapping.render import translate
from ingest.models import Meta, Reason, Status


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
    steps, version = _translated(story, body, fetched)
    story["mapping"] = version
    for delivery in story["deliveries"]:
        if delivery["request"]:
            delivery["request"] = {"apiKey": "***", **delivery["request"]}
    if as_json:
        print_json({**story, "expressions": [view(step) for step in steps]})
        return
    _tell(story)
    if steps:
        click.echo(f"\nHow the mapping translates it now (version {version}):")
    for step in steps:
        click.echo(f"  {told(step)}")


def _translated(story: dict[str, Any], body: bytes, fetched: bytes | None) -> tuple[list[Step], str | None]:
    """Each expression of the lead's mapping as it is now, and that mapping's version."""
    own = settings.load()
    mapping = catalog_of(own).mappings.get(story["endpoint"])
    channel = CHANNELS.get(story["channel"])
    if mapping is None or mapping.translation is None or channel is None or story["erased_at"]:
        return [], mapping.version if mapping else None
    if channel.remote and fetched is None:
        return [], mapping.version
    lead = channel.lead(loads(body), None if fetched is None else loads(fetched))
    received_at = datetime.fromisoformat(story["received_at"])
    meta = Meta(story["channel"], story["endpoint"], story["id"], story["external_id"] or "", received_at)
    trace = Trace()
    translate(mapping.translation, lead, meta, trace)
    return trace.steps, mapping.version


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _tell(story: dict[str, Any]) -> None:
    for delivery in story["deliveries"]:
        status, reason = delivery["status"], delivery["reason"]
        click.echo(f"{status}{f' ({reason})' if reason else ''}: {_said(delivery)}")
    if story["erased_at"]:
        click.echo(f"The person's data was erased at {story['erased_at']}")
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
        if delivery["due_at"] and status_waits(delivery["status"]) and delivery["reason"] != Reason.ACCOUNT_PAUSED:
            click.echo(f"Next: {delivery['due_at']}")
    sys.stdout.flush()


def _said(delivery: dict[str, Any]) -> str:
    """What is wrong, and what to do about it, each once."""
    status, reason = delivery["status"], delivery["reason"]
    advice = ADVICE[Reason(reason)] if reason else UNDER_WAY[Status(status)]
    if reason == Reason.ACCOUNT_PAUSED and delivery["paused"] and not delivery["paused_until"]:
        advice = f"It goes out after `ingest resume {delivery['account']}`."
    error = (delivery["error"] or "").removeprefix(f"{reason} ").rstrip(". ")
    return advice if not error or advice.startswith(error) else f"{error}. {advice}"


def status_waits(status: str) -> bool:
    """Whether a delivery of this status is taken up again by itself."""
    return status in {Status.PENDING, Status.WAITING}


def _indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


COMMANDS = {"explain": explain}
