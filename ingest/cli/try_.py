from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, cast

import click

from ingest import settings
from ingest.aisensy import schema
from ingest.channels import CHANNELS
from ingest.channels.base import Headers, Inbound, Notice
from ingest.channels.payload import loads
from ingest.cli.mappings import find_mapping
from ingest.cli.printing import print_json
from ingest.cli.tracing import told
from ingest.errors import Hold, Place, Refusal, Skip
from ingest.mapping.evaluate import Trace
from ingest.mapping.records import Mapping
from ingest.mapping.render import Rendered, translate
from ingest.models import Lead, Meta, Reason, new_id
from ingest.web.forms import NO_BLOCK, check_fields

NO_HEADERS = cast("Headers", {})


@click.command("try")
@click.argument("mapping")
@click.argument("payload", type=click.File("rb"))
@click.option("--trace", is_flag=True, help="Explain each expression on standard error.")
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
            click.echo(str(finding), err=True)
        sys.exit(1)
    bodies, problems = [], []
    try:
        leads = list(_leads(found, payload.read(), own.default_country))
    except Refusal as refusal:
        _say(Place(payload.name), refusal.code, "payload", refusal.message)
        sys.exit(1)
    for lead, problem in leads:
        recorder = Trace() if trace else None
        meta = Meta(found.intake.channel, found.endpoint, id=new_id())
        rendered = [] if problem else translate(found.translation, lead, meta, recorder)
        for step in recorder.steps if recorder else ():
            click.echo(told(step), err=True)
        problems += [problem] if problem else []
        for one in rendered:
            fault = _fault(one, lead)
            if fault:
                problems.append(fault)
            else:
                bodies.append({"apiKey": "***", **(one.request or {})})
        several = len(leads) > 1 or len(rendered) > 1
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


def _fault(rendered: Rendered, lead: Lead) -> Hold | None:
    if lead.is_test:
        return Skip(Reason.TEST_LEAD, "Meta's test lead is never sent")
    if rendered.problem:
        return rendered.problem
    return rendered.refused(schema.check(rendered.request or {}))


def _say(place: Place, code: str, field: str, message: str) -> None:
    click.echo(f"{place}: {code} {f'{field}: ' if field else ''}{message}", err=True)


COMMANDS = {"try": try_}
