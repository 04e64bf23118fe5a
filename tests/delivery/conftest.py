from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.sandbox import Sandbox
from tests.delivery.house import House
from tests.stores import new_sqlite


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A worker that is not started yet, with the sandbox to send to, on SQLite."""
    with _house(new_sqlite(tmp_path / "ingest.db"), tmp_path, monkeypatch) as house:
        yield house


@pytest.fixture
def any_house(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The same, on both stores in turn."""
    with _house(store, tmp_path, monkeypatch) as house:
        yield house


@contextmanager
def _house(store: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with Sandbox() as box:
        house = House(store, folder / "mappings", box, monkeypatch)
        try:
            yield house
        finally:
            house.close()
