from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ingest import log, values
from ingest.channels import payload as bodies
from ingest.channels.base import Inbound
from ingest.channels.proof import check_token
from ingest.errors import Hold, Refusal
from ingest.log import mask_phone
from ingest.mapping.filters.phones import phone
from ingest.web import body
from ingest.web.request import inbound
from ingest.web.site import site

optout = Blueprint("optout", __name__)

TOKEN = "INGEST_OPTOUT_TOKEN"  # noqa: S105 - the name of a variable


@optout.post("/optout")
def opt_out() -> ResponseReturnValue:
    """Message a person no more: `{"phone": "+919876543210"}`, as JSON or as a form."""
    here = site()
    sent = inbound(body.read(request.environ, here.settings.max_body))
    token = here.settings.secrets.get(TOKEN)
    check_token(sent, [token] if token else [])
    number = _number(sent, here.settings.default_country)
    new = here.inbox.opt_out(number)
    log.get().info("person_opted_out", phone=mask_phone(number), new=new)
    return jsonify(status="opted_out")


def _number(sent: Inbound, country: str) -> str:
    content, _ = bodies.read(sent)
    given = content.get("phone") if isinstance(content, dict) else None
    text = values.scalar(given) or ""
    if given is None:
        raise Refusal(400, "missing_phone", "There is no `phone`.", 'Send {"phone": "+919876543210"}.')
    try:
        return phone(text, home=country)
    except Hold:
        raise Refusal(
            400, "invalid_phone", "`phone` is no phone number.", "Write it whole, like +919876543210."
        ) from None
