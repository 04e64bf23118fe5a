from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow as ma

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_signature, is_any
from ingest.errors import Refusal
from ingest.models import Lead, Signature, Value

METADATA = (
    "leadgen_id",
    "form_id",
    "form_name",
    "page_id",
    "page_name",
    "ad_id",
    "ad_name",
    "adset_id",
    "adset_name",
    "campaign_id",
    "campaign_name",
    "platform",
    "is_organic",
    "created_time",
)

NAMES = frozenset({"form_name", "page_name"})
"""What is looked up besides, and kept with the lead; Meta's document has neither."""

_QUESTIONS = frozenset(
    """full_name first_name last_name email phone_number street_address city state province country post_code zip_code
    date_of_birth gender marital_status relationship_status military_status job_title company_name work_email
    work_phone_number""".split()
)
"""https://developers.facebook.com/docs/marketing-api/guides/lead-ads/create: what Meta's own questions are called."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TEST_VALUE = "<test lead: dummy data for"
_TEST_MAILS = {"test@meta.com", "test@fb.com"}


def is_whole(document: Any) -> bool:
    """Whether a lead's document has the person's answers, be it none; Meta leaves them out where it hides them."""
    return isinstance(document, dict) and isinstance(document.get("field_data"), list)


class _Id(ma.fields.Field[str]):
    """An id, which Meta writes as text or as a number; text here, always."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = values.scalar(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        if text is None or len(text) > 128:
            raise ma.ValidationError("is no id")
        return text


class _Leadgen(ma.Schema):
    """https://developers.facebook.com/docs/graph-api/webhooks/getting-started/webhooks-for-leadgen"""

    class Meta:
        unknown = ma.INCLUDE

    leadgen_id = _Id(required=True, error_messages={"required": "is missing", "null": "is missing"})
    form_id = _Id(allow_none=True)
    page_id = _Id(allow_none=True)
    ad_id = _Id(allow_none=True)
    adgroup_id = _Id(allow_none=True)


_LEADGEN = _Leadgen()


class Facebook(Channel):
    """Facebook and Instagram Lead Ads. Meta posts ids; the worker asks the Graph API for the leads."""

    name = "facebook"
    auth: ClassVar = {
        "app_secret": "FACEBOOK_APP_SECRET",
        "verify_token": "FACEBOOK_VERIFY_TOKEN",
        "access_token": "FACEBOOK_ACCESS_TOKEN",
    }
    secret_key = "app_secret"  # noqa: S105 - the name of a key
    signature: ClassVar = Signature("X-Hub-Signature-256", prefix="sha256=", key="app_secret")
    remote = True
    own_ids = True
    methods = ("GET", "POST")
    asked: ClassVar = {
        "hub.mode": {"enum": ["subscribe"]},
        "hub.verify_token": {"description": "What was entered beside the webhook's address."},
        "hub.challenge": {"description": "What is answered.", "pattern": f"^{_CHALLENGE.pattern}$"},
    }
    beginnings = ("consent_",)
    fields = frozenset(METADATA) | _QUESTIONS

    def handshake(self, inbound: Inbound, auth: Auth) -> str:
        """https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests"""
        tokens = auth.get("verify_token", ())
        if not tokens:
            hint = "Set the variable that the mapping names under auth.verify_token (by default FACEBOOK_VERIFY_TOKEN)."
            raise Refusal(403, "no_verify_token", "This endpoint has no verify token yet.", hint)
        if not is_any(inbound.args.get("hub.verify_token", "").encode("utf-8", "replace"), tokens):
            raise Refusal(
                403, "wrong_verify_token", "The verify token is wrong.", "Type the same one at Meta and here."
            )
        challenge = inbound.args.get("hub.challenge", "")
        if inbound.args.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(challenge):
            raise Refusal(403, "bad_challenge", "This is no handshake of Meta's.")
        return challenge

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads"""
        check_signature(inbound, self.signature, auth.get("app_secret", ()))

    def parse(self, inbound: Inbound) -> Parsed:
        """Every `leadgen` change of every entry; changes of other fields are counted and ignored."""
        body = bodies.loads(inbound.body, inbound.charset)
        notices: list[Notice] = []
        ignored = 0
        for place, entry in _items(body, "entry", "", required=True):
            for where, change in _items(entry, "changes", f"{place}."):
                if change.get("field") == "leadgen":
                    notices.append(_notice(change.get("value"), entry, where))
                else:
                    ignored += 1
        return Parsed(notices, ignored)

    def found(self, document: Any, form_id: str, page_id: str) -> Notice | None:
        """The notice of a lead that was found in its form's list, with the lead where that is whole.

        None where it has no id.
        """
        own = bodies.own_id(document.get("id")) if isinstance(document, dict) else None
        if own is None:
            return None
        ids = {"leadgen_id": own, "form_id": form_id, "page_id": page_id}
        payload = {key: one for key, one in ids.items() if one} | {"created_time": document.get("created_time")}
        fetched = bodies.dumps(document) if is_whole(document) else None
        return Notice(payload, bodies.dumps(payload), own, form_id or None, page_id or None, fetched=fetched)

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:
        """The lead of a Graph document, or of a flat object that has its fields by their names."""
        document = payload if fetched is None else fetched
        if not is_whole(document):
            fields = values.flatten(document)
            return Lead(fields, document, values.moment(fields.get("created_time")), _is_test(fields))
        notice = payload if isinstance(payload, dict) else {}
        fields = _answers(document["field_data"]) | _consents(document) | _metadata(document, notice)
        given = {key: value for key, value in document.items() if key not in NAMES}
        return Lead(fields, given, values.moment(fields.get("created_time")), _is_test(fields))


def _items(node: Any, key: str, prefix: str, *, required: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a list in the body, each with its place."""
    if not isinstance(node, dict):
        raise _wrong("The body", "is no object")
    items = node.get(key, None if required else [])
    if not isinstance(items, list):
        raise _wrong(f"{prefix}{key}", "is no list" if key in node else "is missing")
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise _wrong(f"{prefix}{key}[{index}]", "is no object")
    return [(f"{prefix}{key}[{index}]", item) for index, item in enumerate(items)]


