from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from ingest.sandbox import meta
from ingest.sandbox.faults import FaultSchema
from ingest.sandbox.server import Server
from ingest.sandbox.state import State


class Sandbox:
    """A sandbox on a free port, for tests: `with Sandbox() as box: …`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, keep: int = 10_000) -> None:
        self.state = State(keep)
        self._server = Server(host, port, self.state)
        self.url = self._server.url
        self.aisensy_url = f"{self.url}/campaign/t1/api"
        self.graph_url = f"{self.url}/v26.0"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def requests(self, where: str = "aisensy") -> list[dict[str, Any]]:
        """What came, oldest first: `Record`'s fields and `number`."""
        return self.state.records.list(where)

    def taken(self) -> list[dict[str, Any]]:
        """The requests for which a message would be sent, oldest first."""
        return self.state.records.list(taken=True)

    def wait(self, count: int, timeout: float = 10.0, taken: bool = True) -> list[dict[str, Any]]:
        """The requests, once so many came (were taken). Raises TimeoutError when the seconds are over before."""
        if not self.state.records.wait(count, timeout, taken=taken):
            raise TimeoutError(f"{self.state.records.count()} of {count} requests after {timeout} s")
        return self.taken() if taken else self.requests()

    def fail(self, **rule: Any) -> None:
        """Do as `POST /control/fail` does: `fail(next=2, status=503)`."""
        self.state.faults.add(FaultSchema().load(rule))

    def clear(self) -> None:
        """Forget what came, and all faults."""
        self.state.records.clear()
        self.state.faults.clear()

    def campaigns(self, campaigns: Mapping[str, Mapping[str, Any]] | None) -> None:
        """The campaigns that exist: `campaigns({"welcome_lead": {"params": 1}})`; None for any."""
        self.state.add_campaigns(campaigns)

    def add_lead(self, lead: Mapping[str, Any], **ids: str) -> str:
        """A lead that the Graph API shows; `page_id` and `form_id` may be told. Gives its id."""
        return str(self.state.leads.add(lead, **ids)["id"])

    def token(self, token: str, **facts: Any) -> None:
        """What `debug_token` tells of a token from now on: `expires_at`, `scopes`, `is_valid`, …"""
        self.state.token_facts[token] = facts

    def unsubscribe(self, object_id: str) -> None:
        """A page, or an app, is subscribed to nothing any more."""
        self.state.leads.unsubscribe(object_id)

    def meta(self, url: str, leads: Sequence[Mapping[str, Any]], **order: Any) -> dict[str, Any]:
        """Create leads and tell them by signed webhooks, as Meta does: see `meta.Order` and `meta.play`."""
        return meta.play(self.state.leads, meta.Order(url, leads, **order), self.state.stopping)

    def handshake(self, url: str, verify_token: str) -> dict[str, Any]:
        """Call an endpoint as Meta does when a webhook is set up."""
        return meta.handshake(url, verify_token)
