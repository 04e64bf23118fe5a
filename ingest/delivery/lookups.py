from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from math import ceil

from ingest.channels.graph import BATCH, Access, Answer, Graph, LeadSource, NameBook
from ingest.channels.payload import dumps
from ingest.delivery import retry
from ingest.delivery.crew import Crew
from ingest.delivery.stops import Stops
from ingest.errors import GraphError
from ingest.inbox.moves import Move
from ingest.models import Delivery, Reason, Status, utcnow
from ingest.settings import Secrets

SLOWEST = 6
"""The failures after which look-ups grow no rarer: leads are asked for until Meta gives them."""
TOGETHER = 2.0
"""Seconds: leads that fail within so long of each other are asked for again in one call."""

Names = Callable[[Delivery], tuple[str, str]]
"""The names of the variables that hold the access token and the app secret for a delivery's lead."""


@dataclass(frozen=True, slots=True)
class Found:
    """Deliveries whose leads were looked up: each now with its lead, or with why not."""

    leads: list[Delivery]
    missing: list[tuple[Delivery, GraphError]]
    works: bool = False  # what did not work does again: all leads that wait for it are due


def missed(owner: str, delivery: Delivery, error: GraphError) -> Move:
    """The move of a delivery whose lead Meta did not give: asked for ever more rarely, or held where it is gone."""
    failures = delivery.fetches + 1
    gone = error.reason is Reason.LEAD_GONE
    values = {
        "status": Status.HELD if gone else Status.WAITING,
        "reason": error.reason,
        "error": error.message,
        "fetches": failures,
        "due_at": None if gone else _with_others(utcnow() + retry.pause(min(failures, SLOWEST), error.retry_after)),
        "owner": None,
    }
    return Move(delivery.id, delivery.status, values, owner=owner)


def _with_others(moment: datetime) -> datetime:
    return datetime.fromtimestamp(ceil(moment.timestamp() / TOGETHER) * TOGETHER, UTC)


class Lookups:
    """Looks leads up at the side, up to 50 a call, with a few threads for each token."""

    def __init__(self, graph: Graph, secrets: Secrets, tell: Callable[[Found], None]) -> None:
        self._graph = graph
        self._secrets = secrets
        self._tell = tell
        self._crews: dict[str, Crew] = {}
        self._names = NameBook()
        self.stops = Stops(secrets.get)

    def start(self, deliveries: Iterable[Delivery], names: Names) -> None:
        """Look leads up; what is found is told when it is there."""
        groups: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            groups[names(delivery)].append(delivery)
        for (token, app_secret), group in groups.items():
            crew = self._crews.setdefault(token, Crew(2, "graph"))
            for start in range(0, len(group), BATCH):
                crew.do(partial(self._look, group[start : start + BATCH], token, app_secret))

    def close(self) -> None:
        """Start nothing more."""
        for crew in self._crews.values():
            crew.drop()

    def _look(self, group: list[Delivery], token_name: str, app_secret_name: str) -> None:
        stops = [(delivery, self.stops.of(token_name, page_of(delivery))) for delivery in group]
        stopped = [(delivery, stop) for delivery, stop in stops if stop]
        if stopped:  # told first, so that they are there when what is asked now makes them due
            self._tell(Found([], stopped))
        asked = [delivery for delivery, stop in stops if not stop]
        if asked:
            self._tell(self._ask(asked, token_name, app_secret_name))

    def _ask(self, group: list[Delivery], token_name: str, app_secret_name: str) -> Found:
        token = self._secrets.get(token_name)
        if token is None:
            unset = GraphError(Reason.LEAD_UNAVAILABLE, f"{token_name} is not set")
            return Found([], [(delivery, unset) for delivery in group])
        leads, missing, works = [], [], False
        source = LeadSource(self._graph, Access(token, self._secrets.get(app_secret_name)))
        answers = self._fetch([delivery.event.external_id or "" for delivery in group], source)
        named = self._names.of(source, _to_name(group, answers))
        for delivery in group:
            answer = answers[delivery.event.external_id or ""]
            if isinstance(answer, GraphError):
                self.stops.note(token_name, page_of(delivery), answer)
                missing.append((delivery, answer))
            else:
                works |= self.stops.works(token_name, page_of(delivery))
                ids = {"form_name": str(answer.get("form_id") or ""), "page_name": page_of(delivery)}
                names = {key: named[one] for key, one in ids.items() if one in named}
                leads.append(replace(delivery, lead=dumps(answer | names)))
        return Found(leads, missing, works)

    def _fetch(self, ids: list[str], source: LeadSource) -> dict[str, Answer]:
        try:
            return source.fetch(ids)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not keep leads from being asked for again
            said = f"The look-up failed unexpectedly ({type(error).__name__})"
            return dict.fromkeys(ids, GraphError(Reason.LEAD_UNAVAILABLE, said))


def _to_name(group: Iterable[Delivery], answers: Mapping[str, Answer]) -> set[str]:
    """The forms and pages of leads that came."""
    forms = {str(one.get("form_id") or "") for one in answers.values() if isinstance(one, dict)}
    return (forms | ({page_of(delivery) for delivery in group} if forms else set())) - {""}


def page_of(delivery: Delivery) -> str:
    """The page of a delivery's lead, as its notice told; blank where it did not."""
    notice = json.loads(delivery.event.body)
    return str(notice.get("page_id") or "") if isinstance(notice, dict) else ""
