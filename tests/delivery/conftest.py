from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sandbox import Sandbox
from tests.delivery.house import House


@pytest.fixture
def house(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A worker that is not started yet, with the sandbox to send to, on both stores in turn."""
    with Sandbox() as box:
        house = House(store, tmp_path / "mappings", box, monkeypatch)
        yield house
        house.close()
