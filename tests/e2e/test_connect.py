"""From an unconnected page to leads, with the commands as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from tests.e2e.program import Program
from tests.e2e.test_recovery import MAPPING


def test_facebook_is_connected_and_the_doctor_finds_nothing(tmp_path: Path) -> None:
    """The doctor names what is missing; connecting mends it, and then the doctor finds nothing to mend."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "facebook.yaml").write_text(MAPPING)
    with Program(tmp_path, "--sandbox") as program:
        told = program.command("doctor", "--sandbox")
        assert told.returncode == 1, told.stderr
        assert "ingest facebook connect" in told.stdout
        connected = program.command("facebook", "connect", "--sandbox", "--yes")
        assert connected.returncode == 0, connected.stderr
        assert "=sandbox-page-" in connected.stdout
        order = {"url": f"{program.url}/in/facebook", "leads": [{"full_name": "Asha", "phone_number": "9876543210"}]}
        requests.post(f"{program.box}/control/meta/leads", json=order, timeout=60)
        program.received(1)
        told = program.command("doctor", "--sandbox", "--json")
        assert told.returncode == 0, told.stdout
        found = json.loads(told.stdout)
        assert [one["code"] for one in found if one["verdict"] != "ok"] == []
        assert any("last lead" in one["message"] for one in found if one["code"] == "form")
