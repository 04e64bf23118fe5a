from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click

from ingest import settings
from ingest.cli.mappings import find_mapping, tell_of_samples
from ingest.cli.posting import Poster
from ingest.cli.printing import print_json, shown
from ingest.cli.tracing import problem_of, told, traced
from ingest.errors import Hold, Place, Refusal
from ingest.ids import new_id
from ingest.mapping.render import translate
from ingest.models import Lead, Meta, utcnow


@click.command("try")
@click.argument("mapping")
@click.argument("payload", type=click.File("rb"))
@click.option("--trace", is_flag=True, help="Tell on standard error how it came about, expression by expression.")
def try_(mapping: str, payload: Any, trace: bool) -> None:
    """Show what AiSensy would get for a payload; nothing is stored or sent.

    MAPPING is a file or an endpoint's name, PAYLOAD a file (or - for standard input) with what the sender posts; for
    facebook a lead document of the Graph API, or a flat object.

    \b
    Example:
      echo '{"name": "Asha Rao", "phone": "98765 43210"}' | ingest try website -
    """
    own = settings.load()
    tell_of_samples(own)
    found = find_mapping(mapping, own)
    if found.translation is None or found.intake is None:
        for finding in found.findings:
            click.echo(shown(str(finding)), err=True)
        sys.exit(1)
    bodies: list[dict[str, Any]] = []
    problems: list[Hold] = []
    several = False
    try:
        posted = Poster(found.intake, own.default_country).post_body(payload.read())
    except Refusal as refusal:
        _say(Place(getattr(payload, "name", "<stdin>")), refusal.code, "payload", refusal.message)
        sys.exit(1)
    for index, one_posted in enumerate(posted):
        lead, spam = one_posted.lead, one_posted.hold
        meta = Meta(found.intake.channel, found.endpoint, new_id(), one_posted.external_id)
        rendered = [] if spam else translate(found.translation, lead, meta)
        faults = [problem_of(one, lead) for one in rendered]
        if trace and not spam:
            heading = [f"Lead {index + 1} of {len(posted)}"] if len(posted) > 1 else []
            for line in (*heading, *told(found.translation, traced(found.translation, lead, meta), rendered, faults)):
                click.echo(line, err=True)
        bodies += [
            {"apiKey": "***", **(one.request or {})} for one, fault in zip(rendered, faults, strict=True) if not fault
        ]
        problems += [fault for fault in (spam, *faults) if fault]
        _note_age(lead, [one.policy.max_age for one in rendered])
        several = several or len(posted) > 1 or len(rendered) > 1
    for problem in problems:
        _say(problem.place or Place(found.file), problem.reason, problem.field, problem.message)
    if bodies:
        print_json(bodies if several else bodies[0])
    sys.exit(1 if problems else 0)


def _note_age(lead: Lead, limits: list[timedelta | None]) -> None:
    """Old leads are tried all the same: a document in a file is old, and its mapping is what is looked at."""
    age = utcnow() - lead.created_at if lead.created_at else None
    if age and any(limit and age > limit for limit in limits):
        hours = age.total_seconds() / 3600
        click.echo(
            f"Note: the lead is {hours:,.0f} h old. If it came now it would be held, too_old: policy.max_age", err=True
        )


def _say(place: Place, code: str, field: str, message: str) -> None:
    click.echo(shown(f"{place}: {code} {f'{field}: ' if field else ''}{message}"), err=True)


COMMANDS = {"try": try_}
