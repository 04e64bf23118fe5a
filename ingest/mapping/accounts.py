from __future__ import annotations

from pathlib import Path
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.errors import Finding
from ingest.mapping.document import reading
from ingest.mapping.records import Account, Campaign
from ingest.mapping.schema import readers
from ingest.mapping.schema.fields import Read, Strict, Text, about
from ingest.mapping.schema.validation import validate


class CampaignSchema(Strict):
    """One of an account's campaigns."""

    params = f.Integer(
        strict=True, validate=ma.validate.Range(0), metadata=about("How many `templateParams` its template takes.", 1)
    )
    media = Text(metadata=about("What kind of `media` it needs; leave it out where it needs none.", "image"))


class AccountSchema(Strict):
    """One of `_accounts.yaml`'s accounts."""

    url = Read(
        readers.web_address,
        metadata=about(
            "Where its requests go, where that is not `AISENSY_URL`.", "https://reseller.example/campaign/t1/api"
        ),
    )
    pace = Read(
        readers.rate, metadata=about("At most so many requests, of all processes together.", "20/second", "1000/day")
    )
    in_flight = f.Integer(
        strict=True,
        validate=ma.validate.Range(1, 1000),
        metadata=about("At most so many requests under way at once, of all processes together.", 4),
    )
    campaigns = f.Dict(
        Text(),
        f.Nested(CampaignSchema, allow_none=True),
        metadata=about(
            "The campaigns that are there, by name, with what `ingest check` compares.",
            {"welcome_lead": {"params": 1}, "diwali_offer": {"params": 1, "media": "image"}},
        ),
    )
    tags = f.List(Text(), metadata=about("The tags that are there.", ["facebook", "ig"]))
    attributes = f.List(Text(), metadata=about("The attributes that are there.", ["city"]))


class AccountsSchema(Strict):
    """`_accounts.yaml`."""

    accounts = f.Dict(
        Read(readers.name),
        f.Nested(AccountSchema, allow_none=True),
        required=True,
        metadata=about(
            "What exists in AiSensy, by the account's name: `acme` is the key `AISENSY_API_KEY__ACME`.",
            {"default": {"tags": ["facebook"]}, "acme": {"pace": "20/second"}},
        ),
    )


def read_accounts(path: Path) -> tuple[dict[str, Account], list[Finding]]:
    """What `_accounts.yaml` says exists in AiSensy; nothing where there is no such file."""
    if not path.is_file():
        return {}, []
    document = reading.read(path, str(path))
    node = document.node
    findings = [*document.findings, *(validate(AccountsSchema(), node).findings if node else [])]
    if node is None or any(finding.severity == "error" for finding in findings):
        return {}, findings
    return {name: _account(name, data or {}) for name, data in node.get("accounts").items()}, findings


def _account(name: str, data: dict[str, Any]) -> Account:
    pace = data.get("pace")
    count, period = readers.rate(pace) if pace else (None, None)
    campaigns = data.get("campaigns")
    return Account(
        name=name,
        url=data.get("url"),
        pace=count / period.total_seconds() if count and period else None,
        in_flight=data.get("in_flight"),
        campaigns=None if campaigns is None else {each: Campaign(**(about or {})) for each, about in campaigns.items()},
        tags=None if data.get("tags") is None else tuple(data["tags"]),
        attributes=None if data.get("attributes") is None else tuple(data["attributes"]),
    )
