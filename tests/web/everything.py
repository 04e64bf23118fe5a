"""A house with every channel, and with all that a mapping can say of how its leads come."""

from __future__ import annotations

import io
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from flask import Flask

from ingest.channels import CHANNELS, KINDS
from ingest.channels.proof import sign
from ingest.mapping import loader
from ingest.web.intakes import Endpoint
from ingest.web.openapi import proofs
from ingest.web.openapi.document import document
from ingest.web.site import NAME
from ingest.web.waiting import Waiting
from tests.web.house import PAYLOADS, REQUEST, SECRET, House, site_of

STRICT = """
channel: form
form:
  origins: [https://acme.example]
  thanks: https://acme.example/thank-you
  phone_rate: 1000/second
  fields:
    full_name: {label: Your name, required: true, min: 2, max: 80}
    phone: {label: WhatsApp number, type: phone, required: true}
    email: {type: email}
    city: {type: choice, choices: [Pune, Delhi]}
    interests: {type: choice, choices: [yoga, food], multiple: true}
    budget: {type: number, max: 90000}
"""
SELDOM = "channel: form\nform: {rate: 5/day, min_seconds: 2}\n"
SIGNED = """
channel: json
auth:
  token: A_SECRET
  hmac: {secret: A_SECRET, header: X-Signature, prefix: sha256=, timestamp_header: X-Timestamp}
"""


def _auth(name: str) -> str:
    key = CHANNELS[name].secret_key
    return f"auth: {{{key}: A_SECRET}}\n" if key else ""


MAPPINGS = {
    **{name: f"channel: {name}\n{_auth(name)}{REQUEST}" for name in CHANNELS},
    "acme/strict form": STRICT + REQUEST,
    "acme/seldom": SELDOM + REQUEST,
    "acme/signed": SIGNED + REQUEST,
    "acme/webflow": f"channel: webflow\nauth: {{token: A_SECRET}}\n{REQUEST}",
    "acme/elementor": f"channel: elementor\n{REQUEST}",
    "acme/closed": f"channel: zapier\n{REQUEST}",
}
"""Every channel under its own name, and what is different from that."""

EXAMPLES = {
    "facebook": "facebook_batch.json",
    "google_ads": "google_ads.json",
    "shopify": "shopify_order.json",
    "typeform": "typeform.json",
    "webflow": "webflow.json",
    "acme/webflow": "webflow.json",
    "zapier": "make_array.json",
}


def everything(house: House) -> Flask:
    """The web side with all of it; every secret is SECRET, and nobody waits for an answer."""
    names = ("A_SECRET", "FACEBOOK_APP_SECRET", "FACEBOOK_VERIFY_TOKEN", "INGEST_OPTOUT_TOKEN")
    app = house.open(MAPPINGS, secrets=dict.fromkeys(names, SECRET))
    app.extensions[NAME] = replace(site_of(app), waiting=Waiting(site_of(app).inbox, seats=0))
    return app


def endpoints() -> list[Endpoint]:
    """The endpoints of all of it, without a house."""
    with TemporaryDirectory() as folder:
        for name, text in MAPPINGS.items():
            path = Path(folder) / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        found = loader.load(Path(folder), KINDS).mappings
    intakes = [(name, mapping.intake) for name, mapping in sorted(found.items())]
    return [Endpoint(name, CHANNELS[intake.channel], intake) for name, intake in intakes if intake]


def tried() -> dict[str, Any]:
    """The document of all of it, with what vendors really post, and closed to keys that it does not tell of."""
    known = document(endpoints())
    for schema in known["components"]["schemas"].values():
        schema["additionalProperties"] = False
    for name, payload in EXAMPLES.items():
        content = known["paths"][f"/in/{name}"]["post"]["requestBody"]["content"]["application/json"]
        content["example"] = json.loads((PAYLOADS / payload).read_text())
    return known


class Sender:
    """The web side as a sender sees it who may prove each post, in the way that its endpoint asks for.

    Remembers what it was told of leads: the ids of those that were accepted, and how many a browser was thanked for.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.proves = True
        self.ids: set[str] = set()
        self.thanked = 0
        self.statuses: Counter[int] = Counter()
        self._keys = itertools.count()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        endpoint = self._endpoint(environ)
        if self.proves and environ["REQUEST_METHOD"] == "GET":
            environ["QUERY_STRING"] = f"hub.verify_token={quote(SECRET)}&{environ['QUERY_STRING']}"
        elif self.proves:
            _prove(environ, endpoint)
        browser = endpoint is not None and "text/html" in environ.get("HTTP_ACCEPT", "")
        if browser:
            environ["HTTP_IDEMPOTENCY_KEY"] = f"browser {next(self._keys)}"  # so that none of its leads is a duplicate
        told: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told.append(int(status[:3]))
            return start_response(status, headers, *more)

        body = b"".join(self.app(environ, start))
        self.statuses[told[0]] += 1
        if endpoint and told[0] in {200, 303} and environ["REQUEST_METHOD"] == "POST":
            self._remember(body, browser=browser and endpoint.channel.browser)
        return [body]

    def _endpoint(self, environ: dict[str, Any]) -> Endpoint | None:
        name = environ["PATH_INFO"].removeprefix("/in/")
        return next((one for one in site_of(self.app).intakes.all() if one.name == name), None)

    def _remember(self, body: bytes, *, browser: bool) -> None:
        if browser:
            self.thanked += 1
        else:
            self.ids |= {one["id"] for one in json.loads(body)["leads"] if one["status"] == "accepted"}


def _prove(environ: dict[str, Any], endpoint: Endpoint | None) -> None:
    if endpoint is None or proofs.has_token(endpoint):
        environ["HTTP_X_API_KEY"] = SECRET
    if endpoint is None:
        return
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if "google_key" in endpoint.channel.auth:
        body = _with_key(body)
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    how = proofs.signature(endpoint)
    headers = sign(how, body, SECRET, time.time()) if how else {}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


def _with_key(body: bytes) -> bytes:
    try:
        lead = json.loads(body)
    except ValueError:
        return body
    return json.dumps(lead | {"google_key": SECRET}).encode() if isinstance(lead, dict) else body
