"""A program with forms, and a site that posts to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Locator, Page

from tests.e2e.program import Program
from tests.e2e.site import Site, site_running

REQUEST = """
request:
  campaignName: website_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.full_name }}"
  tags: [website, "{{ lead.interests }}"]
  attributes:
    city: "{{ lead.city }}"
    campaign: "{{ lead.utm_campaign }}"
    click: "{{ lead.gclid }}"
    landing: "{{ lead.landing_page }}"
    referrer: "{{ lead.referrer }}"
"""
FIELDS = """
  fields:
    full_name: {label: Your name, required: true, max: 80}
    phone: {label: WhatsApp number, type: phone, required: true, help: "We write, and never call."}
    email: {label: E-mail, type: email}
    city: {label: City, type: choice, choices: [Pune, Delhi]}
    interests: {label: Interested in, type: choice, multiple: true, choices: [Solar, Battery]}
    message: {label: What would you like to know?, type: textarea, max: 1000}
    optin: {label: I agree to be messaged on WhatsApp, type: checkbox, required: true, help: Privacy, link: /privacy}
    utm_campaign: {type: hidden, value: none}
  texts:
    title: Talk to us about solar
    intro: We answer on WhatsApp within an hour.
    consent: You can stop our messages at any time.
    privacy_url: /privacy
    thanks_title: Thank you
    thanks: We will write to you on WhatsApp.
"""


@dataclass
class Forms:
    """The program, and the site whose pages may post to it."""

    program: Program
    site: Site

    @property
    def url(self) -> str:
        """The program's origin."""
        return self.program.url

    def form(self, endpoint: str, name: str, more: str = "") -> str:
        """A plain form of the site's own, without a script."""
        return f"""<h1>Contact</h1><form action="{self.url}/in/{endpoint}" method="post" id="own">
            <label>Name <input name="Full Name" value="{name}"></label>
            <label>Phone <input name="phone" value="98765 43210"></label>{more}<button>Send</button></form>"""

    def embed(self, endpoint: str) -> str:
        """The tag of the embed script."""
        return f'<script src="{self.url}/embed/{endpoint}.js" async></script>'

    def received(self, name: str) -> dict[str, Any]:
        """The one request that AiSensy would have got, which is that person's."""
        [body] = self.program.received()
        assert body["userName"] == name
        return body

    def stored(self) -> int:
        """How many events there are."""
        with sqlite3.connect(self.program.folder / "data" / "sandbox.db") as store:
            return int(store.execute("SELECT count(*) FROM events").fetchone()[0])

    def forget(self) -> None:
        """Empty what the sandbox got."""
        requests.delete(f"{self.program.box}/control/requests", timeout=10).raise_for_status()


@contextmanager
def forms_in(folder: Path) -> Iterator[Forms]:
    """The program with its mappings, and the site."""
    with site_running() as site:
        program = Program(folder, "--sandbox")
        origins = f"channel: form\nform:\n  origins: ['{site.url}']\n"
        program.mapping("open", f"channel: form{REQUEST}")
        program.mapping("acme/website", f"{origins}{FIELDS}{REQUEST}")
        program.mapping("thanked", f"{origins}  thanks: {site.url}/thank-you\n{REQUEST}")
        with program:
            yield Forms(program, site)


def fill(page: Page | Any, name: str, phone: str = "98765 43210") -> Locator:
    """Fill in the form of `acme/website`; gives its button."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("WhatsApp number", exact=True).fill(phone)
    page.get_by_label("City").select_option("Pune")
    page.get_by_label("Solar", exact=True).check()
    page.get_by_label("I agree").check()
    button: Locator = page.get_by_role("button")
    return button
