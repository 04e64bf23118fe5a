from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from ingest import log, settings
from ingest.channels import KINDS
from ingest.cli.printing import print_json
from ingest.cli.store import find_lead, wanted
from ingest.cli.verdicts import Compared, State, Verdict, compared
from ingest.inbox import Inbox, stories
from ingest.mapping import loader
from ingest.mapping.anonymous.shapes import folded, words

LIMIT = 20
"""So many leads are shown, where no --limit is given."""

Change = tuple[str, str | None, str | None]
"""A part of a body, what it was and what it would be."""


@dataclass
class _Report:
    """What is counted, and the first of what is not the same."""

    limit: int
    counts: dict[str, Counter[tuple[Verdict, str]]] = field(default_factory=lambda: defaultdict(Counter))
    shown: list[dict[str, Any]] = field(default_factory=list)


def compare(
    inbox: Inbox, folder: Path, leads: Sequence[str], asked: dict[str, Any], *, limit: int, show: bool, as_json: bool
) -> None:
    """Tell what the mappings of a folder would have made of leads, beside what was made of them; send nothing.

    Exit 1 where something would be held that was not, or where a mapping has findings.
    """
    own = settings.load()
    catalog = loader.load(folder, KINDS, own.default_country)
    for finding in catalog.findings:
        click.echo(str(finding), err=True)
    with inbox.reading() as connection:
        ids = [find_lead(connection, lead) for lead in leads]
        which = wanted(connection, **asked)
        total = stories.count(connection, which, ids)
    report = _Report(limit)
    found = stories.stories(inbox.reading, which, ids)
    console = Console(stderr=True)
    for story in track(found, "Compared", total, console=console, disable=not sys.stderr.isatty()):
        for one in compared(story, catalog):
            _add(report, story.event.id, story.event.endpoint, one, show=show)
    if as_json:
        print_json(_view(report))
    else:
        _tell(report)
    held = any(verdict is Verdict.NEWLY_HELD for counts in report.counts.values() for verdict, _ in counts)
    sys.exit(1 if held or catalog.findings else 0)


def _add(report: _Report, lead: str, endpoint: str, one: Compared, *, show: bool) -> None:
    report.counts[endpoint][one.verdict, one.why] += 1
    if one.before is None or one.after is None or one.verdict is Verdict.SAME or len(report.shown) >= report.limit:
        return
    mask = (lambda _, text: text) if show else _Mask(one)
    changes = [{"part": part, "before": before, "after": after} for part, before, after in _masked(_changes(one), mask)]
    report.shown.append(
        {
            "lead": lead,
            "endpoint": endpoint,
            "delivery": one.delivery,
            "verdict": one.verdict,
            "before": _state(one.before),
            "after": _state(one.after),
            "changes": changes,
        }
    )


def _state(state: State) -> dict[str, Any]:
    keys = ("kind", "reason", "route", "account", "message")
    return {key: getattr(state, key) or None for key in keys}


def _changes(one: Compared) -> Iterator[Change]:
    """The parts of the body that are not the same; nothing where there is no body to send before and after."""
    before, after = one.before, one.after
    if before is None or after is None or (before.kind, after.kind) != ("sent", "sent"):
        return
    if before.account != after.account:
        yield "account", before.account, after.account
    old, new = dict(_parts("", before.request)), dict(_parts("", after.request))
    for part in dict.fromkeys([*old, *new]):
        if old.get(part) != new.get(part):
            yield part, old.get(part), new.get(part)


def _parts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _parts(f"{path}.{key}".lstrip("."), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _parts(f"{path}[{index}]", inner)
    else:
        yield path, str(value)


class _Mask:
    """Masks phones, mails and the person's names, as in logs."""

    def __init__(self, one: Compared) -> None:
        values = one.lead.fields.values() if one.lead else ()
        texts = " ".join(value if isinstance(value, str) else " ".join(value) for value in values)
        states = [state.request.get("userName", "") for state in (one.before, one.after) if state and state.request]
        names = {word for word in words(" ".join(states)) if len(word) > 1} & set(words(texts))
        self._names = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)", re.I)

    def __call__(self, part: str, text: str) -> str:
        if part == "userName" and self._names.search(folded(text)):
            return log.mask_name(text)
        return self._names.sub(lambda found: log.mask_name(found[0]), log.mask_text(text))


def _masked(changes: Iterator[Change], mask: Any) -> Iterator[Change]:
    for part, before, after in changes:
        old = None if before is None else mask(part, before)
        new = None if after is None else mask(part, after)
        if old == new and before is not None and after is not None:  # what differs is masked
            old, new = f"{old} ({len(before)} characters)", f"{new} ({len(after)} characters)"
        yield part, old, new


def _sums(counts: Counter[tuple[Verdict, str]]) -> dict[str, Any]:
    """How many there are of each verdict, and by reason where there is one."""
    reasoned = {Verdict.NEWLY_HELD, Verdict.NEWLY_SKIPPED, Verdict.NOT_COMPARABLE}
    sums: dict[str, Any] = {}
    for verdict in Verdict:
        by_reason = {why: number for (one, why), number in sorted(counts.items()) if one is verdict}
        sums[verdict] = by_reason if verdict in reasoned else sum(by_reason.values())
    return sums


def _view(report: _Report) -> dict[str, Any]:
    total = sum(report.counts.values(), Counter())
    endpoints = {name: _sums(counts) for name, counts in sorted(report.counts.items())}
    return {"total": _sums(total), "endpoints": endpoints, "leads": report.shown}


def _tell(report: _Report) -> None:
    for one in report.shown:
        before, after = one["before"], one["after"]
        click.echo(f"{one['lead']} {one['endpoint']}: {str(one['verdict']).replace('_', ' ')}")
        if not one["changes"]:
            click.echo(f"  - {_said(before)}\n  + {_said(after)}")
        for change in one["changes"]:
            for mark, text in (("-", change["before"]), ("+", change["after"])):
                if text is not None:
                    click.echo(f"  {mark} {change['part']}: {text}")
    total: Counter[tuple[Verdict, str]] = sum(report.counts.values(), Counter())
    more = sum(number for (verdict, _), number in total.items() if verdict not in _UNSHOWN) - len(report.shown)
    if more:
        click.echo(f"… and {more} more: --limit shows more of them, --json all counts")
    if report.shown:
        click.echo()
    for name, counts in sorted(report.counts.items()):
        click.echo(f"{name}: {_line(counts)}")
    click.echo(f"in total: {_line(total)}")


_UNSHOWN = {Verdict.SAME, Verdict.NOT_COMPARABLE}


def _said(state: dict[str, Any]) -> str:
    return f"{state['kind']}, {state['message'] or state['reason']}" if state["reason"] else str(state["kind"])


def _line(counts: Counter[tuple[Verdict, str]]) -> str:
    parts = []
    for verdict, found in _sums(counts).items():
        number = sum(found.values()) if isinstance(found, dict) else found
        why = ", ".join(f"{reason} {each}" for reason, each in found.items()) if isinstance(found, dict) else ""
        if number or verdict == Verdict.SAME:
            parts.append(f"{number:,} {verdict.replace('_', ' ')}{f' ({why})' if why else ''}")
    return ", ".join(parts)
