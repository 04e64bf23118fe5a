from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, g
from flask.typing import ResponseReturnValue

from ingest.channels import Channel
from ingest.channels import payload as bodies
from ingest.errors import Refusal
from ingest.mapping import example
from ingest.mapping.document.nodes import Node
from ingest.mapping.example import Path
from ingest.mapping.records import Translation
from ingest.mapping.render import translate
from ingest.models import Meta
from ingest.web.forms.drawing import USUAL
from ingest.web.forms.fields import NO_BLOCK
from ingest.web.forms.filling import filled_in
from ingest.web.intakes import Endpoint
from ingest.web.request import inbound
from ingest.web.site import Site, site

sample = Blueprint("sample", __name__)


@sample.route("/sample/<path:name>", methods=["GET"], provide_automatic_options=False)
def show(name: str) -> ResponseReturnValue:
    """One lead as senders post it to an endpoint, for those who may post there: Zapier lets people pick its fields."""
    g.browser = False
    here = site()
    endpoint = here.intakes.find(name)
    document = _of_form(here, endpoint) if endpoint.channel.browser else _of_token(here, endpoint)
    return Response(bodies.dumps(document), content_type="application/json", headers={"Cache-Control": "no-store"})


def _of_form(here: Site, endpoint: Endpoint) -> dict[str, Any]:
    """What the form shows to all anyway, filled in, and nothing else of its mapping."""
    fields = (endpoint.intake.form or NO_BLOCK).fields or USUAL
    return {name: filled_in(name, rules, here.settings.default_country) for name, rules in fields.items()}


def _of_token(here: Site, endpoint: Endpoint) -> dict[str, Any]:
    """A lead of the mapping's tests, or one that is made up. Raises Refusal 401 or 404."""
    channel, auth = endpoint.channel, here.intakes.auth(endpoint)
    if "token" not in channel.auth or auth.keys() - {"token"}:
        raise _none(f"Who may post to this {channel.name} endpoint is proved by posts only, so nobody can ask for one.")
    channel.verify(inbound(b""), auth)
    if "token" not in auth:
        raise _none("This endpoint has no token, so anyone could ask.", "Name a variable under auth.token.")
    mapping = here.catalog.current().mappings.get(endpoint.name)
    translation = (mapping.translation or mapping.draft) if mapping else None
    if translation is None:
        return _document(channel, example.USUAL)
    return _tested(channel, example.tests(translation)) or _made_up(here, endpoint, translation)


def _none(message: str, hint: str = "The tests of its mapping show what is posted.") -> Refusal:
    return Refusal(404, "no_sample", message, hint)


def _tested(channel: Channel, tests: Iterable[Node]) -> dict[str, Any] | None:
    """What the first of the tests posts that the channel takes; one lead where it posts several."""
    for test in tests:
        payload, lead = test.get("payload"), test.get("lead")
        if lead and isinstance(lead, dict):
            return channel.sample(lead)
        with suppress(Refusal):  # the test fails, which is not told here
            for notice in channel.parse(bodies.posted(payload, test.get("headers") or {})).notices:
                return dict(notice.payload)
    return None


def _made_up(here: Site, endpoint: Endpoint, translation: Translation) -> dict[str, Any]:
    """Values for all that the mapping reads; without the one that keeps such a lead from being sent, where one does."""
    values = example.made_up(translation, endpoint.intake, here.settings.default_country)
    whole = _document(endpoint.channel, values)
    fewer = ({path: text for path, text in values.items() if path != left_out} for left_out in values)
    tries = (whole, *(_document(endpoint.channel, one) for one in fewer if one))
    return next((one for one in tries if _is_sent(endpoint, translation, one)), whole)


def _document(channel: Channel, values: Mapping[Path, str]) -> dict[str, Any]:
    document = channel.sample({path[1]: text for path, text in values.items() if path[0] == "lead"})
    for path, text in values.items():
        if path[0] == "payload":
            _put(document, path[1:], text)
    return document


def _put(document: dict[str, Any], path: Path, text: str) -> None:
    """Put a value where a path leads, unless something stands there, or in its way."""
    *above, last = path
    for key in above:
        document = document.setdefault(key, {})
        if not isinstance(document, dict):
            return
    document.setdefault(last, text)


def _is_sent(endpoint: Endpoint, translation: Translation, document: dict[str, Any]) -> bool:
    lead = endpoint.channel.lead(document)
    made = translate(translation, lead, Meta(endpoint.channel.name, endpoint.name))
    return any(one.problem is None for one in made)
