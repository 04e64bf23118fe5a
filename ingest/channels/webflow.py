from __future__ import annotations

from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import USUAL, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_named
from ingest.models import Lead, Signature

_WHAT = "Webflow's webhooks for form submissions"
_KNOWN = {
    "name": "form_name",
    "formId": "form_id",
    "siteId": "site_id",
    "pageId": "page_id",
    "submittedAt": "submitted_at",
}


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
    fields = USUAL | frozenset(_KNOWN.values())

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
        sent = body.get("payload")
        if not isinstance(sent, dict) or not isinstance(sent.get("data"), dict):
            raise bodies.wrong("payload.data", "is missing", _WHAT)
        own = sent.get("id")
        return Parsed([Notice(body, text, values.scalar(own) if isinstance(own, str | int) else None)])

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://developers.webflow.com/data/reference/webhooks/events/form-submission: its fields, and its form."""
        sent = payload.get("payload") if isinstance(payload, dict) else None
        if not isinstance(sent, dict) or not isinstance(sent.get("data"), dict):
            return Lead(values.flatten(payload), payload)
        known = values.flatten({name: sent.get(key) for key, name in _KNOWN.items()})
        return Lead(known | values.flatten(sent["data"]), payload, values.moment(sent.get("submittedAt")))
