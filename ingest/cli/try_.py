from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import click

from ingest import settings
from ingest.channels import CHANNELS
from ingest.channels.base import Headers, Inbound, Notice
from ingest.channels.payload import loads
from ingest.cli.mappings import find_mapping
from ingest.cli.printing import print_json, shown
from ingest.cli.tracing import problem_of, told, traced
from ingest.errors import Hold, Place, Refusal
from ingest.mapping.records import Mapping
from ingest.mapping.render import translate
from ingest.models import Lead, Meta, new_id, utcnow
from ingest.web.forms import NO_BLOCK, check_fields

NO_HEADERS = cast("Headers", {})


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
    found = find_mapping(mapping, own)
    if found.translation is None or found.intake is None:
        for finding in found.findings:
            click.echo(shown(str(finding)), err=True)
        sys.exit(1)
    bodies: list[dict[str, Any]] = []
    problems: list[Hold] = []
    several = False
    try:
        leads = list(_leads(found, payload.read(), own.default_country))
    except Refusal as refusal:
        _say(Place(getattr(payload, "name", "<stdin>")), refusal.code, "payload", refusal.message)
        sys.exit(1)
    for index, (lead, spam) in enumerate(leads):
        meta = Meta(found.intake.channel, found.endpoint, id=new_id())
        rendered = [] if spam else translate(found.translation, lead, meta)
        faults = [problem_of(one, lead) for one in rendered]
        if trace and not spam:
            heading = [f"Lead {index + 1} of {len(leads)}"] if len(leads) > 1 else []
            for line in (*heading, *told(found.translation, traced(found.translation, lead, meta), rendered, faults)):
                click.echo(line, err=True)
        bodies += [
            {"apiKey": "***", **(one.request or {})} for one, fault in zip(rendered, faults, strict=True) if not fault
        ]
        problems += [fault for fault in (spam, *faults) if fault]
        _note_age(lead, [one.policy.max_age for one in rendered])
        several = several or len(leads) > 1 or len(rendered) > 1
    for problem in problems:
        _say(problem.place or Place(found.file), problem.reason, problem.field, problem.message)
    if bodies:
        print_json(bodies if several else bodies[0])
    sys.exit(1 if problems else 0)


def _leads(mapping: Mapping, body: bytes, country: str) -> Iterator[tuple[Lead, Hold | None]]:
    assert mapping.intake is not None  # noqa: S101 - asked before
    channel = CHANNELS[mapping.intake.channel]
    notices: list[Notice]
    if channel.remote:
        document = loads(body)
        if isinstance(document, dict) and "entry" in document:
            raise Refusal(400, "no_lead", "This is Meta's notice, which holds no lead: give the Graph API's document.")
        notices = [Notice(one, b"") for one in (document if isinstance(document, list) else [document])]
    else:
        kind = "" if body.lstrip()[:1] in {b"{", b"["} else "application/x-www-form-urlencoded"
        notices = channel.parse(Inbound("POST", NO_HEADERS, {}, body, kind)).notices
    for notice in notices:
        if channel.browser:
            check_fields(channel.content(notice.payload), mapping.intake.form or NO_BLOCK, country)
        spam = Hold(notice.hold, "The honeypot is filled") if notice.hold else None
        yield channel.lead(notice.payload, notice.payload if channel.remote else None), spam


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
