from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from ingest import settings
from ingest.cli.advice import advice
from ingest.cli.afresh import Afresh, afresh
from ingest.cli.cases import read
from ingest.cli.mappings import catalog_of
from ingest.cli.printing import clipped, outlined, print_json, shown
from ingest.cli.store import find_lead, opened, sandbox_option
from ingest.cli.tracing import view
from ingest.errors import Hold
from ingest.inbox import reads
from ingest.models import MENDABLE, Reason, Status


@click.command()
@click.argument("lead")
@sandbox_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(lead: str, sandbox: bool, as_json: bool) -> None:
    """Tell what became of a lead, and what to do. LEAD is its id, the beginning of it, or the vendor's id.

    The first line, or one for each delivery, says what to do; then come what was posted, what each expression of the
    mapping made of it, the request, and every attempt to send it.

    \b
    Example:
      ingest explain 1m85fb9nk9xw
    """
    with opened(sandbox=sandbox) as inbox, inbox.reading() as connection:
        story = reads.lead_story(connection, find_lead(connection, lead))
    body, fetched = story.pop("body"), story.pop("lead")
    story["payload"] = _document(fetched or body)
    again = afresh(story, body, fetched, catalog_of(settings.load()))
    story["mapping"] = again.version
    for delivery in story["deliveries"]:
        request, problem = again.of(delivery)
        delivery["advice"] = _advice(story, delivery, again, problem, sandbox=sandbox)
        delivery["now"] = _now(delivery, request, problem)
        if delivery["request"]:
            delivery["request"] = {"apiKey": "***", **delivery["request"]}
    if as_json:
        print_json({**story, **view(again.translation, again.trace), "not_translated": again.why_not or None})
        return
    for line in _lines(story, again):
        click.echo(line)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _advice(
    story: dict[str, Any], delivery: dict[str, Any], again: Afresh, problem: Hold | None, *, sandbox: bool
) -> str:
    several = len(story["deliveries"]) > 1
    label = delivery["route"] or delivery["campaign"] or f"delivery {delivery['position'] + 1}" if several else ""
    changed = again.can_tell and again.version != delivery["version"]
    file = again.mapping.file if again.mapping else "the mapping"
    case = replace(read(story["id"], delivery), sandbox=sandbox, file=file)
    if not changed:
        case = replace(case, sources=again.sources(case.field))
    return advice(case, label, changed=changed and delivery["reason"] in MENDABLE, now=problem)


def _now(delivery: dict[str, Any], request: dict[str, Any] | None, problem: Hold | None) -> dict[str, Any] | None:
    """What would become of a delivery now: its status, why, and in what its request differs; None if nobody knows."""
    if request is None and problem is None:
        return None
    before, after = delivery["request"] or {}, request or {}
    differs = [key for key in {**before, **after} if before.get(key) != after.get(key)] if before and after else []
    return {"request": request is not None, "problem": str(problem) if problem else None, "differs": differs}


def _lines(story: dict[str, Any], again: Afresh) -> Iterator[str]:
    for delivery in story["deliveries"]:
        yield click.style(delivery["advice"], bold=True)
    if story["erased_at"]:
        yield f"The person's data was erased at {story['erased_at']}."
    endpoint = shown(f"{story['endpoint']} ({story['channel']})")
    yield f"\nLead {story['id']} came to {endpoint} at {story['received_at']}"
    if story["external_id"]:
        yield f"The sender calls it {clipped(story['external_id'])}"
    if not story["erased_at"]:
        yield f"\nWhat came:\n{outlined(story['payload'])}"
    yield f"\n{_heading(story, again)}"
    yield from again.lines()
    for delivery in story["deliveries"]:
        yield ""
        yield from _delivery(delivery, again)


def _heading(story: dict[str, Any], again: Afresh) -> str:
    if again.why_not:
        return "\n".join(map(shown, again.why_not.split("\n")))
    then = {delivery["version"] for delivery in story["deliveries"]}
    if then == {again.version}:
        return f"How it was translated, by mapping version {again.version}, which is still the one in use:"
    if then == {None}:
        return f"It has not been translated yet. How mapping version {again.version} translates it:"
    known = ", ".join(sorted(filter(None, then)))
    return f"The mapping has changed since (then {known}, now {again.version}). How it translates the lead now:"


def _delivery(delivery: dict[str, Any], again: Afresh) -> Iterator[str]:
    status, reason = delivery["status"], delivery["reason"]
    route = f", route {delivery['route']}" if delivery["route"] else ""
    version = f"mapping {delivery['version']}" if delivery["version"] else "not translated yet"
    about = f"account {delivery['account']}{route}, {version}"
    yield shown(f"Delivery {delivery['id']}: {status}{f' ({reason})' if reason else ''}; {about}")
    if delivery["error"]:
        yield f"Why: {clipped(delivery['error'])}"
    if delivery["request"]:
        yield f"Request:\n{outlined(delivery['request'])}"
    if delivery["now"] and delivery["version"] not in {None, again.version}:
        yield shown(f"With the mapping as it is now: {_difference(delivery)}")
    for one in delivery["tries"]:
        http = f" HTTP {one['status']}" if one["status"] else ""
        yield f"Attempt {one['number']} at {one['started_at']}, {one['duration_ms']} ms:{http} {one['outcome']}"
        said = one["message"] or one["answer"]
        if said:
            yield f"  {clipped(said)}"
    if delivery["due_at"] and _goes_on(delivery):
        yield f"Next: {delivery['due_at']}"


def _difference(delivery: dict[str, Any]) -> str:
    now = delivery["now"]
    if now["problem"]:
        return f"no request; {now['problem']}"
    if not delivery["request"]:
        return "a request, which can be sent"
    return f"another request, different in {', '.join(now['differs'])}" if now["differs"] else "the same request"


def _goes_on(delivery: dict[str, Any]) -> bool:
    waits = delivery["status"] in {Status.PENDING, Status.WAITING}
    return waits and delivery["reason"] != Reason.ACCOUNT_PAUSED


COMMANDS = {"explain": explain}
