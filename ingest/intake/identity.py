from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import Notice
from ingest.inbox import Inbox
from ingest.intake.endpoints import Endpoint
from ingest.mapping import render
from ingest.models import Identity, Meta, Via

_LONGEST = 255  # characters of an external id that are shown


@dataclass(frozen=True, slots=True)
class Identified:
    """What a notice is known by: its identity in the ledger, and the id that people know it by, where it has one."""

    identity: Identity
    external_id: str | None = None


def of(
    notice: Notice,
    called: Endpoint,
    owner: Endpoint,
    received_at: datetime,
    inbox: Inbox,
    *,
    via: Via = Via.WEBHOOK,
) -> Identified:
    """What makes a notice the same as another: the vendor's or the sender's id, else the mapping's `event_id`.

    Else a keyed hash of endpoint and content, for as long as the mapping's `duplicate_events` says; and for ever among
    the rows of files.
    """
    sources = tuple(
        dict.fromkeys(source for one in (called, owner) for source in one.channel.sources(one.name, one.intake.auth))
    )
    given = values.clean(notice.external_id or "") or _from_mapping(notice, owner, received_at)
    # A form that a robot filled in never stands for the same one sent by a person.
    held = f"{notice.hold} " if notice.hold else ""
    if given:
        known = given if owner.channel.own_ids and len(given) <= _LONGEST else _hash(f"{held}{given}".encode(), inbox)
        also = _wherever(f"{held}{given}", notice, owner, inbox)
        return Identified(Identity(sources, known, also=also), given[:_LONGEST])
    content = [owner.name, notice.hold, owner.channel.content(notice.payload)]
    hashed = _hash(bodies.dumps(content, sort_keys=True), inbox)
    lasting = _as_row(notice, owner, inbox) if via is Via.IMPORT else ()
    return Identified(Identity(sources, hashed, received_at + owner.intake.duplicate_events, lasting=lasting))


def _wherever(given: str, notice: Notice, owner: Endpoint, inbox: Inbox) -> tuple[tuple[str, str], ...]:
    """The name of an event of a channel that has no secret, and so no source but its endpoint.

    Two forms may number their entries alike, so that an id alone says little; the same id with the same content is the
    same event, whatever its mapping's file is called by now.
    """
    if owner.channel.secret_key is not None:
        return ()
    content = [given, owner.channel.content(notice.payload)]
    return ((owner.channel.name, _hash(bodies.dumps(content, sort_keys=True), inbox)),)


def _as_row(notice: Notice, owner: Endpoint, inbox: Inbox) -> tuple[tuple[str, str], ...]:
    """The name of a row that no id tells from others: a file that is imported again, next year too, messages nobody.

    It is made of the fields, so that a file that was saved by another program, with its columns moved, is the same.
    Another mapping may take the same file: that is how people are told of something else.
    """
    fields = values.flatten(owner.channel.content(notice.payload))
    return ((f"import:{owner.name}", _hash(bodies.dumps(fields, sort_keys=True), inbox)),)


def _from_mapping(notice: Notice, owner: Endpoint, received_at: datetime) -> str | None:
    if owner.intake.event_id is None:
        return None
    lead = owner.channel.lead(notice.payload)
    return render.event_id(owner.intake, lead, Meta(owner.channel.name, owner.name, received_at=received_at))


def _hash(content: bytes, inbox: Inbox) -> str:
    return f"hash:{hmac.new(inbox.hash_key(), content, hashlib.sha256).hexdigest()}"
