from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from ingest import settings
from ingest.channels import CHANNELS
from ingest.cli.findings import FORMATS, are_problems, in_order, summed_up
from ingest.cli.mappings import catalog_of, find_mapping, tell_of_samples
from ingest.cli.own_pages import bad_pages
from ingest.cli.posting import Poster
from ingest.errors import Finding, Place, Refusal
from ingest.mapping import records
from ingest.mapping.document.nodes import Node
from ingest.mapping.lint.fields import Fields
from ingest.mapping.lint.lint import lint
from ingest.mapping.records import Catalog
from ingest.mapping.schema.readers import looks_secret
from ingest.settings import SECRET_NAMES, Settings, key_name
from ingest.values import flatten, normalise_key


@click.command()
@click.argument("names", nargs=-1)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--sandbox", is_flag=True, help="As `ingest run --sandbox` has it: secrets need not be set.")
@click.option("--live", "ask", is_flag=True, help="Ask AiSensy about the campaigns, and fetch the media.")
@click.option(
    "--write-accounts", "write", is_flag=True, help="With --live: write what AiSensy tells to _accounts.yaml."
)
def check(names: tuple[str, ...], form: str, *, as_json: bool, sandbox: bool, ask: bool, write: bool) -> None:
    """Tell every finding in the mappings and the settings; exit 1 where there is one.

    NAMES are endpoints or files: only what is found in these is told.

    \b
    Example:
      ingest check --format github
    """
    if write and not ask:
        raise click.UsageError("--write-accounts writes what AiSensy tells: it needs --live.")
    form = "json" if as_json else form
    own = settings.load()
    tell_of_samples(own)
    catalog = catalog_of(own)
    asked = _asked(catalog, own, sandbox=sandbox, write=write) if ask else []
    catalog = catalog_of(own) if write else catalog
    files: set[Path] = set()
    for name in names:
        catalog, named = _files(name, catalog, own)
        files |= named
    found, secrets = findings_of(catalog, own, sandbox=sandbox)
    live = {(one.place, one.code) for one in asked}  # which say more of the same
    found = [*(one for one in found if (one.place, one.code) not in live), *asked]
    wanted = (one for one in found if not names or Path(one.place.file).resolve() in files)
    findings = _each_key_once(in_order(wanted))
    click.echo(FORMATS[form](findings, secrets), nl=False)
    if form == "text":
        click.echo(summed_up(findings), err=True)
    sys.exit(1 if are_problems(findings) else 0)


def findings_of(catalog: Catalog, own: Settings, *, sandbox: bool = False) -> tuple[list[Finding], list[str]]:
    """Everything that is wrong with the mappings, and the secrets that must not be shown beside it.

    With `sandbox` secrets need not be set.
    """
    secrets = _secrets(catalog, own)
    findings = [*catalog.findings, *lint(catalog, known_fields, secrets, own.default_country), *bad_pages(catalog)]
    if not sandbox and not own.sandbox:
        findings += _unset(catalog, own)
    return findings, secrets


def _each_key_once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings; that a key is not set is told where it is needed first, as many mappings may need it."""
    first: dict[str, Finding] = {}
    return [one for one in findings if one.code != "key_not_set" or first.setdefault(one.message, one) is one]


def _files(name: str, catalog: Catalog, own: Settings) -> tuple[Catalog, set[Path]]:
    """The file that is named, or an endpoint's with those that it extends; and the catalogue, with a file that
    stands elsewhere. Raises UsageError.
    """
    path = Path(name).resolve()
    if path in {Path(file).resolve() for file in catalog.files}:
        return catalog, {path}
    mapping = find_mapping(name, own)
    if name not in catalog.mappings:
        mappings = {**catalog.mappings, name: mapping}
        files = (*catalog.files, *mapping.sources)
        catalog = replace(catalog, mappings=mappings, findings=[*catalog.findings, *mapping.findings], files=files)
    return catalog, {Path(file).resolve() for file in mapping.sources}


def known_fields(mapping: records.Mapping) -> Fields:
    """The fields that a mapping's leads may have: of its tests and form, and those that its channel's leads have."""
    intake, translation = mapping.intake, mapping.translation
    if intake is None:
        return Fields(frozenset(), whole=False)
    found = {normalise_key(name) for name in (intake.form.fields if intake.form else ())}
    for test in translation.tests if translation else ():
        found |= set(_fields(intake, test))
    channel = CHANNELS.get(intake.channel)
    if channel is None:
        return Fields(frozenset(), whole=False)
    own = channel.fields if channel.own_ids else frozenset()
    whole = bool(found) and not (translation and translation.faulty_tests)  # which may have named others
    return Fields(frozenset(found | channel.fields), whole, own, channel.beginnings)


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
    names = {*SECRET_NAMES, *(name for mapping in catalog.mappings.values() for _, name, _ in _named(mapping))}
    names |= {key_name(one.translation.account) for one in catalog.mappings.values() if one.translation}
    return [secret for name in sorted(names) if (secret := own.secrets.get(name))]


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
            if own.secrets.get(name) is None and not looks_secret(name):  # which is told of already
                hint = f"set {name} in the environment or .env"
                yield Finding(place, "secret_not_set", f"{key}: {name} is not set.", hint, "warning")
        translation = mapping.translation
        known = not catalog.accounts or (translation and translation.account in catalog.accounts)
        if translation and known and own.secrets.api_key(translation.account) is None:
            name = key_name(translation.account)
            message = f"{name} is not set: leads wait until it is."
            yield Finding(translation.account_place, "key_not_set", message, f"set {name}", "notice")


def _named(mapping: records.Mapping) -> Iterator[tuple[str, str, Place]]:
    """Every variable that a mapping's intake names: its key, its name, and where that stands."""
    intake = mapping.intake
    if intake is None:
        return
    named = [(f"auth.{key}", name, key) for key, names in intake.auth.items() for name in names]
    named += [(f"auth.access_token.{page}", name, "access_token") for page, name in intake.access_tokens.items()]
    if intake.form and intake.form.captcha:
        named.append(("form.captcha.secret", intake.form.captcha.secret, "captcha"))
    for shown, name, key in named:
        yield shown, name, intake.places.get((key, name), intake.place)


COMMANDS = {"check": check}
