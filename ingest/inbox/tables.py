from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A time as milliseconds since 1970: the same on both stores, sortable, and quick to compare."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> int | None:  # noqa: ARG002, D102 - SQLAlchemy's
        return None if value is None else int(value.timestamp() * 1000)

    def process_result_value(self, value: int | None, dialect: object) -> datetime | None:  # noqa: ARG002, D102 - the same
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


CLAIMABLE = text("status IN ('pending', 'waiting')")
HELD = text("status = 'held'")
OWNED = text("owner IS NOT NULL")
STOPPED = text("status IN ('held', 'failed', 'skipped')")
HAS_EXTERNAL = text("external_id IS NOT NULL")
HAS_FORM = text("form_id IS NOT NULL")
HAS_PHONE = text("phone IS NOT NULL")
"""Conditions of partial indexes. Queries use them as they stand: with parameters no store knows that the index fits."""

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("external_id", Text),  # the vendor's or the sender's id; none where the identity is a hash
    Column("received_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON, as it came
    Column("lead", LargeBinary),  # what resolving gave (Facebook: the Graph document), JSON
    Column("name", Text),  # for people's searches
    Column("phone", Text),
    Column("erased_at", Moment),  # when its people's data was taken out; none while it is there
    Column("via", Text, nullable=False, server_default="webhook"),
    Column("form_id", Text),  # the vendor's, of leads that must not go missing
    Column("page_id", Text),
    Index("events_form", "form_id", "received_at", sqlite_where=HAS_FORM, postgresql_where=HAS_FORM),
    Index("events_external", "external_id", sqlite_where=HAS_EXTERNAL, postgresql_where=HAS_EXTERNAL),
    Index("events_phone", "phone", sqlite_where=HAS_PHONE, postgresql_where=HAS_PHONE),
    sqlite_with_rowid=False,
)

identities = Table(
    "identities",
    metadata,
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("expires_at", Moment),
    PrimaryKeyConstraint("source", "external_id"),
    Index(
        "identities_expiring",
        "expires_at",
        sqlite_where=Column("expires_at").is_not(None),
        postgresql_where=Column("expires_at").is_not(None),
    ),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("position", Integer, nullable=False),  # 0 for the first route that held, 1 for the next
    Column("endpoint", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("lane", Text, nullable=False),  # whose turn it waits for: its account's, or a look-up's
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("error", Text),
    Column("route", Text),
    Column("campaign", Text),
    Column("request", Text),  # the AiSensy body without the key, JSON
    Column("version", Text),  # of the mapping, when it was last translated
    Column("tried", Text, nullable=False),  # the mapping's versions that were found wanting: "a1b2 c3d4"
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False, server_default="0"),  # attempts before a person replayed it
    Column("waived", Text, nullable=False, server_default=""),  # reasons that a person has overruled
    Column("fetches", Integer, nullable=False),  # failed look-ups of the lead
    Column("on_timeout", Text),  # what the mapping wants done when nobody knows whether it was sent
    # When to take it up. A claim moves it to the end of its lease, so that a dead worker's deliveries come back by
    # themselves; none while it waits for a person.
    Column("due_at", Moment),
    Column("owner", Text),  # the worker that has it
    Column("updated_at", Moment, nullable=False),
    Index("deliveries_event", "event_id", "position", unique=True),
    Index(
        "deliveries_due",
        "lane",
        "due_at",
        sqlite_where=CLAIMABLE,
        postgresql_where=CLAIMABLE,
    ),
    Index(
        "deliveries_owner",
        "owner",
        sqlite_where=OWNED,
        postgresql_where=OWNED,
    ),
    Index(
        "deliveries_held",
        "endpoint",
        sqlite_where=HELD,
        postgresql_where=HELD,
    ),
    Index("deliveries_stopped", "status", "event_id", sqlite_where=STOPPED, postgresql_where=STOPPED),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("http_status", Integer),
    Column("message", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("message_id", Text),
    PrimaryKeyConstraint("delivery_id", "number", "verdict"),  # a late answer adds to its ambiguous attempt
    sqlite_with_rowid=False,
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("reason", Text),  # why it is paused: no_key or account_paused; none while it is open
    Column("message", Text),
    Column("until", Moment),  # of the next probe; none: until the key comes, or a person resumes it
    Column("pauses", Integer, nullable=False),  # in a row
    Column("updated_at", Moment, nullable=False),
)

paces = Table(
    "paces",
    metadata,
    Column("account", Text, primary_key=True),
    Column("next_at", BigInteger, nullable=False),  # of the next request, in microseconds since 1970
    Column("failures", Integer, nullable=False),  # transient ones in a row
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("account", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("version", Text, nullable=False),  # of the mapping
    Column("sent", Boolean, nullable=False),  # whether AiSensy ever took one
    Column("refusals", Integer, nullable=False),  # in a row
    Column("message", Text),
    Column("until", Moment),  # of the next probe; none while it is open
    Column("pauses", Integer, nullable=False),  # in a row
    PrimaryKeyConstraint("account", "campaign", "version"),
    sqlite_with_rowid=False,
)

messages = Table(
    "messages",  # what policies count: one row for each delivery that a limit has let through
    metadata,
    Column("delivery_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # duplicate | cap
    Column("key", Text, nullable=False),  # a keyed hash
    Column("at", Moment, nullable=False),
    Column("until", Moment, nullable=False),  # it counts no longer
    PrimaryKeyConstraint("delivery_id", "kind"),
    Index("messages_key", "key", "at"),
    Index("messages_until", "until"),
    sqlite_with_rowid=False,
)

optouts = Table(
    "optouts",
    metadata,
    Column("person", Text, primary_key=True),  # a keyed hash of the number
    Column("created_at", Moment, nullable=False),
)

intakes = Table(
    "intakes",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("document", Text, nullable=False),  # the last good intake sections, JSON
)

keys = Table(
    "keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

jobs = Table(
    "jobs",  # what one worker of all does now and then
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", Moment, nullable=False),  # when it was first known
    Column("next_at", Moment, nullable=False),
)

form_days = Table(
    "form_days",  # a lead form's leads of one day (UTC), at Meta and here, as they were last compared
    metadata,
    Column("form_id", Text, nullable=False),
    Column("day", Text, nullable=False),  # ISO 8601
    Column("page_id", Text, nullable=False),
    Column("form_name", Text, nullable=False),
    Column("meta", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("missed", Integer, nullable=False),  # of them, those whose webhook never came
    Column("checked_at", Moment, nullable=False),
    PrimaryKeyConstraint("form_id", "day"),
    sqlite_with_rowid=False,
)
