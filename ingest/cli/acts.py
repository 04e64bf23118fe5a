from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import track

from ingest.cli.compare import LIMIT, compare
from ingest.cli.printing import counted, print_json
from ingest.cli.store import filters, find_lead, opened, sandbox_option, wanted
from ingest.inbox import Inbox, reads
from ingest.inbox.acts import DISCARDABLE, REPLAYABLE
from ingest.models import Reason, Status

F = TypeVar("F", bound=Callable[..., Any])

MANY = 20
"""More than these are acted on only after a question, or with --yes."""

BATCH = 100
"""Deliveries that one transaction changes."""

FILTERS = ("status", "reason", "endpoint", "channel", "campaign", "account", "phone", "since", "until")

TO_BE_NAMED = frozenset({Reason.AMBIGUOUS, Reason.SUSPECTED_SPAM, Reason.TOO_OLD})
"""Held for reasons that a replay of many does not sweep along: a person names them, or the lead."""


def _act(command: F) -> F:
    for option in reversed(
        (
            click.argument("leads", nargs=-1, metavar="[LEAD]..."),
            filters,
            click.option("--dry-run", is_flag=True, help="Tell how many it would be, and change nothing."),
            click.option("--yes", is_flag=True, help=f"Do not ask, however many they are (else asked above {MANY})."),
            click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON."),
            sandbox_option,
        )
    ):
        command = option(command)
    return command


@click.command()
@_act
@click.option("--again", is_flag=True, help="Also those that were sent: the person gets a second message.")
@click.option(
    "--mappings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --dry-run: what the mappings of this folder would have sent, beside what was sent.",
)
@click.option("--limit", type=click.IntRange(0), help=f"With --mappings: show so many leads ({LIMIT}).")
@click.option("--show", is_flag=True, help="With --mappings: mask no names, phones and mails.")
def replay(leads: Sequence[str], again: bool, sandbox: bool, mappings: Path | None, **asked: Any) -> None:
    """Try deliveries anew, from their translation on: of a LEAD, or all that match.

    Of those that match, held and failed ones are tried; what is ambiguous, suspected spam or too old only where
    --reason names it. A replay overrules max_age, duplicate and cap, never a missing consent or an opt-out.

    \b
    Example:
      ingest replay --reason campaign_rejected --endpoint website
      ingest replay --dry-run --mappings draft --since 7d
    """
    if mappings is not None:
        _compare(mappings, leads, asked, again=again, sandbox=sandbox)
        return
    if asked["limit"] is not None or asked["show"]:
        raise click.UsageError("--limit and --show go with --mappings.")
    statuses = REPLAYABLE | {Status.SENT} if again else REPLAYABLE
    sent = {Status.SENT} if again else set()
    swept = {Status.HELD, Status.FAILED, *sent} if asked["status"] is None and asked["reason"] is None else statuses
    spared = frozenset() if asked["reason"] else TO_BE_NAMED
    with opened(sandbox=sandbox) as inbox:
        found = _of_leads(inbox, leads, asked, statuses) if leads else _matching(inbox, asked, swept, spared)
        if not found:
            _why_none(inbox, leads, asked)
        _do(found, lambda ids: inbox.replay(ids, again=again), "replayed", **_how(asked))


def _compare(folder: Path, leads: Sequence[str], asked: dict[str, Any], *, again: bool, sandbox: bool) -> None:
    if not asked["dry_run"] or again:
        raise click.UsageError("--mappings only compares: say --dry-run with it, and no --again.")
    filters_ = {name: asked[name] for name in FILTERS}
    if leads and any(filters_.values()):
        raise click.UsageError("Name a LEAD, or say which by filters; not both.")
    limit = LIMIT if asked["limit"] is None else asked["limit"]
    with opened(sandbox=sandbox) as inbox:
        compare(inbox, folder, leads, filters_, limit=limit, show=asked["show"], as_json=asked["as_json"])


@click.command()
@_act
def discard(leads: Sequence[str], sandbox: bool, **asked: Any) -> None:
    """Give deliveries up that are not sent yet: of a LEAD, or all that match.

    \b
    Example:
      ingest discard --reason suspected_spam --until 7d
    """
    with opened(sandbox=sandbox) as inbox:
        found = (
            _of_leads(inbox, leads, asked, DISCARDABLE) if leads else _matching(inbox, asked, DISCARDABLE, frozenset())
        )
        if not found:
            _why_none(inbox, leads, asked)
        _do(found, inbox.discard, "discarded", **_how(asked))


def _of_leads(inbox: Inbox, leads: Sequence[str], asked: dict[str, Any], statuses: frozenset[Status]) -> list[str]:
    if any(asked[name] for name in FILTERS):
        raise click.UsageError("Name a LEAD, or say which by filters; not both.")
    with inbox.reading() as connection:
        ids = [find_lead(connection, lead) for lead in leads]
        return reads.deliveries_of(connection, ids, statuses)


def _matching(
    inbox: Inbox,
    asked: dict[str, Any],
    statuses: frozenset[Status] | set[Status],
    spared: frozenset[Reason] = frozenset(),
) -> list[str]:
    given = {name: asked[name] for name in FILTERS}
    if not any(given.values()):
        raise click.UsageError("Name a LEAD, or say which: --reason missing_value, --endpoint website, --since 2d.")
    with inbox.reading() as connection:
        found = reads.matching_deliveries(connection, wanted(connection, **given), statuses)
        ids = [row.id for row in found if row.reason not in spared]
    left = len(found) - len(ids)
    if left:
        names_ = ", ".join(sorted(spared))
        click.echo(f"{left} left out that are held as {names_}: name them by --reason.", err=True)
    return ids


def _why_none(inbox: Inbox, leads: Sequence[str], asked: dict[str, Any]) -> None:
    """Tell where those stand that match, and that nothing can be done with."""
    with inbox.reading() as connection:
        if leads:
            ids = [find_lead(connection, lead) for lead in leads]
            stand = [one["status"] for lead in ids for one in reads.outcome_of(connection, lead)]
        else:
            given = wanted(connection, **{name: asked[name] for name in FILTERS})
            stand = [row.status for row in reads.matching_deliveries(connection, given, list(Status))]
    for status, count in Counter(stand).items():
        click.echo(f"{_said(count)}: {STANDING.get(status, status)}", err=True)


STANDING = {
    Status.SENT: "sent already; `replay --again` sends a second message",
    Status.SENDING: "on the way to AiSensy",
    Status.PENDING: "goes out by itself as soon as a worker is free, or its account is no longer paused",
    Status.WAITING: "goes out by itself, at its time or when its account is no longer paused",
    Status.SKIPPED: "not wanted, or its data was erased",
}


def _how(asked: dict[str, Any]) -> dict[str, bool]:
    return {name: asked[name] for name in ("dry_run", "yes", "as_json")}


def _do(
    ids: Sequence[str], act: Callable[[Sequence[str]], int], done: str, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    changed = 0
    if ids and not dry_run:
        if len(ids) > MANY and not yes:
            click.confirm(f"{_said(len(ids))} will be {done}. Go on?", abort=True, err=True)
        batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
        console = Console(stderr=True)
        for batch in track(batches, done.capitalize(), console=console, disable=not sys.stderr.isatty()):
            changed += act(batch)
    if as_json:
        print_json({"matched": len(ids), done: changed, "dry_run": dry_run})
    elif dry_run:
        click.echo(f"{_said(len(ids))} would be {done}")
    else:
        click.echo(f"{_said(changed)} {done}")


def _said(number: int) -> str:
    return counted(number, "delivery", "deliveries")


COMMANDS = {"replay": replay, "discard": discard}
