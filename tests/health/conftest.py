from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sandbox import Sandbox
from tests.health.clinic import Clinic
from tests.stores import new_sqlite


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    """A connected Facebook page whose form brings leads, and a store."""
    with Sandbox() as box:
        clinic = Clinic(new_sqlite(tmp_path / "data" / "ingest.db"), tmp_path, box, monkeypatch)
        yield clinic
        clinic.inbox.close()
