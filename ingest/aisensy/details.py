from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ingest.aisensy import answers
from ingest.aisensy.media import KINDS
from ingest.models import Outcome, Verdict

_FOLDERS = {"file": "document", "image": "image", "video": "video", "document": "document"}
_NOT_THERE = {404, 405, 410, 501}


class Said(StrEnum):
    """What came of asking about a campaign."""

    TOLD = "told"  # it exists
    UNKNOWN = "unknown"  # it does not, or is not Live
    REFUSED = "refused"  # the account is not let in
    NO_ENDPOINT = "no_endpoint"  # nobody can be asked there
    UNASKED = "unasked"  # no answer, or none that tells anything


@dataclass(frozen=True, slots=True)
class Details:
    """What AiSensy says of a campaign. None where it does not tell."""

    said: Said
    message: str = ""
    params: int | None = None  # how many templateParams it takes
    media: bool | None = None  # whether it takes media
    kind: str | None = None  # of its media: image, video or document, which a template can have


def address(url: str) -> str:
    """Where an account's campaigns are asked for: beneath its URL. `…/api/v2` sends too, and has nothing beneath it."""
    parts = urlsplit(url)
    path = re.sub(r"/v[0-9]+$", "", parts.path.rstrip("/"))
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/campaign-details", "", ""))


def read(
    status: int, headers: Mapping[str, str], body: bytes, hide: Callable[[str], str] = lambda text: text
) -> Details:
    """What the answer to `POST …/campaign-details` with `{apiKey, campaignName}` says. `hide` takes the secrets out.

    `{"success": true, "requestBody": {"templateParams": […], "media": {…}}}`; `requestBody` may stand under `data` or
    `campaign`, and every key may be missing. AiSensy's reference does not have this endpoint; AiSensy's own n8n node
    uses it: https://github.com/techyaisensy/n8n-nodes-aisensy/blob/main/nodes/AiSensy/AiSensy.node.ts
    """
    outcome = answers.outcome(status, headers, body, hide)
    document = _document(body)
    if document is None and (status in _NOT_THERE or _is_page(status, outcome)):
        return Details(Said.NO_ENDPOINT, outcome.message)
    verdict = outcome.verdict
    if status in _NOT_THERE:  # no such campaign, or nobody to ask? Its words tell
        verdict = answers.outcome(400, headers, body, hide).verdict
        if verdict not in {Verdict.CAMPAIGN, Verdict.ACCOUNT}:
            return Details(Said.NO_ENDPOINT, outcome.message)
    if verdict is not Verdict.SENT:
        return Details(_SAID.get(verdict, Said.UNASKED), outcome.message)
    wanted = _request_body(document or {})
    media = wanted.get("media")
    return Details(Said.TOLD, params=_count(wanted.get("templateParams")), media=_takes(wanted), kind=_kind(media))


_SAID = {Verdict.CAMPAIGN: Said.UNKNOWN, Verdict.ACCOUNT: Said.REFUSED}


def failure(error: Exception) -> Details:
    """What it means that no answer came."""
    outcome = answers.failure(error, written=False)
    return Details(_SAID.get(outcome.verdict, Said.UNASKED), outcome.message)


def _is_page(status: int, outcome: Outcome) -> bool:
    return status < 500 and status not in {401, 402, 403} and outcome.answer.lstrip().startswith("<")


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _request_body(document: dict[str, Any]) -> dict[str, Any]:
    for place in (document, document.get("data"), document.get("campaign")):
        found = place.get("requestBody") if isinstance(place, dict) else None
        if isinstance(found, dict):
            return found
    return {}


def _count(told: Any) -> int | None:
    if isinstance(told, list):
        return len(told)
    return told if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else None


def _takes(wanted: dict[str, Any]) -> bool | None:
    """Nothing (null, false) is told of none; `{}` may be either: AiSensy's samples of texts have it too."""
    if "media" not in wanted or wanted["media"] in ({}, []):
        return None
    return bool(wanted["media"])


def _kind(media: Any) -> str | None:
    """The kind of media: named, or told by its sample: `https://…/IMAGE/6353da2e/49589_sample.jpg`."""
    facts = media if isinstance(media, dict) else {"type": media, "url": media}
    for name in ("type", "mediaType", "format"):
        kind = _FOLDERS.get(str(facts.get(name)).lower())
        if kind:
            return kind
    try:
        parts = urlsplit(str(facts.get("url") or "")).path.lower().split("/")
    except ValueError:
        return None
    named = next((_FOLDERS[part] for part in parts[:-1] if part in _FOLDERS), None)
    ending = parts[-1].rpartition(".")[2]
    return named or next((kind.name for kind in KINDS.values() if ending in kind.endings), None)
