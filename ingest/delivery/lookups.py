from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ingest.channels.graph import BATCH, Graph
from ingest.channels.payload import dumps
from ingest.delivery import retry
from ingest.delivery.crew import Crew
from ingest.errors import GraphError
from ingest.inbox.moves import Move
from ingest.mapping.records import Intake
from ingest.models import Delivery, Reason, Status, utcnow
from ingest.settings import Secrets

ACCESS_TOKEN = "FACEBOOK_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
APP_SECRET = "FACEBOOK_APP_SECRET"  # noqa: S105 - the same

SLOWEST = 6
"""The failures after which look-ups grow no rarer: leads are asked for until Meta gives them."""

Access = Callable[[Delivery], tuple[str, str]]
"""The names of the variables that hold the access token and the app secret for a delivery's lead."""


def access_names(intake: Intake | None, delivery: Delivery) -> tuple[str, str]:
    """The variables for a lead: those of its mapping, the token by its page where the mapping tells tokens by page."""
    if intake is None:
        return ACCESS_TOKEN, APP_SECRET
    notice = json.loads(delivery.event.body)
    page = str(notice.get("page_id") or "") if isinstance(notice, dict) else ""
    tokens = intake.auth.get("access_token") or (ACCESS_TOKEN,)
    secrets = intake.auth.get("app_secret") or (APP_SECRET,)
    return intake.access_tokens.get(page, tokens[0]), secrets[0]


@dataclass(frozen=True, slots=True)
class Found:
    """Deliveries whose leads were looked up: each now with its lead, or with why not."""

    leads: list[Delivery]
    missing: list[tuple[Delivery, GraphError]]


def missed(owner: str, delivery: Delivery, error: GraphError) -> Move:
    """The move of a delivery whose lead Meta did not give: asked for ever more rarely, or held where it is gone."""
    failures = delivery.fetches + 1
    gone = error.reason is Reason.LEAD_GONE
    values = {
        "status": Status.HELD if gone else Status.WAITING,
        "reason": error.reason,
        "error": error.message,
        "fetches": failures,
        "due_at": None if gone else utcnow() + retry.pause(min(failures, SLOWEST), error.retry_after),
        "owner": None,
    }
    return Move(delivery.id, delivery.status, values, owner=owner)


class Lookups:
    """Looks leads up at the side, up to 50 a call, with a few threads for each token."""

    def __init__(self, graph: Graph, secrets: Secrets, tell: Callable[[Found], None]) -> None:
        self._graph = graph
        self._secrets = secrets
        self._tell = tell
        self._crews: dict[str, Crew] = {}

    def start(self, deliveries: Iterable[Delivery], access: Access) -> None:
        """Look leads up; what is found is told when it is there."""
        groups: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            groups[access(delivery)].append(delivery)
        for (token, app_secret), group in groups.items():
            crew = self._crews.setdefault(token, Crew(2, "graph"))
            for start in range(0, len(group), BATCH):
                crew.do(partial(self._look, group[start : start + BATCH], token, app_secret))

    def close(self) -> None:
        """Start nothing more."""
        for crew in self._crews.values():
            crew.drop()

    def _look(self, group: list[Delivery], token_name: str, app_secret_name: str) -> None:
        token = self._secrets.get(token_name)
        ids = [delivery.event.external_id or "" for delivery in group]
        answers: dict[str, dict[str, Any] | GraphError]
        if token is None:
            answers = dict.fromkeys(ids, GraphError(Reason.LEAD_UNAVAILABLE, f"{token_name} is not set"))
        else:
            answers = self._fetch(ids, token, self._secrets.get(app_secret_name))
        found = Found([], [])
        for delivery, external_id in zip(group, ids, strict=True):
            answer = answers[external_id]
            if isinstance(answer, GraphError):
                found.missing.append((delivery, answer))
            else:
                found.leads.append(replace(delivery, lead=dumps(answer)))
        self._tell(found)

    def _fetch(self, ids: list[str], token: str, app_secret: str | None) -> dict[str, dict[str, Any] | GraphError]:
        try:
            return self._graph.fetch(ids, token, app_secret)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not keep leads from being asked for again
            said = f"The look-up failed unexpectedly ({type(error).__name__})"
            return dict.fromkeys(ids, GraphError(Reason.LEAD_UNAVAILABLE, said))
