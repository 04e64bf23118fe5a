from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ingest.models import utcnow

PAGE = "153125381133"
FORM = "447333180259108"
APP = "1"
PAGE_TOKEN = "sandbox-page-"  # noqa: S105 - what pages' own tokens begin with
DOCUMENT = {
    "id",
    "created_time",
    "field_data",
    "form_id",
    "ad_id",
    "ad_name",
    "adset_id",
    "adset_name",
    "campaign_id",
    "campaign_name",
    "is_organic",
    "platform",
    "custom_disclaimer_responses",
    "page_id",
}
"""What is no answer in a flat lead."""


def new_id() -> str:
    """A number as Meta gives them, of 16 digits."""
    return str(10**15 + secrets.randbelow(9 * 10**15))


def graph_time(moment: datetime) -> str:
    """`2022-02-03T16:16:51+0000`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


class Leads:
    """The leads, forms and pages that the Graph API shows. Threads may share it."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._leads: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._forms: dict[str, dict[str, str]] = {}
        self._pages: dict[str, str] = {}
        self._subscribed: dict[str, dict[str, Any]] = {}
        self._read: set[str] = set()  # leads that somebody asked for, and got
        self._lock = threading.Lock()
        self._name(FORM, PAGE)

    def add(
        self, lead: Mapping[str, Any], page_id: str = PAGE, form_id: str = FORM, days_ago: float | None = None
    ) -> dict[str, Any]:
        """Add a lead and return its document with `id`, `form_id` and `page_id`.

        `lead` is a Graph document (it has `field_data`), or a flat one of fields and Meta's own names:
        `{"full_name": "Asha Rao", "phone_number": "+91…", "platform": "ig"}`.
        """
        own = lead if "field_data" in lead else {name: value for name, value in lead.items() if name in DOCUMENT}
        fields = [
            {"name": str(name), "values": [str(one) for one in (value if isinstance(value, list) else [value])]}
            for name, value in lead.items()
            if name not in DOCUMENT
        ]
        document = {
            "id": new_id(),
            "created_time": graph_time(utcnow() - timedelta(days=days_ago or 0)),
            "platform": "fb",
            "form_id": form_id,
            "is_organic": False,
            "field_data": fields,
            "page_id": page_id,
            **own,
        }
        with self._lock:
            self._leads[document["id"]] = document
            self._name(document["form_id"], document["page_id"])
            while len(self._leads) > self._keep:
                self._read.discard(self._leads.popitem(last=False)[0])
        return document

    def name(
        self,
        form_id: str = FORM,
        page_id: str = PAGE,
        form: str | None = None,
        page: str | None = None,
        status: str | None = None,
    ) -> None:
        """Give a form and its page names, and the form a status: ACTIVE, ARCHIVED, DELETED or DRAFT."""
        with self._lock:
            self._name(form_id, page_id, form, page, status)

    def _name(
        self,
        form_id: str,
        page_id: str,
        form: str | None = None,
        page: str | None = None,
        status: str | None = None,
    ) -> None:
        known = {"name": f"Form {form_id}", "status": "ACTIVE", **self._forms.get(form_id, {})}
        said = {"name": form or known["name"], "status": status or known["status"]}
        self._forms[form_id] = {"id": form_id, "page_id": page_id, **said}
        self._pages[page_id] = page or self._pages.get(page_id, f"Page {page_id}")

    def remove(self, lead_id: str) -> None:
        """Let a lead be gone."""
        with self._lock:
            self._leads.pop(lead_id, None)

    def find(self, object_id: str) -> dict[str, Any] | None:
        """A lead, a form or a page by its id; None for an unknown one."""
        with self._lock:
            lead = self._leads.get(object_id)
            if lead is not None:
                return {name: value for name, value in lead.items() if name != "page_id"}
            form = self._forms.get(object_id)
            if form is not None:
                return {"id": object_id, "name": form["name"], "status": form["status"], "locale": "en_US"}
            page = self._pages.get(object_id)
            return None if page is None else {"id": object_id, "name": page}

    def kind_of(self, object_id: str) -> str:
        """What an id is: `lead`, `form` or `page`; blank for an unknown one."""
        if object_id in self._leads:
            return "lead"
        return "form" if object_id in self._forms else "page" if object_id in self._pages else ""

    def page_of(self, object_id: str) -> str | None:
        """The page of a lead, a form, or itself; None for an unknown one."""
        known = self._leads.get(object_id) or self._forms.get(object_id)
        return str(known["page_id"]) if known else object_id if object_id in self._pages else None

    def note_read(self, lead_id: str) -> None:
        """Somebody got a lead."""
        self._read.add(lead_id)

    def is_read(self, lead_id: str) -> bool:
        """Whether somebody asked for a lead, and got it."""
        return lead_id in self._read

    def of_form(self, form_id: str) -> list[dict[str, Any]] | None:
        """A form's leads, newest first; None for an unknown form."""
        with self._lock:
            if form_id not in self._forms:
                return None
            leads = [lead for lead in reversed(self._leads.values()) if lead["form_id"] == form_id]
        newest = sorted(leads, key=lambda lead: str(lead["created_time"]), reverse=True)
        return [{name: value for name, value in lead.items() if name != "page_id"} for lead in newest]

    def forms_of(self, page_id: str) -> list[dict[str, Any]] | None:
        """A page's forms; None for an unknown page."""
        with self._lock:
            if page_id not in self._pages:
                return None
            ids = [form["id"] for form in self._forms.values() if form["page_id"] == page_id]
        return [found for found in map(self.find, ids) if found]

    def pages(self) -> list[dict[str, Any]]:
        """Every page as the account of a person who manages it, with a token of its own."""
        with self._lock:
            found = sorted(self._pages.items())
        own = {"tasks": ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MANAGE"]}
        return [{"id": page, "name": name, "access_token": f"{PAGE_TOKEN}{page}", **own} for page, name in found]

    def subscribe(self, object_id: str, what: Mapping[str, Any]) -> None:
        """Note what an app or a page was subscribed to."""
        with self._lock:
            self._subscribed[object_id] = dict(what)

    def connect(self, what: Mapping[str, Mapping[str, Any]]) -> None:
        """Note to what apps and pages are subscribed of which nobody has told anything."""
        with self._lock:
            for object_id, one in what.items():
                self._subscribed.setdefault(object_id, dict(one))

    def unsubscribe(self, object_id: str) -> None:
        """An app or a page is subscribed to nothing any more."""
        self.subscribe(object_id, {})

    def subscribed(self, object_id: str) -> list[dict[str, Any]]:
        """What an app or a page is subscribed to."""
        with self._lock:
            found = self._subscribed.get(object_id)
            return [dict(found)] if found else []
