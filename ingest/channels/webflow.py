from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import USUAL, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_named
from ingest.models import Lead, Signature

_WHAT = "Webflow's webhooks for form submissions"
_KNOWN = {
    "form_name": ("name",),
    "form_id": ("formId",),
    "site_id": ("siteId", "site"),
    "page_id": ("pageId",),
    "page_url": ("pageUrl",),
    "submitted_at": ("submittedAt", "d"),
}
"""What Webflow tells of a submission, by our names: what version 2 of its API calls it, and what version 1 did."""


class Webflow(Channel):
    """Forms of sites made with Webflow. Hooks made by an app or the API are signed; those of the dashboard are not."""

    name = "webflow"
    auth: ClassVar = {"secret": None, "token": None}
    secret_key = "secret"  # noqa: S105 - the name of a key
    signature: ClassVar = Signature(
        "x-webflow-signature", timestamp_header="x-webflow-timestamp", signed="{timestamp}:{body}"
    )
    parameter = "token"
    own_ids = True
    fields = USUAL | frozenset(_KNOWN)

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """https://developers.webflow.com/data/docs/working-with-webhooks#validating-request-signatures

        A hook of the dashboard has nothing but its address, which therefore may hold the token: `?token=…`.
        """
        check_named(inbound, auth, self.signature, "secret", parameter=self.parameter)

    def parse(self, inbound: Inbound) -> Parsed:
        """One submission; other triggers are counted and ignored."""
        body, text = bodies.document(inbound, _WHAT)
        if body.get("triggerType", "form_submission") != "form_submission":
            return Parsed(ignored=1)
        sent = _submission(body)
        if sent is None:
            raise bodies.wrong("payload.data", "is missing", _WHAT)
        return Parsed([Notice(body, text, bodies.own_id(sent.get("id")) or bodies.own_id(sent.get("_id")))])

    def sample(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The submission of a form with these fields."""
        return {"triggerType": "form_submission", "payload": {"name": "Contact", "data": dict(fields)}}

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://developers.webflow.com/data/reference/webhooks/events/form-submission

        What form it is, which nothing that was filled in changes; and the fields by their names.
        """
        sent = _submission(payload)
        if sent is None:
            return Lead(values.flatten(payload), payload)
        told = {name: next((sent[key] for key in keys if sent.get(key)), None) for name, keys in _KNOWN.items()}
        known = values.flatten(told)
        return Lead(values.flatten(sent["data"]) | known, payload, values.moment(told["submitted_at"]))

    def sources(self, endpoint: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Those of its secret and its token: a hook that is signed from now on tells of the same submissions."""
        return super().sources(endpoint, {"secret": (*names.get("secret", ()), *names.get("token", ()))})


def _submission(body: Any) -> Mapping[str, Any] | None:
    """A submission: version 2 has it under `payload`; in version 1, which old hooks have, the body is it.

    https://developers.webflow.com/data/v1.0.0/reference/form_submission
    """
    sent = body.get("payload", body) if isinstance(body, dict) else None
    return sent if isinstance(sent, dict) and isinstance(sent.get("data"), dict) else None
