from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.channels.facebook import is_whole
from ingest.channels.graph.client import BATCH, Access, Answer, Graph, path_of
from ingest.channels.graph.errors import unavailable
from ingest.errors import GraphError

FIELDS = (
    "id,created_time,field_data,form_id,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,"
    "is_organic,platform,custom_disclaimer_responses"
)
PAGE = "100"  # leads a call
_HIDDEN = (
    "Meta keeps the lead's answers (field_data) back: the token lacks leads_retrieval, or the Lead Access Manager does"
    " not let its user or app in"
)


@dataclass(frozen=True, slots=True)
class LeadSource:
    """The leads that one token gives: by their ids, or all of a form."""

    graph: Graph
    access: Access

    def fetch(self, ids: Sequence[str]) -> dict[str, Answer]:
        """For each id its lead's whole document, or why it did not come; up to 50 a call. Never raises.

        https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
        """
        return {one: _whole(answer) for one, answer in self._each(ids, FIELDS).items()}

    def names(self, ids: Sequence[str]) -> dict[str, Answer]:
        """The documents of forms and pages, with their names. Never raises."""
        return self._each(ids, "id,name")

    def of_form(self, form_id: str, since: datetime) -> Iterator[dict[str, Any]]:
        """The leads of a form that came after a time, newest first; Meta keeps them for 90 days. Raises GraphError.

        https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving#bulk-read
        """
        after = {"field": "time_created", "operator": "GREATER_THAN", "value": int(since.timestamp())}
        path = path_of(form_id, "leads")
        return self.graph.pages(path, self.access, fields=FIELDS, limit=PAGE, filtering=json.dumps([after]))

    def pages(self) -> Iterator[dict[str, Any]]:
        """The pages that the token's owner may read: `id`, `name`. Raises GraphError."""
        return self.graph.pages(path_of("me", "accounts"), self.access, fields="id,name", limit=PAGE)

    def forms(self, page_id: str) -> Iterator[dict[str, Any]]:
        """A page's lead forms: `id`, `name`, `status`. Raises GraphError."""
        return self.graph.pages(path_of(page_id, "leadgen_forms"), self.access, fields="id,name,status", limit=PAGE)

    def _each(self, ids: Sequence[str], fields: str) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        unique = list(dict.fromkeys(ids))
        for start in range(0, len(unique), BATCH):
            part = unique[start : start + BATCH]
            answers = self.graph.batch([path_of(one, fields=fields) for one in part], self.access)
            found.update(zip(part, answers, strict=True))
        return found


def _whole(answer: Answer) -> Answer:
    """A lead without the person's answers is none."""
    return answer if isinstance(answer, GraphError) or is_whole(answer) else unavailable(_HIDDEN)
