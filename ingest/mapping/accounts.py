from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.errors import Finding, MappingError, Place
from ingest.mapping import fields, patching, reading
from ingest.mapping.fields import Read, Text
from ingest.mapping.records import Account, Campaign
from ingest.mapping.schema import Strict
from ingest.mapping.validation import validate

BOM = "\ufeff"
HEADER = """\
# What exists in AiSensy, for `ingest check` to compare the mappings with.
# `ingest check --live --write-accounts` writes the campaigns; add what it can't ask for: tags, attributes, url, pace.
accounts:
"""


class CampaignSchema(Strict):
    """One of an account's campaigns."""

    params = f.Integer(strict=True, validate=ma.validate.Range(0))
    media = Text()


class AccountSchema(Strict):
    """One of `_accounts.yaml`'s accounts."""

    url = Read(fields.web_address)
    pace = Read(fields.rate)
    in_flight = f.Integer(strict=True, validate=ma.validate.Range(1, 1000))
    campaigns = f.Dict(Text(), f.Nested(CampaignSchema, allow_none=True))
    tags = f.List(Text())
    attributes = f.List(Text())


class AccountsSchema(Strict):
    """`_accounts.yaml`."""

    accounts = f.Dict(Read(fields.name), f.Nested(AccountSchema, allow_none=True), required=True)


def read_accounts(path: Path) -> tuple[dict[str, Account], list[Finding]]:
    """What `_accounts.yaml` says exists in AiSensy; nothing where there is no such file."""
    if not path.is_file():
        return {}, []
    try:
        node = reading.read(path, str(path))
    except MappingError as error:
        return {}, error.findings
    findings = validate(AccountsSchema(), node)
    if findings:
        return {}, findings
    return {name: _account(name, data or {}) for name, data in node.get("accounts").items()}, []


def _account(name: str, data: dict[str, Any]) -> Account:
    pace = data.get("pace")
    count, period = fields.rate(pace) if pace else (None, None)
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


def write_accounts(path: Path, told: Mapping[str, Mapping[str, Campaign]]) -> list[Finding]:
    """Write what AiSensy told of each account's campaigns into `_accounts.yaml`, and change nothing else in it.

    Of a campaign, None leaves what stands there, and media that is blank is taken out. A file that is wrong, or can't
    be changed so, stays as it is and has findings. The file is replaced at once, by one that is on disk.
    """
    shown = str(path)
    try:
        node = reading.read(path, shown) if path.exists() else reading.parse(HEADER, shown)
        text = path.read_bytes().decode() if path.exists() else HEADER
        mark, text = (BOM, text.removeprefix(BOM)) if text.startswith(BOM) else ("", text)
        findings = validate(AccountsSchema(), node) if path.exists() else []
        if findings or not any(told.values()):
            return findings
        patched = _patched(node.plain(), text, told, shown)
        if patched != text:
            _replace(path, mark + patched)
    except MappingError as error:
        return error.findings
    except patching.NotPatched:
        message = "What AiSensy told can't be written here without changing more."
        hint = "write aliases out, and give each account and each campaign a line of its own"
        return [Finding(Place(shown), "accounts_not_written", message, hint)]
    except OSError as error:
        message = f"The file can't be written: {error.strerror}."
        return [Finding(Place(shown), "accounts_not_written", message)]
    return []


def _patched(document: Any, text: str, told: Mapping[str, Mapping[str, Campaign]], shown: str) -> str:
    """The text with all that was told in it; it is read again, and nothing else has changed. Raises NotPatched."""
    wanted = copy.deepcopy(document)
    for account, campaigns in told.items():
        for name, campaign in campaigns.items():
            entries = [((), None), (("params",), campaign.params), (("media",), campaign.media)]
            for key, value in entries:
                path = ("accounts", account, "campaigns", name, *key)
                if value is not None or not key:
                    _put(wanted, path, value)
                    text = patching.take(text, path) if value == "" else patching.put(text, path, value)
    try:
        became = reading.parse(text, shown).plain()
    except MappingError:
        raise patching.NotPatched from None
    if _filled(became) != _filled(wanted):
        raise patching.NotPatched
    return text


def _put(document: Any, path: tuple[str, ...], value: str | int | None) -> None:
    *above, last = path
    for step in above:
        document[step] = document.get(step) or {}
        document = document[step]
    if value == "":
        document.pop(last, None)
    elif value is not None:
        document[last] = value
    else:
        document.setdefault(last)


def _filled(data: Any) -> Any:
    """A document in which sets of no keys are nothing."""
    if not isinstance(data, dict):
        return data
    return {key: _filled(value) for key, value in data.items()} or None


def _replace(path: Path, text: str) -> None:
    """Raises OSError, and leaves the file as it was."""
    path = path.resolve()  # of a link, what it leads to
    handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode if path.exists() else 0o644)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