def _notice(value: Any, entry: Mapping[str, Any], where: str) -> Notice:
    if not isinstance(value, dict):
        raise _wrong(f"{where}.value", "is no object")
    bodies.check_item(value)
    try:
        found = _LEADGEN.load(value)
    except ma.ValidationError as error:
        key, (fault, *_) = next(iter(error.messages_dict.items()))
        raise _wrong(f"{where}.value.{key}", fault.rstrip(".")) from None
    named = {"entry_id": values.scalar(entry.get("id")), "entry_time": entry.get("time")}
    payload = found | {key: known for key, known in named.items() if known is not None}
    return Notice(payload, bodies.dumps(payload), found["leadgen_id"], found.get("form_id"), found.get("page_id"))


def _wrong(where: str, fault: str) -> Refusal:
    return Refusal(400, "invalid_payload", f"{where} {fault}.", "Post what Meta's webhooks for leadgen post.")


def _answers(field_data: list[Any]) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for item in field_data:
        if isinstance(item, dict):
            answer = {str(item.get("name") or ""): item.get("values", item.get("value"))}
            for key, value in values.flatten(answer).items():
                fields.setdefault(key, value)
    return fields


def _consents(document: Mapping[str, Any]) -> dict[str, Value]:
    """Each disclaimer's box as `consent_<key>`: `true` where it is ticked, else `false`."""
    boxes = document.get("custom_disclaimer_responses")
    return {
        f"consent_{values.normalise_key(str(box.get('checkbox_key')))}": str(_is_ticked(box.get("is_checked"))).lower()
        for box in (boxes if isinstance(boxes, list) else ())
        if isinstance(box, dict) and box.get("checkbox_key")
    }


def _is_ticked(checked: Any) -> bool:
    return (values.scalar(checked) or "").lower() in {"1", "true"}  # "1" and "", sometimes a boolean


def _metadata(document: Mapping[str, Any], notice: Mapping[str, Any]) -> dict[str, Value]:
    known = {**notice, **{key: value for key, value in document.items() if values.scalar(value) is not None}}
    known["leadgen_id"] = document.get("id") or notice.get("leadgen_id")
    texts = {key: values.scalar(known.get(key)) for key in METADATA}
    return {key: text for key, text in texts.items() if text is not None}


def _is_test(fields: Mapping[str, Value]) -> bool:
    texts = [text for value in fields.values() for text in ([value] if isinstance(value, str) else value)]
    return any(text.startswith(_TEST_VALUE) or text.lower() in _TEST_MAILS for text in texts)
