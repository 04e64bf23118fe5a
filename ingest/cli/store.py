"""What commands share that look into the store: opening it, filters, and the names that are known."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import marshmallow as ma
from sqlalchemy import Connection

from ingest import settings
from ingest.channels import CHANNELS
from ingest.cli import nearest
from ingest.cli.mappings import catalog_of
from ingest.cli.run import SANDBOX_STORE
from ingest.delivery.people import Person
from ingest.errors import Hold
from ingest.inbox import Inbox, names, people, reads
from ingest.inbox.reads import Filter
from ingest.mapping.filters.phones import phone as read_phone
from ingest.mapping.records import Catalog
from ingest.mapping.schema import readers
from ingest.models import Reason, Status, utcnow
from ingest.settings import KEY

F = TypeVar("F", bound=Callable[..., Any])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
sandbox_option = click.option("--sandbox", is_flag=True, help="Look into the sandbox's store.")


@contextmanager
def opened(*, sandbox: bool) -> Iterator[Inbox]:
    """The store that the command line asks for: the sandbox's where told, or where there is no other."""
    own = settings.load()
    default = settings.Settings.database_url
    if not sandbox and own.database_url == default and own.sqlite_path and not own.sqlite_path.exists():
        sandbox = Path(SANDBOX_STORE.removeprefix("sqlite:///")).exists()
        if sandbox:
            click.echo("This is the sandbox's store, data/sandbox.db: there is no other yet.", err=True)
    if sandbox:
        own = replace(own, database_url=SANDBOX_STORE)
    inbox = Inbox(own.database_url)
    try:
        yield inbox
    finally:
        inbox.close()


def filters(command: F) -> F:
    """The options that narrow leads."""
    for option in reversed(
        (
            click.option("--status", type=click.Choice(list(map(str, Status))), help="Deliveries that stand so."),
            click.option("--reason", type=click.Choice(list(map(str, Reason))), help="Deliveries with this reason."),
            click.option("--endpoint", help="Leads of this endpoint."),
            click.option("--channel", type=click.Choice(list(CHANNELS)), help="Leads of this channel."),
            click.option("--campaign", help="Deliveries of this campaign."),
            click.option("--account", help="Deliveries of this account."),
            click.option("--phone", help="Leads of this number, however it is written."),
            click.option("--since", help="Leads that came since then: 2d, 12h, 2026-11-24, 2026-11-24T09:30."),
            click.option("--until", help="Leads that came before then."),
        )
    ):
        command = option(command)
    return command


def wanted(connection: Connection, **asked: Any) -> Filter:
    """The filter of those options. Raises UsageError for a name that nothing has, with the nearest ones."""
    country = settings.load().default_country
    if asked["endpoint"] is not None:
        _known("endpoint", asked["endpoint"], [*_catalog().mappings, *names.endpoints(connection)])
    if asked["account"] is not None:
        known_account(connection, asked["account"])
    if asked["campaign"] is not None:
        _known_campaign(connection, asked["campaign"])
    phones = None if asked["phone"] is None else _spellings(asked.pop("phone"), country)
    ids: tuple[str, ...] = ()
    if phones and phones[-1].startswith("+"):
        person = Person(phones[-1], country)
        unknown = people.bodies(connection, unknown=True)
        ids = tuple(row.id for row in unknown if person.stands_in(row.body, row.lead, None))
    for name in ("since", "until"):
        asked[name] = None if asked[name] is None else moment_of(asked[name], f"--{name}")
    asked.pop("phone", None)
    return Filter(**asked, phones=phones, ids=ids)


def known_account(connection: Connection, name: str) -> str:
    """An account's name. Raises UsageError for one that no mapping, no key, no file and no lead knows."""
    catalog = _catalog()
    keys = [variable.removeprefix(f"{KEY}__").lower() for variable in os.environ if variable.startswith(f"{KEY}__")]
    mapped = [one.translation.account for one in catalog.mappings.values() if one.translation]
    _known("account", name, ["default", *catalog.accounts, *mapped, *keys, *names.accounts_of(connection)])
    return name


def find_lead(connection: Connection, asked: str) -> str:
    """The id of a lead: LEAD is its id, the beginning of it, or the sender's id. Raises UsageError."""
    found = reads.find(connection, asked) if asked else []
    if len(found) == 1 or asked in found:
        return asked if asked in found else found[0]
    if found:
        raise click.UsageError(f"{asked} may mean {len(found)} leads: {', '.join(found[:5])}. Give more of the id.")
    raise click.UsageError(
        f"No lead is known as {asked}.{nearest(asked, names.newest_leads(connection))} `ingest leads` lists them."
    )


def whole_number(text: str) -> str:
    """A phone number in E.164, of the country of the settings where it names none. Raises UsageError."""
    try:
        return read_phone(text, home=settings.load().default_country)
    except Hold as hold:
        raise click.UsageError(f"{text}: {hold.message}. Write it whole, like +919876543210.") from None


def _catalog() -> Catalog:
    return catalog_of(settings.load())


def _known(what: str, name: str, there: Iterable[str]) -> None:
    known = sorted(set(there))
    if name not in known:
        close = nearest(name, known) or (f" There are: {', '.join(known[:10])}." if known else "")
        raise click.UsageError(f"No {what} is called {name}.{close}")


def _known_campaign(connection: Connection, name: str) -> None:
    written = [
        route.request.texts["campaignName"].source
        for mapping in _catalog().mappings.values()
        for route in (mapping.translation.routes if mapping.translation else ())
    ]
    if name not in written and not names.has_campaign(connection, name):
        _known("campaign", name, [one for one in written if "{{" not in one] + names.campaigns_of(connection))


def _spellings(text: str, country: str) -> tuple[str, ...]:
    try:
        return text, read_phone(text, home=country)
    except Hold:
        return (text,)  # a lead whose number is none is found by what it wrote


def moment_of(text: str, option: str) -> datetime:
    """A time as people type it: `2d` ago, or a date. Raises UsageError."""
    try:
        return max(utcnow() - readers.duration(text), EPOCH)
    except ma.ValidationError:
        pass
    except OverflowError:
        return EPOCH
    try:
        found = datetime.fromisoformat(text)
        return max((found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC), EPOCH)
    except (ValueError, OverflowError):
        raise click.UsageError(f"{option}: {text} is no time. Write 2d, 12h, 2026-11-24 or 2026-11-24T09:30.") from None
