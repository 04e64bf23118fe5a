from __future__ import annotations

import ipaddress
import socket
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ingest.models import iso, utcnow
from ingest.sandbox.faults import Faults
from ingest.sandbox.leads import Leads
from ingest.sandbox.records import Records

KEY_PREFIX = "sandbox-"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that exists at the sandbox; None is any."""

    params: int | None = None
    media: str | None = None  # "image", …: it wants one
    live: bool = True


class State:
    """All that the sandbox knows, in memory. Threads may share it.

    Campaigns, tags, attributes and Graph tokens are open (anything goes) until some are told. `keep` bounds each kind
    of thing that comes in.
    """

    def __init__(self, keep: int = 10_000) -> None:
        self.keep = keep
        self.stopping = threading.Event()
        self.records = Records(keep)
        self.faults = Faults()
        self.leads = Leads(keep)
        self.campaigns: dict[str, Campaign] | None = None
        self.tags: frozenset[str] | None = None
        self.attributes: frozenset[str] | None = None
        self.keys: dict[str, str] = {}  # key -> account
        self.contacts: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self.app_secret: str | None = None  # when set, Graph calls need an appsecret_proof
        self.tokens: frozenset[str] | None = None  # of the Graph API
        self.token_facts: dict[str, dict[str, Any]] = {}  # what debug_token tells of a token, where that was told us
        self._spent: OrderedDict[str, None] = OrderedDict()  # visitors' answers to captchas
        self._lock = threading.Lock()

    def account(self, key: Any) -> str | None:
        """Whose key this is, or None for an unknown one: `sandbox-acme` is acme's."""
        if not isinstance(key, str):
            return None
        return self.keys.get(key) or (key.startswith(KEY_PREFIX) and key.removeprefix(KEY_PREFIX)) or None

    def add_campaigns(self, campaigns: Mapping[str, Mapping[str, Any]] | None) -> None:
        """Only these campaigns, and those told before, exist from now on; None opens the registry again."""
        with self._lock:
            told = {name: Campaign(**facts) for name, facts in (campaigns or {}).items()}
            self.campaigns = None if campaigns is None else {**(self.campaigns or {}), **told}

    def is_spent(self, answer: str) -> bool:
        """Whether a visitor's answer to a captcha was here before; now it was."""
        with self._lock:
            known = answer in self._spent
            self._spent[answer] = None
            while len(self._spent) > self.keep:
                self._spent.popitem(last=False)
            return known

    def unknown(self, request: Mapping[str, Any]) -> dict[str, list[str]]:
        """The tags and attributes of a request that do not exist, and so are ignored."""
        return {
            name: [one for one in request.get(name, ()) if one not in known]
            for name, known in (("tags", self.tags), ("attributes", self.attributes))
            if known is not None and not known.issuperset(request.get(name, ()))
        }

    def keep_contact(self, account: str, request: Mapping[str, Any], ignored: Mapping[str, Iterable[str]]) -> None:
        """Create or update the contact of a request that was taken."""
        place = (account, request["destination"])
        tags = [tag for tag in request.get("tags", ()) if tag not in ignored.get("tags", ())]
        attributes = {k: v for k, v in request.get("attributes", {}).items() if k not in ignored.get("attributes", ())}
        now = iso(utcnow())
        with self._lock:
            known = self.contacts.pop(place, {"created_at": now, "tags": [], "attributes": {}})
            self.contacts[place] = {
                "account": account,
                "destination": request["destination"],
                "userName": request["userName"],
                "source": request.get("source", known.get("source")),
                "tags": list(dict.fromkeys([*known["tags"], *tags])),
                "attributes": {**known["attributes"], **attributes},
                "created_at": known["created_at"],
                "updated_at": now,
            }
            while len(self.contacts) > self.keep:
                self.contacts.popitem(last=False)

    def list_contacts(self) -> list[dict[str, Any]]:
        """The contacts, the one changed last at the end."""
        with self._lock:
            return list(self.contacts.values())


def is_public(url: str) -> bool:
    """Whether a web address can be one that everybody reaches, as far as it tells by itself; nothing is looked up."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    for read in (ipaddress.ip_address, _legacy_address):
        try:
            return read(host).is_global
        except (ValueError, OSError):
            continue
    return "." in host and not host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))


def _legacy_address(host: str) -> ipaddress.IPv4Address:
    """`127.1`, `0x7f.1` and `2130706433`, which are addresses too."""
    return ipaddress.IPv4Address(socket.inet_aton(host))
