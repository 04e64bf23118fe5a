from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from ingest.intake.endpoints import Endpoint
from ingest.settings import SANDBOX_SECRETS
from ingest.web.forms.drawing import USUAL, Input, countries, initial, inputs
from ingest.web.forms.fields import NO_BLOCK
from ingest.web.forms.filling import filled_in
from ingest.web.origins import origin_of
from ingest.web.pages import CSP
from ingest.web.site import Site, site

start = Blueprint("start", __name__)

_LEAD = {"full_name": "Asha Rao", "phone_number": "+91 98765 43210", "email": "asha@example.com", "city": "Pune"}
_FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


@dataclass(frozen=True, slots=True)
class Card:
    """What the page shows of an endpoint."""

    endpoint: Endpoint
    url: str
    command: str
    form: Sequence[Input] = ()


@start.get("/")
def page() -> ResponseReturnValue:
    """The endpoints, each with a command that posts a lead: for newcomers, and not for the whole world."""
    here = site()
    if not (here.settings.sandbox or _is_near()):
        return render_template("web/start.html", cards=None)
    cards = [_card(here, endpoint) for endpoint in here.intakes.all()]
    broken = sorted(here.catalog.current().mappings.keys() - {card.endpoint.name for card in cards})
    response = make_response(render_template("web/start.html", cards=cards, broken=broken, countries=countries("en")))
    thanks = {origin_of(card.endpoint.intake.form.thanks or "") for card in cards if card.endpoint.intake.form}
    targets = " ".join(sorted({"'self'", *(one for one in thanks if one)}))
    response.headers["Content-Security-Policy"] = CSP.replace("form-action 'self'", f"form-action {targets}")
    return response


def _is_near() -> bool:
    """Whether the caller is on this machine or its own network, and no proxy stands between."""
    if any(name in request.headers for name in _FORWARDING):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_private
    except ValueError:
        return False


def _card(here: Site, endpoint: Endpoint) -> Card:
    url = f"{(here.settings.public_url or request.host_url).rstrip('/')}/in/{quote(endpoint.name)}"
    block = endpoint.intake.form or NO_BLOCK
    form = inputs(block, here.settings.default_country, initial(block)) if endpoint.channel.browser else []
    make = _COMMANDS.get(endpoint.channel.name, _json_command)
    return Card(endpoint, url, make(here, endpoint, url), form)


def _json_command(here: Site, endpoint: Endpoint, url: str) -> str:
    if endpoint.channel.signature or endpoint.intake.signature:
        return ""  # it would have to be signed
    key = endpoint.channel.secret_key
    token = [f"Authorization: Bearer {_shown(here, endpoint, key)}"] if key else []
    return _curl(url, [*token, "Content-Type: application/json"], json.dumps(_LEAD, indent=2))


def _form_command(here: Site, endpoint: Endpoint, url: str) -> str:
    fields = (endpoint.intake.form or NO_BLOCK).fields or USUAL
    given = {name: filled_in(name, rules, here.settings.default_country) for name, rules in fields.items()}
    return _lines(["curl", url, *(f"--data-urlencode {shlex.quote(f'{name}={given[name]}')}" for name in given)])


def _elementor_command(here: Site, endpoint: Endpoint, url: str) -> str:
    token = f"?token={_shown(here, endpoint, 'token')}" if "token" in endpoint.intake.auth else ""
    return _form_command(here, endpoint, f'"{url}{token}"')  # double quotes: the shell puts in $VARIABLES


def _facebook_command(here: Site, endpoint: Endpoint, url: str) -> str:  # noqa: ARG001 - the same
    if not here.settings.sandbox:
        return ""
    lead = {"full_name": _LEAD["full_name"], "phone_number": _LEAD["phone_number"], "platform": "ig"}
    control = f"{here.settings.sandbox}/control/meta/leads"
    return _curl(control, ["Content-Type: application/json"], json.dumps({"url": url, "leads": [lead]}, indent=2))


def _google_ads_command(here: Site, endpoint: Endpoint, url: str) -> str:
    key = _shown(here, endpoint, "google_key")
    columns = [{"column_id": name.upper(), "string_value": value} for name, value in _LEAD.items()]
    body = json.dumps({"lead_id": "1", "user_column_data": columns, "google_key": "?"}, indent=2)
    return _curl(url, ["Content-Type: application/json"], body).replace('"?"', f'"\'"{key}"\'"')  # outside of quotes


_COMMANDS: dict[str, Callable[[Site, Endpoint, str], str]] = {
    "form": _form_command,
    "elementor": _elementor_command,
    "facebook": _facebook_command,
    "google_ads": _google_ads_command,
}


def _shown(here: Site, endpoint: Endpoint, key: str) -> str:
    """The sandbox's well-known secret, else the variable that has the real one."""
    name = next(iter(endpoint.intake.auth.get(key, ())), "TOKEN")
    known = SANDBOX_SECRETS.get(name)
    return known if known and here.settings.sandbox and here.settings.secrets.get(name) == known else f"${name}"


def _curl(url: str, headers: list[str], body: str) -> str:
    quoted = (f'-H "{header}"' for header in headers)  # double quotes: the shell puts in $VARIABLES
    return _lines(["curl", url, *quoted, f"-d {shlex.quote(body)}"])


def _lines(parts: list[str]) -> str:
    return " \\\n  ".join([f"{parts[0]} {parts[1]}", *parts[2:]])
