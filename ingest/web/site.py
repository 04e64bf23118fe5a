from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from ingest.catalog import LiveCatalog
from ingest.inbox import Inbox
from ingest.settings import Settings
from ingest.web.backlog import Backlog
from ingest.web.counts import Counts
from ingest.web.forms.protection import Protection
from ingest.web.intakes import Intakes
from ingest.web.openapi.document import Described
from ingest.web.waiting import Waiting

NAME = "ingest"


@dataclass(frozen=True)
class Site:
    """What the views of this process share; in `app.extensions["ingest"]`."""

    settings: Settings
    inbox: Inbox
    catalog: LiveCatalog
    intakes: Intakes
    waiting: Waiting
    backlog: Backlog
    protection: Protection
    refusals: Counts = field(default_factory=Counts)
    described: Described = field(default_factory=Described)


def site() -> Site:
    """The site of the request at hand."""
    found: Site = current_app.extensions[NAME]
    return found
