from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ingest import values
from ingest.errors import Refusal
from ingest.mapping.records import FormBlock
from ingest.web.forms import drawing, pages
from ingest.web.forms.fields import NO_BLOCK
from ingest.web.intakes import Endpoint
from ingest.web.site import site

hosted = Blueprint("hosted", __name__)

CAMPAIGN = frozenset(
    "utm_source utm_medium utm_campaign utm_term utm_content utm_id gclid gbraid wbraid fbclid msclkid ttclid".split()
)
"""What the address of a page tells of the advertisement that led there."""
_LEADING = frozenset({"_next", "_error"})


@hosted.get("/form/<path:name>")
def form(name: str) -> ResponseReturnValue:
    """The ready page with an endpoint's form. Its address may fill in fields, and tell where the visitor came from."""
    endpoint = form_endpoint(name)
    return pages.form(endpoint, _known(endpoint.intake.form or NO_BLOCK, request.args))


def form_endpoint(name: str) -> Endpoint:
    """The endpoint of a form. Raises Refusal 404, 503."""
    endpoint = site().intakes.find(name)
    if not endpoint.channel.browser:
        hint = "Only mappings with `channel: form` have a form."
        raise Refusal(404, "no_form", "This endpoint has no form.", hint)
    return endpoint


def _known(block: FormBlock, args: Mapping[str, str]) -> dict[str, str]:
    """What of the address's parameters belongs to the form."""
    drawn = set(map(values.normalise_key, block.fields or drawing.USUAL))
    return {
        name: text for name, text in args.items() if name in CAMPAIGN | _LEADING or values.normalise_key(name) in drawn
    }
