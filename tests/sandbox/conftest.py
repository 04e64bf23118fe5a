from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ingest.sandbox import Sandbox

REQUEST = {
    "apiKey": "sandbox-acme",
    "campaignName": "welcome_lead",
    "destination": "+919876543210",
    "userName": "Asha Rao",
}


class Caller:
    """Calls a sandbox over HTTP."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, part: dict[str, Any] | None = None, path: str = "", **options: Any) -> requests.Response:
        """A campaign request."""
        return self._session.post(self.box.aisensy_url + path, json=REQUEST | (part or {}), timeout=10, **options)

    def call(self, method: str, path: str, document: Any = None, **options: Any) -> requests.Response:
        """Any other call, below the sandbox's address."""
        return self._session.request(method, self.box.url + path, json=document, timeout=10, **options)

    def graph(self, path: str, bearer: str = "any", **args: str) -> Any:
        """A look-up in the Graph API."""
        headers = {"Authorization": f"Bearer {bearer}"}
        return self._session.get(f"{self.box.graph_url}/{path}", params=args, headers=headers, timeout=10).json()

    def batch(self, urls: list[str], **form: str) -> Any:
        """Look-ups by the batch endpoint."""
        calls = [{"method": "GET", "relative_url": url} for url in urls]
        return self._session.post(
            f"{self.box.graph_url}/", data={"batch": json.dumps(calls), "access_token": "token"} | form, timeout=10
        ).json()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def caller(box: Sandbox) -> Iterator[Caller]:
    caller = Caller(box)
    yield caller
    caller.close()
