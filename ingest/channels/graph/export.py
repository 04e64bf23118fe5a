"""The rows of Facebook's own exports of leads, as what the Graph API gives for a lead.

https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving: CSV or TSV, what Facebook tells of a lead
in the first columns, then one for each question, named as the Graph API names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import Notice
from ingest.channels.facebook import Facebook

_FACEBOOK = Facebook()
_WHAT = "Facebook's export"
_IDS = ("id", "ad_id", "adset_id", "campaign_id", "form_id")
_TEXTS = ("ad_name", "adset_name", "campaign_name", "form_name", "platform")
_METADATA = frozenset({"created_time", "is_organic", *_IDS, *_TEXTS})
_PROOF = frozenset({"id", "created_time", "form_id"})
_ITS_OWN = frozenset({"inbox_url", "lead_status"})
"""What Facebook adds of its Leads Centre; no lead has it by webhook."""

_POSTCODES = frozenset("post_code postal_code postcode zip_code zip".split())
_ID = re.compile(r"(?:(?:l|ag|as|c|f):)?([A-Za-z0-9_-]{1,128})")  # a text where the token may not see the ad
_PHONE = re.compile(r"p:(?=[+(\d<])")  # `<`: a test lead's dummy data
_GRAPH_TIME = "%Y-%m-%dT%H:%M:%S+0000"


def is_export(columns: Sequence[str]) -> bool:
    """Whether a file with these columns is an export of Facebook's."""
    keys = {values.normalise_key(name) for name in columns if name}
    return keys >= _PROOF and bool(keys & {"ad_id", "is_organic", "platform"})


def plain(columns: Sequence[str], cells: Sequence[str]) -> list[str]:
    """A row's cells without the letters that keep spreadsheets from taking ids and phones for numbers."""
    return [_plain(values.normalise_key(name), cell) for name, cell in zip(columns, cells, strict=True)]


def notice(columns: Sequence[str], cells: Sequence[str]) -> Notice:
    """The notice of a row's lead, with the lead's document. Raises Refusal, which tells no person's data."""
    told, answers = _parted(columns, cells)
    created_at = values.moment(told.get("created_time"))
    if created_at is None:  # nobody could tell then whether the lead is too old to be messaged
        raise bodies.wrong("created_time", "is no time as Facebook writes it", _WHAT)
    ids = {name: match[1] for name in _IDS if (match := _ID.fullmatch(told.get(name, "")))}
    texts = {name: told[name] for name in _TEXTS if name in told}
    document: dict[str, Any] = {**ids, **texts, "created_time": created_at.strftime(_GRAPH_TIME)}
    if "is_organic" in told:
        document["is_organic"] = told["is_organic"].lower() in {"true", "1"}
    document["field_data"] = answers
    bodies.check_item(document)
    found = _FACEBOOK.found(document, ids.get("form_id", ""), "")
    if found is None:
        raise bodies.wrong("id", "is no lead's id", _WHAT)
    return found


def _parted(columns: Sequence[str], cells: Sequence[str]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """What Facebook tells of a lead, by the Graph API's names, and the person's answers."""
    told: dict[str, str] = {}
    answers = []
    for name, key, text in _filled(columns, cells):
        if key in _METADATA and key not in told:
            told[key] = text
        else:
            answers.append({"name": name, "values": [_plain(key, text)]})
    return told, answers


def _filled(columns: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for name, text in zip(columns, cells, strict=True):
        key = values.normalise_key(name)
        if name and text and key not in _ITS_OWN:
            yield name, key, text


def _plain(key: str, text: str) -> str:
    if key in _IDS:
        known = _ID.fullmatch(text)
        return known[1] if known else text
    if key in _POSTCODES:
        return text.removeprefix("z:")
    phone = _PHONE.match(text)
    return text[phone.end() :] if phone else text
