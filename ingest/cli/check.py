from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress

import click

from ingest import settings
from ingest.channels import CHANNELS
from ingest.cli.findings import FORMATS, are_problems, in_order, summed_up
from ingest.cli.mappings import catalog_of
from ingest.cli.posting import Poster
from ingest.errors import Finding, Place, Refusal
from ingest.mapping import records
from ingest.mapping.lint import Fields, lint
from ingest.mapping.nodes import Node
from ingest.mapping.records import Catalog
from ingest.settings import SECRET_NAMES, Settings, key_name
from ingest.values import flatten, normalise_key


@click.command()
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--sandbox", is_flag=True, help="As `ingest run --sandbox` has it: secrets need not be set.")
@click.option("--live", "ask", is_flag=True, help="Ask AiSensy about the campaigns, and fetch the media.")
@click.option(
    "--write-accounts", "write", is_flag=True, help="With --live: write what AiSensy tells to _accounts.yaml."
)
def check(form: str, as_json: bool, sandbox: bool, ask: bool, write: bool) -> None:
    """Tell every finding in the mappings and the settings; exit 1 where there is one.

    \b
    Example:
      ingest check --format github
    """
    if write and not ask:
        raise click.UsageError("--write-accounts writes what AiSensy tells: it needs --live.")
    form = "json" if as_json else form
    own = settings.load()
    catalog = catalog_of(own)
    asked = _asked(catalog, own, sandbox=sandbox, write=write) if ask else []
    catalog = catalog_of(own) if write else catalog
    secrets = _secrets(catalog, own)
    findings = [*catalog.findings, *lint(catalog, known_fields, secrets, own.default_country), *asked]
    if not sandbox and not own.sandbox:
        findings += _unset(catalog, own)
    findings = in_order(findings)
    click.echo(FORMATS[form](findings, secrets), nl=False)
    if form == "text":
        click.echo(summed_up(findings), err=True)
    sys.exit(1 if are_problems(findings) else 0)


def known_fields(mapping: records.Mapping) -> Fields:
    """The fields that a mapping's leads may have: of its tests and form, and those that its channel's leads have."""
    intake, translation = mapping.intake, mapping.translation
    if intake is None:
        return Fields(frozenset(), whole=False)
    found = {normalise_key(name) for name in (intake.form.fields if intake.form else ())}
    for test in translation.tests if translation else ():
        found |= set(_fields(intake, test))
    channel = CHANNELS[intake.channel]
    if not (found or channel.own_ids):
        return Fields(frozenset(), whole=False)
    return Fields(frozenset(found | channel.fields), whole=bool(found))


def _fields(intake: records.Intake, test: Node) -> Iterator[str]:
    lead = test.get("lead")
    if isinstance(lead, dict):
        yield from flatten({key: "…" if value is None else value for key, value in lead.items()})
        return
    with suppress(Refusal):  # the test fails, which is not told here
        for posted in Poster(intake, "IN").post(test.get("payload"), test.get("headers") or {}):
            yield from posted.lead.fields


def _secrets(catalog: Catalog, own: Settings) -> list[str]:
    """The secrets of the environment that mappings may have to do with."""
    names = {*SECRET_NAMES, *(name for one in _intakes(catalog) for group in one.auth.values() for name in group)}
    names |= {key_name(one.translation.account) for one in catalog.mappings.values() if one.translation}
    return [secret for name in sorted(names) if (secret := own.secrets.get(name))]


def _intakes(catalog: Catalog) -> list[records.Intake]:
    return [one.intake for one in catalog.mappings.values() if one.intake]


def _asked(catalog: Catalog, own: Settings, *, sandbox: bool, write: bool) -> list[Finding]:
    """What AiSensy, or the sandbox in its place, says to the mappings."""
    from ingest.cli import live  # noqa: PLC0415 - slow to load, and only --live needs it

    if write and own.mappings == settings.SAMPLES:
        raise click.UsageError("There is no folder mappings/ here to write _accounts.yaml into: make one.")
    if sandbox and not own.sandbox:
        own = own.against(f"http://127.0.0.1:{own.port + 1}")  # where `ingest run --sandbox` has it
    return live.look(catalog, own, write=write)


def _unset(catalog: Catalog, own: Settings) -> Iterator[Finding]:
    """Secrets that mappings name and nobody has set."""
    for mapping in catalog.mappings.values():
        for key, name, place in _named(mapping):
            if own.secrets.get(name) is None:
                hint = f"set {name} in the environment or .env"
                yield Finding(place, "secret_not_set", f"auth.{key}: {name} is not set.", hint, "warning")
        translation = mapping.translation
        if translation and own.secrets.api_key(translation.account) is None:
            name = key_name(translation.account)
            message = f"{name} is not set: leads wait until it is."
            yield Finding(translation.account_place, "key_not_set", message, f"set {name}", "notice")


def _named(mapping: records.Mapping) -> Iterator[tuple[str, str, Place]]:
    """Every variable that a mapping's `auth` names: its key, its name, and where that stands."""
    intake = mapping.intake
    if intake is None:
        return
    for key, names in intake.auth.items():
        yield from ((key, name, intake.places.get(key, Place(mapping.file))) for name in names)
    place = intake.places.get("access_token", Place(mapping.file))
    yield from ((f"access_token.{page}", name, place) for page, name in intake.access_tokens.items())


COMMANDS = {"check": check}
