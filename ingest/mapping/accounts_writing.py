from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest import files
from ingest.errors import Finding, Place, is_broken
from ingest.mapping.accounts import read_accounts
from ingest.mapping.document import patching, reading
from ingest.mapping.records import Campaign

BOM = "\ufeff"
HEADER = """\
# What exists in AiSensy, for `ingest check` to compare the mappings with.
# `ingest check --live --write-accounts` writes the campaigns; add what it can't ask for: tags, attributes, url, pace.
accounts:
"""


def write_accounts(path: Path, told: Mapping[str, Mapping[str, Campaign]]) -> list[Finding]:
    """Write what AiSensy told of each account's campaigns into `_accounts.yaml`, and change nothing else in it.

    Of a campaign, None leaves what stands there, and media that is blank is taken out. A file that is wrong, or can't
    be changed so, stays as it is and has findings. The file is replaced at once, by one that is on disk.
    """
    shown = str(path)
    try:
        document = reading.read(path, shown) if path.exists() else reading.parse(HEADER, shown)
        node = document.node
        before = path.read_bytes() if path.exists() else None
        text = HEADER if before is None else before.decode()
        mark, text = (BOM, text.removeprefix(BOM)) if text.startswith(BOM) else ("", text)
        findings = read_accounts(path)[1]
        if node is None or is_broken(findings) or not any(told.values()):
            return findings
        patched = _patched(node.plain(), text, told, shown)
        if patched != text:
            files.replace(path, (mark + patched).encode(), before)
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
    became = reading.parse(text, shown).node
    if became is None or _filled(became.plain()) != _filled(wanted):
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
