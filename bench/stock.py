"""A store as it is after a month: leads that came one after the other, and what became of them. No chance in it."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.load import zapier
from ingest.ids import id_at
from ingest.inbox import Inbox
from ingest.inbox.prepared import millis
from ingest.models import utcnow

MONTH = timedelta(days=30)
SOURCE = "zapier:ZAPIER_TOKEN"
CHUNK = 20_000
VERSION = "0a1b2c3d4e5f"
ANSWER = '{"success":"true","submitted_message_id":"f01937cb"}'
COLUMNS = {
    "events": "id endpoint channel received_at body name phone",
    "identities": "source external_id lead_id",
    "deliveries": "id event_id position endpoint account lane status reason error campaign request version tried"
    " attempts fetches on_timeout updated_at",
    "attempts": "delivery_id number started_at duration_ms verdict http_status message answer message_id",
}
SENT = ("sent", None, None)
HELD = ("held", "phone_invalid", "phone_invalid no phone number that can be called")
FAILED = ("failed", "number_rejected", "The number is not on WhatsApp")
Rows = dict[str, tuple[Any, ...]]
"""What each table has of one lead."""


def fill(path: Path, count: int) -> None:
    """So many leads of the last 30 days in a new store.

    Rows come as the program writes them, in the order of time and index by index, so that the trees are as full as
    those of a store that has grown; only the disk is not waited for.
    """
    Inbox(f"sqlite:///{path}").close()
    start, step = millis(utcnow() - MONTH), MONTH.total_seconds() * 1000 / max(count, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for first in range(0, count, CHUNK):
            leads = [_lead(number, start + int(number * step)) for number in range(first, min(first + CHUNK, count))]
            for table, columns in COLUMNS.items():
                names = columns.split()
                sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
                connection.executemany(sql, (rows[table] for rows in leads if table in rows))
        connection.execute("COMMIT")
    os.sync()  # what the machine still has to write would disturb what is measured next


def phone_of(number: int) -> str:
    """A person's number; neighbours in time are none in an index of numbers."""
    return f"+9198{number * 7919 % 10**8:08}"


def hashed(text: str) -> str:
    """What web/identity.py makes of a sender's key or of a body: as long, and as scattered."""
    return f"hash:{hashlib.sha256(text.encode()).hexdigest()}"


def _lead(number: int, at: int) -> Rows:
    """One lead in five is of a form, 1 in 100 is held, 1 in 50 has failed, all others are sent."""
    moment = id_at(datetime.fromtimestamp(at / 1000, UTC))
    event, delivery = f"{moment}{number:010}e", f"{moment}{number:010}m"
    endpoint = "website" if number % 5 == 4 else "zapier"
    status, reason, error = HELD if number % 100 == 7 else FAILED if number % 50 == 3 else SENT
    name, phone = f"Asha Rao {number}", phone_of(number)
    request = None
    if status != "held":
        request = json.dumps(
            {
                "campaignName": "welcome_lead",
                "destination": phone,
                "userName": name,
                "source": "Bench",
                "templateParams": ["Asha"],
                "tags": ["bench", "Pune"],
                "attributes": {"city": "Pune"},
            }
        )
    tried, verdict, http = ("", "sent", 200) if status == "sent" else (VERSION, "number", 400)
    channel = "form" if endpoint == "website" else "zapier"
    rows: Rows = {
        "events": (event, endpoint, channel, at, zapier(number).encode(), name, phone),
        # Of a key that the sender gave: those of bodies expire within minutes, these stay.
        "identities": (SOURCE, hashed(str(number)), event),
        "deliveries": (
            *(delivery, event, 0, endpoint, "default", "default", status, reason, error, "welcome_lead", request),
            *(VERSION, tried, int(status != "held"), 0, "hold", at + 120),
        ),
    }
    if status != "held":
        rows["attempts"] = (delivery, 1, at + 60, 55, verdict, http, error or "", ANSWER, "f01937cb")
    return rows
