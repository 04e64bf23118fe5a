from __future__ import annotations

import sys
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from functools import partial
from pathlib import Path
from typing import Any, cast

import click

from ingest import settings
from ingest.aisensy import schema
from ingest.channels import CHANNELS, KINDS
from ingest.channels.base import Headers, Inbound, Notice
from ingest.channels.payload import loads
from ingest.cli.printing import print_json
from ingest.cli.tracing import told
from ingest.errors import Finding, Hold, Place, Refusal, Skip
from ingest.mapping import loader
from ingest.mapping.evaluate import Trace
from ingest.mapping.lint import lint
from ingest.mapping.records import Catalog, Mapping
from ingest.mapping.render import Rendered, translate
from ingest.mapping.suite import run_tests
from ingest.models import Lead, Meta, Reason, new_id
from ingest.settings import Settings
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
    found = _find(mapping, own)
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


def _find(name: str, own: Settings) -> Mapping:
    path = Path(name)
    if path.is_file():
        return loader.load_file(path, KINDS, country=own.default_country)
    catalog = loader.load(own.mappings, KINDS, own.default_country)
    if name not in catalog.mappings:
        from ingest.cli import nearest  # noqa: PLC0415 - wanted only when something is wrong

        raise click.UsageError(f"No mapping is called {name}.{nearest(name, catalog.mappings)}")
    return catalog.mappings[name]


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


def _unset(catalog: Catalog, own: Settings) -> Iterator[Finding]:
    """Secrets that mappings name and nobody has set."""
    for mapping in catalog.mappings.values():
        for key, names in mapping.intake.auth.items() if mapping.intake else ():
            for name in names:
                if own.secrets.get(name) is None and not own.sandbox:
                    message = f"auth.{key}: {name} is not set"
                    yield Finding(Place(mapping.file), "secret_not_set", message, f"set {name} in the environment")


def _say(place: Place, code: str, field: str, message: str) -> None:
    click.echo(f"{place}: {code} {f'{field}: ' if field else ''}{message}", err=True)


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--sandbox", is_flag=True, help="As `ingest run --sandbox` has it: secrets need not be set.")
def check(form: str, as_json: bool, sandbox: bool) -> None:
    """Tell every finding in the mappings and the settings; exit 1 where there is one.

    \b
    Example:
      ingest check --format github
    """
    form = "json" if as_json else form
    own = settings.load()
    catalog = loader.load(own.mappings, KINDS, own.default_country)
    findings = [*catalog.findings, *lint(catalog), *(() if sandbox else _unset(catalog, own))]
    findings = sorted(dict.fromkeys(findings), key=lambda one: (one.place.file, one.place.line, one.place.column))
    if form == "json":
        print_json(
            [
                {
                    "file": one.place.file,
                    "line": one.place.line,
                    "column": one.place.column,
                    "code": one.code,
                    "message": one.message,
                    "hint": one.hint,
                }
                for one in findings
            ]
        )
    for one in findings if form != "json" else ():
        if form == "github":
            where = f"file={one.place.file},line={one.place.line},col={one.place.column}"
            click.echo(f"::error {where},title={one.code}::{one.message} {one.hint}".rstrip())
        else:
            click.echo(str(one))
    if form == "text":
        click.echo(f"{len(findings)} finding(s)" if findings else "No findings", err=True)
    sys.exit(1 if findings else 0)


@click.command()
@click.argument("names", nargs=-1)
def test(names: tuple[str, ...]) -> None:
    """Run the tests that stand in the mappings (all, or those of NAMES); exit 1 where one fails.

    \b
    Example:
      ingest test website
    """
    own = settings.load()
    catalog = loader.load(own.mappings, KINDS, own.default_country)
    failed = passed = 0
    findings: list[Finding] = []
    for mapping in [_find(name, own) for name in names] or catalog.mappings.values():
        findings += [*mapping.intake_findings, *mapping.translation_findings]
        for result in run_tests(mapping, partial(lead_of, mapping), schema.check):
            passed += result.passed
            failed += not result.passed
            for fault in result.faults:
                click.echo(f"{result.place}: test_failed {result.name}: {fault}")
    for finding in findings:
        click.echo(str(finding))
    click.echo(f"{passed} passed, {failed} failed", err=True)
    sys.exit(1 if failed or findings else 0)


def lead_of(mapping: Mapping, payload: Any, _headers: MappingABC[str, str]) -> Lead:
    """The lead of what a sender posts, for a mapping's own tests."""
    channel = CHANNELS[mapping.intake.channel if mapping.intake else "form"]
    return channel.lead(payload, payload if channel.remote else None)


COMMANDS = {"try": try_, "check": check, "test": test}
