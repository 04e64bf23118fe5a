"""Leads a second that one process translates, beside the same requests made by hand-written Python.

Both begin with a lead's fields, and end with a request that AiSensy's schema was asked about.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.table import Row
from ingest.aisensy import schema
from ingest.channels import CHANNELS, KINDS
from ingest.channels.payload import loads
from ingest.delivery.prepare import prepare
from ingest.ids import new_id
from ingest.mapping import loader
from ingest.mapping.filters.names import first_name, title
from ingest.mapping.filters.numbers import number
from ingest.mapping.filters.phones import phone
from ingest.mapping.filters.texts import email
from ingest.mapping.render import translate
from ingest.models import Delivery, Event, Identity, Lead, Meta, Status, utcnow

LEADS = 5000
MAPPING = """
channel: zapier
auth: {token: ZAPIER_TOKEN}
request:
  campaignName: welcome_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name | default('friend') | title }}"
  source: "Bench {{ lead.source | default('direct') }}"
  tags: [bench, "{{ lead.city }}", "{{ lead.interests }}"]
  templateParams:
    - "{{ lead.name | default('there') | first_name | title }}"
    - "{{ lead.visit | date('%d %b %Y') }}"
    - "{{ 'premium' if lead.budget | default('0') | number > 50000 else 'standard' }}"
  attributes:
    city: "{{ lead.city | title }}"
    email: "{{ lead.email | email }}"
"""
Made = tuple[dict[str, Any], str]
"""A request, and the JSON that the store keeps of it."""


def measure(folder: Path, rounds: int) -> Iterator[Row]:
    """A row for translating, and one for all that a worker does before a request may leave."""
    (folder / "translation").mkdir()
    (folder / "translation" / "zapier.yaml").write_text(MAPPING)
    catalog = loader.load(folder / "translation", KINDS)
    assert not catalog.findings, catalog.findings
    translation = catalog.mappings["zapier"].translation
    assert translation is not None

    def translated(lead: Lead) -> dict[str, Any]:
        (rendered,) = translate(translation, lead, Meta("zapier", "zapier"))
        assert rendered.request is not None and not schema.check(rendered.request)
        return rendered.request

    def prepared(delivery: Delivery) -> Made:
        ready = prepare(delivery, catalog, "bench").ready
        assert ready is not None
        return ready.request, ready.kept["request"]

    for delivery in deliveries(0):
        assert prepared(delivery) == prepared_by_hand(delivery), delivery.event.body
    starts = range(LEADS, (2 * rounds + 1) * LEADS, LEADS)
    yield _row("translation, 10 expressions", (by_hand, translated), [leads(start) for start in starts])
    yield _row("the same from body to JSON", (prepared_by_hand, prepared), [deliveries(start) for start in starts])


def _row(name: str, sides: tuple[Callable[[Any], object], Callable[[Any], object]], given: list[list[Any]]) -> Row:
    """A row of the table; no lead is translated twice, so that nothing can be remembered."""
    hand, ours = sides
    pairs = [(rate(hand, one), rate(ours, other)) for one, other in zip(given[::2], given[1::2], strict=True)]
    bare, own = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    some = leads(LEADS * 1000)
    costs = (_mean(phone, [str(one.fields["phone"]) for one in some]), _mean(schema.check, list(map(by_hand, some))))
    remark = "on both sides: phone {:.0f} µs, schema {:.0f} µs".format(*costs)
    return Row(name, f"{bare:.0f}/s", f"{own:.0f}/s", [one / base for base, one in pairs], remark)


def prepared_by_hand(delivery: Delivery) -> Made:
    """A request from the body as it came, and its JSON."""
    request = by_hand(CHANNELS["zapier"].lead(loads(delivery.event.body)))
    return request, json.dumps(request, ensure_ascii=False)


def by_hand(known: Lead) -> dict[str, Any]:
    """The same in Python, with the same phones, names and checks."""
    lead: dict[str, Any] = dict(known.fields)
    name, city, interests = lead.get("name"), lead.get("city"), lead.get("interests")
    mail = email(lead["email"]) if lead.get("email") else None
    budget = number(lead.get("budget") or "0")
    tags = ["bench", city, *(interests if isinstance(interests, list) else [interests])]
    attributes = {"city": title(city) if city else None, "email": mail}
    request = {
        "campaignName": "welcome_lead",
        "destination": phone(lead["phone"], home="IN"),
        "userName": title(name or "friend"),
        "source": f"Bench {lead.get('source') or 'direct'}",
        "templateParams": [
            title(first_name(name or "there") or ""),
            datetime.fromisoformat(lead["visit"]).astimezone(UTC).strftime("%d %b %Y"),
            "premium" if budget is not None and budget > 50_000 else "standard",
        ],
        "tags": list(dict.fromkeys(tag for tag in tags if tag)),
        "attributes": {key: value for key, value in attributes.items() if value},
    }
    if not request["attributes"]:
        del request["attributes"]
    assert not schema.check(request)
    return request


def rate(make: Callable[[Any], object], waiting: Sequence[Any]) -> float:
    """How many a second."""
    began = time.perf_counter()
    for one in waiting:
        make(one)
    return len(waiting) / (time.perf_counter() - began)


def leads(start: int) -> list[Lead]:
    """Leads, no two alike."""
    return [CHANNELS["zapier"].lead(loads(body(each))) for each in range(start, start + LEADS)]


def deliveries(start: int) -> list[Delivery]:
    """Deliveries as a worker claims them, no two alike."""
    return [_delivery(body(each)) for each in range(start, start + LEADS)]


def _delivery(content: bytes) -> Delivery:
    now = utcnow()
    event = Event(new_id(now), "zapier", "zapier", now, Identity((), ""), content)
    return Delivery(new_id(now), event, Status.PENDING, "default")


def body(each: int) -> bytes:
    """A lead's JSON: keys and phones in the spellings that forms have, and here and there something left out."""
    chance = random.Random(each)
    digits = f"98{each * 7919 % 10**8:08}"
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    lead = {
        "Name": chance.choice((f"{given} {family}", f"{given} {family}".upper(), f"Dr. {given} {family}", given, None)),
        "Phone": chance.choice((digits, f"+91 {digits[:5]} {digits[5:]}", f"0{digits}", f"91{digits}")),
        "City": chance.choice(("pune", "Mumbai", "NEW DELHI", "chennai", "")),
        "email": chance.choice((f"{given}.{each}@Example.COM", f"{each}@example.in", "none", None)),
        "Interests": chance.choice(([], ["sofas"], ["sofas", "lamps"], "beds", None)),
        "Visit": (VISIT + timedelta(minutes=each)).isoformat(),
        "Budget": chance.choice((each * 37 % 200_000, f"₹ {each % 100},{each % 900 + 100}", "2.5e5", None)),
        "Source": chance.choice(("google", "facebook", None)),
    }
    return json.dumps(lead, ensure_ascii=False).encode()


def _mean(function: Callable[[Any], object], items: Sequence[Any]) -> float:
    start = time.perf_counter()
    for item in items:
        function(item)
    return (time.perf_counter() - start) / len(items) * 1e6


GIVEN = "asha ravi fatima meena john o'hara sunil priya anil kavita मीना rahul deepa imran lakshmi arjun".split()
FAMILY = "rao kumar sheikh iyer o'brien mcdonald patel das-gupta singh nair reddy joshi शर्मा khan".split()
VISIT = datetime(2026, 1, 1, tzinfo=UTC)
