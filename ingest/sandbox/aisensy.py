from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response

from ingest.aisensy.schema import RequestSchema, sentences
from ingest.sandbox.state import State, is_public
from ingest.sandbox.views import answer, document, record, said, state, without_key

aisensy = Blueprint("aisensy", __name__)

_SCHEMA = RequestSchema()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What AiSensy says to a request."""

    status: int
    answer: dict[str, Any]
    ignored: dict[str, list[str]] = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        """Whether a message would be sent."""
        return self.status == 200


def refusal(status: int, message: str) -> Judgement:
    """AiSensy's refusals carry `message` and `errorMessage`; clients are seen to read either."""
    return Judgement(status, {"message": message, "errorMessage": message})


def judge(state: State, request: Any) -> Judgement:
    """AiSensy's answer to a campaign request; nothing is changed."""
    if not isinstance(request, dict):
        return refusal(400, "The body is not a JSON object")
    if state.account(request.get("apiKey")) is None:
        return refusal(401, "Unauthorized: unknown apiKey")
    faults = _SCHEMA.validate(request)
    if faults:
        return refusal(400, "Invalid Number" if list(faults) == ["destination"] else "; ".join(sentences(faults)))
    return _campaign_fault(state, request) or Judgement(
        200, {"success": "true", "submitted_message_id": str(uuid.uuid4())}, state.unknown(request)
    )


def _campaign_fault(state: State, request: Mapping[str, Any]) -> Judgement | None:
    media = request.get("media")
    if media and not is_public(media["url"]):
        return refusal(400, "Media URL is not publicly accessible")
    if state.campaigns is None:
        return None
    campaign = state.campaigns.get(request["campaignName"])
    if campaign is None:
        return refusal(400, "Campaign does not exist.")
    if not campaign.live:
        return refusal(400, "Campaign is not Live.")
    if campaign.params is not None and len(request.get("templateParams", ())) != campaign.params:
        return refusal(400, "Template params does not match the campaign")
    return refusal(400, "Media URL Missing") if campaign.media and not media else None


@aisensy.post("/campaign/t1/api")
@aisensy.post("/campaign/t1/api/v2")
def send() -> Response:
    """A campaign request."""
    box, body = state(), document()
    facts = body if isinstance(body, dict) else {}
    key = facts.get("apiKey")
    account = box.account(key)
    fault = box.faults.pick("aisensy", facts.get("campaignName"), (key, account))
    judgement = judge(box, body) if fault is None or fault.processes else refusal(500, "The sandbox was told to fail.")
    if judgement.taken and account:
        box.keep_contact(account, facts, judgement.ignored)
    status, told = said(fault, judgement.status, judgement.answer)
    record(
        "aisensy",
        without_key(body),
        account=account,
        status=status,
        answer=told,
        ignored=judgement.ignored,
        taken=judgement.taken,
        fault=str(fault) if fault else None,
    )
    return answer(status, told, fault)


@aisensy.post("/campaign/t1/api/campaign-details")
def details() -> Response:
    """What a campaign wants; sends nothing. An open registry knows no campaign's parameters, and leaves them out."""
    box, body = state(), document()
    facts = body if isinstance(body, dict) else {}
    name = facts.get("campaignName")
    account = box.account(facts.get("apiKey"))
    fault = box.faults.pick("details", name, (facts.get("apiKey"), account))
    status, told = said(fault, *_details(box, account, name))
    record("details", without_key(body), account=account, status=status, answer=told, fault=str(fault or "") or None)
    return answer(status, told, fault)


def _details(box: State, account: str | None, name: Any) -> tuple[int, dict[str, Any]]:
    campaign = (box.campaigns or {}).get(str(name))
    if account is None:
        return 401, refusal(401, "Unauthorized: unknown apiKey").answer
    if box.campaigns is not None and (campaign is None or not campaign.live):
        return 400, refusal(400, "Campaign does not exist." if campaign is None else "Campaign is not Live.").answer
    body: dict[str, Any] = {"apiKey": "", "campaignName": name, "destination": "", "userName": ""}
    if campaign and campaign.params is not None:
        body["templateParams"] = [f"$Param{number + 1}" for number in range(campaign.params)]
    if campaign and campaign.media:
        folder = "FILE" if campaign.media == "document" else campaign.media.upper()  # as in AiSensy's samples
        body["media"] = {"url": f"https://media.example/{quote(folder)}/sample", "filename": "sample_media"}
    return 200, {"success": True, "requestBody": body}
