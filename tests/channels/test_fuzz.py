"""What vendors post, with strange parts in it, and whoever pretends to be one: every channel, by made-up examples."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from ingest.channels import CHANNELS
from ingest.channels.base import Auth, Inbound
from ingest.channels.payload import loads
from ingest.errors import Refusal
from ingest.models import Signature
from ingest.values import normalise_key
from tests.web.house import PAYLOADS
from tests.web.test_hooks import JSON_VALUES, replace

SECRET = "what nobody guesses"
KNOWN = [
    (channel, json.loads((PAYLOADS / f"{file}.json").read_text(encoding="utf-8")))
    for channel, file in (
        ("facebook", "facebook_batch"),
        ("google_ads", "google_ads"),
        ("typeform", "typeform"),
        ("webflow", "webflow"),
        ("shopify", "shopify_customer"),
        ("shopify", "shopify_order"),
        ("zapier", "zapier_flat"),
        ("json", "make_array"),
        ("form", "zapier_flat"),
        ("elementor", "zapier_flat"),
    )
]
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(
        "Authorization X-Api-Key X-Hub-Signature-256 Typeform-Signature x-webflow-signature x-webflow-timestamp "
        "X-Shopify-Hmac-SHA256 X-Shopify-Topic X-Signature X-Time Idempotency-Key".split()
    ),
    TEXT | st.sampled_from(["sha256=" + "0" * 64, "Bearer ", "Basic Og==", "1700000000", "customers/create"]),
    max_size=4,
)


def posted(payload: Any, headers: dict[str, str]) -> Inbound:
    return Inbound("POST", Headers(list(headers.items())), {}, json.dumps(payload).encode(), "application/json")


@given(st.sampled_from(KNOWN), st.lists(st.tuples(st.integers(0, 60), JSON_VALUES), max_size=3), HEADERS)
def test_a_vendors_post_with_strange_parts_is_leads_or_a_refusal(
    known: tuple[str, Any], changes: list[tuple[int, Any]], headers: dict[str, str]
) -> None:
    """Whatever stands in the place of anything; and what is stored can be read again, and is a lead."""
    channel, payload = CHANNELS[known[0]], json.loads(json.dumps(known[1]))
    for place, value in changes:
        replace(payload, place, value)
    try:
        notices = channel.parse(posted(payload, headers)).notices
    except Refusal as refusal:
        assert refusal.status in {400, 413, 415}
        return
    for notice in notices:
        stored = loads(notice.raw)
        lead = channel.lead(stored, stored if channel.remote else None)
        for name, value in lead.fields.items():
            assert name == normalise_key(name)
            assert value
            assert all(isinstance(one, str) for one in ([value] if isinstance(value, str) else value))
        assert stored == notice.payload or known[0] == "json"


@given(st.sampled_from(KNOWN), HEADERS)
def test_nobody_proves_what_he_does_not_know(known: tuple[str, Any], headers: dict[str, str]) -> None:
    """Made-up tokens and signatures are refused with 401 or 403, and nothing else happens."""
    channel = CHANNELS[known[0]]
    keys = channel.auth if channel.secret_key else {}
    how = Signature("X-Signature", timestamp_header="X-Time", signed="{timestamp}.{body}", key="hmac.secret")
    auth = Auth({key: [SECRET, "another secret"] for key in keys}, how)
    try:
        channel.verify(posted(known[1], headers), auth)
    except Refusal as refusal:
        assert refusal.status in {401, 403}
        return
    assert not keys
