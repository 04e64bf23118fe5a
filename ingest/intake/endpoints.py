from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ingest import log
from ingest.channels import CHANNELS, KINDS, Channel
from ingest.channels.base import Auth, Notice
from ingest.errors import MappingError, Refusal, StoreError
from ingest.inbox import Inbox
from ingest.mapping import loader
from ingest.mapping.records import Catalog, Intake, Mapping
from ingest.settings import Secrets

_ASK_AGAIN = 5.0  # seconds, where the store could not be asked for last good intakes
_MENDED_IN = 60  # seconds, as told to senders: a person mends the mapping


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where leads are posted: a mapping's intake, as it is or as it last was without fault."""

    name: str
    channel: Channel
    intake: Intake
    account: str = "default"


@dataclass(frozen=True, slots=True)
class _Index:
    catalog: Catalog
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    by_form: dict[str, list[Endpoint]] = field(default_factory=dict)
    by_page: dict[str, list[Endpoint]] = field(default_factory=dict)


class Intakes:
    """The endpoints of now. Good intakes are kept in the store, and taken from there while a file has a fault.

    `current` gives the catalogue of now.
    """

    def __init__(self, current: Callable[[], Catalog], inbox: Inbox, secrets: Secrets) -> None:
        self._live = current
        self._inbox = inbox
        self._secrets = secrets
        self._kept: dict[str, str] = {}
        self._lock = threading.Lock()
        self._again_at: float | None = None
        self._index = _Index(Catalog())

    def find(self, name: str) -> Endpoint:
        """The endpoint of a name. Raises Refusal: 404 where no file has it, 503 where its intake never was good."""
        index = self._current()
        endpoint = index.endpoints.get(name)
        if endpoint:
            return endpoint
        if name in index.catalog.mappings or index.catalog.away:
            hint = "`ingest check` tells what is wrong with its mapping."
            message = "This endpoint can't take leads until its mapping is mended."
            raise Refusal(503, "mapping_broken", message, hint, retry_after=_MENDED_IN)
        hint = "An endpoint is named like its mapping's file: mappings/website.yaml is /in/website."
        raise Refusal(404, "no_such_endpoint", "There is no such endpoint.", hint)

    def all(self) -> list[Endpoint]:
        """Every endpoint that can take leads, by name."""
        return [endpoint for _, endpoint in sorted(self._current().endpoints.items())]

    def auth(self, endpoint: Endpoint) -> Auth:
        """The secrets of an endpoint that are set now, and how its posts are signed."""
        known = {
            key: [secret for secret in map(self._secrets.get, names) if secret]
            for key, names in endpoint.intake.auth.items()
        }
        return Auth(known, endpoint.intake.signature)

    def claimant(self, called: Endpoint, notice: Notice) -> Endpoint:
        """Whose a notice is: of those that share a secret with the endpoint called, the one that claims its form.

        Else the one that claims its page, else the endpoint called.
        """
        index = self._current()
        for claims, wanted in ((index.by_form, notice.form_id), (index.by_page, notice.page_id)):
            claimants = [one for one in claims.get(wanted or "", ()) if self._share_secret(one, called)]
            if claimants:
                return next((one for one in claimants if one.name == called.name), claimants[0])
        return called

    def _share_secret(self, one: Endpoint, other: Endpoint) -> bool:
        key = one.channel.secret_key
        if one.channel is not other.channel or key is None:
            return False
        return not set(self.auth(one).get(key, ())).isdisjoint(self.auth(other).get(key, ()))

    def _current(self) -> _Index:
        catalog = self._live()
        stale = catalog is not self._index.catalog
        late = self._again_at is not None and time.monotonic() >= self._again_at
        if stale or late:
            with self._lock:
                if catalog is not self._index.catalog or late:
                    self._index = self._build(catalog)
        return self._index

    def _build(self, catalog: Catalog) -> _Index:
        self._again_at = None
        index = _Index(catalog)
        for name, mapping in sorted(catalog.mappings.items()):
            intake = self._good(name, mapping)
            channel = CHANNELS.get(intake.channel) if intake else None
            if not intake or not channel:
                continue
            account = mapping.translation.account if mapping.translation else "default"
            endpoint = index.endpoints[name] = Endpoint(name, channel, intake, account)
            for claims, claimed in ((index.by_form, intake.forms), (index.by_page, intake.pages)):
                for one in claimed:
                    claims.setdefault(one, []).append(endpoint)
        return index

    def _good(self, name: str, mapping: Mapping) -> Intake | None:
        before = self._index.endpoints.get(name)
        try:
            if mapping.intake:
                self._keep(name, mapping)
                return mapping.intake
            if before:
                return before.intake
            document = self._inbox.last_good_intake(name)
            return None if document is None else _read(document, mapping)
        except StoreError as error:
            log.get().warning("intake_not_kept", endpoint=name, error=str(error))
            self._again_at = time.monotonic() + _ASK_AGAIN
            return mapping.intake

    def _keep(self, name: str, mapping: Mapping) -> None:
        if self._kept.get(name) == mapping.version or mapping.intake_document is None:
            return
        if self._inbox.last_good_intake(name) != mapping.intake_document:
            self._inbox.keep_intake(name, mapping.version, mapping.intake_document)
        self._kept[name] = mapping.version


def _read(document: dict[str, Any], mapping: Mapping) -> Intake | None:
    """A kept intake; None where it was good to another version of the program, and is not to this one."""
    try:
        return loader.intake_from(document, mapping.file, KINDS)
    except MappingError as error:
        first = error.findings[0]
        log.get().error("kept_intake_broken", endpoint=mapping.endpoint, code=first.code, message=first.message)
        return None
