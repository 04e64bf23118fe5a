from __future__ import annotations

from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import is_any
from ingest.errors import Refusal
from ingest.models import Lead, Value

KEY = "google_key"
COLUMNS = "user_column_data"
METADATA = tuple(
    """lead_id form_id campaign_id adgroup_id creative_id asset_group_id gcl_id is_test lead_stage lead_submit_time
    api_version""".split()
)
"""https://developers.google.com/google-ads/webhook/docs/implementation: the rest of what is posted may be ignored."""

_QUESTIONS = frozenset(
    """full_name first_name last_name email phone_number postal_code street_address city region country work_email
    company_name work_phone job_title""".split()
)
"""Google's own questions, by their `column_id` in lower case."""


class GoogleAds(Channel):
    """Lead forms of Google Ads. Google posts each lead whole, with the key that was entered beside the address."""

    name = "google_ads"
    auth: ClassVar = {KEY: None}
    secret_key = KEY
    own_ids = True
    fields = frozenset(METADATA) | _QUESTIONS

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """The key stands in the body, which is read for it: one that can't be read is refused here."""
        keys = auth.get(KEY, ())
        given = [value for name, value in _object(inbound).items() if _is_key(name) and isinstance(value, str)]
        hint = "Enter the same key in Google Ads, beside the webhook's address, and here."
        if not keys:
            hint = "Name a variable under auth.google_key in the mapping, and set it."
            raise Refusal(401, "no_token_configured", "This endpoint has no key yet, so it takes nothing.", hint)
        if not any(one.strip() for one in given):
            raise Refusal(401, "missing_token", f"The lead has no {KEY}.", hint)
        if not sum(is_any(one.strip().encode("utf-8", "replace"), keys) for one in given):
            raise Refusal(401, "wrong_token", f"The {KEY} is wrong.", hint)

    def parse(self, inbound: Inbound) -> Parsed:
        """The one lead of a post, without the key: that is not kept."""
        payload = self.content(_object(inbound))
        bodies.check_item(payload)
        known = bodies.own_id(payload.get("lead_id"))
        if known is None:
            raise _wrong("lead_id is no id" if "lead_id" in payload else "lead_id is missing")
        columns = payload.get(COLUMNS) or []
        if not isinstance(columns, list):
            raise _wrong(f"{COLUMNS} is no list")
        for index, column in enumerate(columns):
            if not isinstance(column, dict):
                raise _wrong(f"{COLUMNS}[{index}] is no object")
        return Parsed([Notice(payload, bodies.dumps(payload), known)])

    def content(self, payload: Any) -> Any:
        """The lead without its key, which the test button calls `Google_key`."""
        return {n: v for n, v in payload.items() if not _is_key(n)} if isinstance(payload, dict) else payload

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """The lead of a post, or of a flat object that has its fields by their names."""
        document = self.content(payload)
        if isinstance(document, dict) and isinstance(document.get(COLUMNS), list):
            texts = {key: values.scalar(document.get(key)) for key in METADATA}
            known: dict[str, Value] = {key: text for key, text in texts.items() if text is not None}
            fields = _answers(document[COLUMNS]) | known
        else:
            known = fields = values.flatten(document)
        test = str(known.get("is_test")).lower() in {"true", "1"}
        return Lead(fields, document, values.moment(known.get("lead_submit_time")), test)


def _object(inbound: Inbound) -> dict[str, Any]:
    body = bodies.loads(inbound.body, inbound.charset)
    if not isinstance(body, dict):
        raise _wrong("The body is no object")
    return body


def _is_key(name: str) -> bool:
    return name.strip().lower() == KEY


def _wrong(fault: str) -> Refusal:
    return Refusal(400, "invalid_payload", f"{fault}.", "Post what Google's webhook for lead forms posts.")


def _answers(columns: list[Any]) -> dict[str, Value]:
    """Each answer by its column's id, which is a question's own; by its name where it has no id."""
    fields: dict[str, Value] = {}
    for column in columns:
        if isinstance(column, dict):
            key = values.scalar(column.get("column_id")) or values.scalar(column.get("column_name")) or ""
            for name, value in values.flatten({key: column.get("string_value")}).items():
                fields.setdefault(name, value)
    return fields
