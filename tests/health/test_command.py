from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import cli
from tests.health.clinic import PAGE, Clinic

KEYS = ["area", "code", "subject", "verdict", "message", "mend"]


def test_every_line_has_its_verdict_and_each_fault_its_mend(clinic: Clinic) -> None:
    """The page is grouped; a fault makes the exit code 1 and stands with what mends it."""
    clinic.box.unsubscribe(PAGE)
    told = CliRunner().invoke(cli, ["doctor"])
    assert told.exit_code == 1
    heads = [line for line in told.stdout.splitlines() if line and not line.startswith(" ")]
    assert heads == ["Mappings", "Facebook", "AiSensy", "Store"]
    (line,) = [line for line in told.stdout.splitlines() if "not subscribed" in line]
    assert line.split()[0] == "fault"
    assert "→ Run `ingest facebook connect`" in told.stdout
    assert told.stderr == "1 fault, 0 warnings\n"


def test_warnings_alone_are_no_problem(clinic: Clinic) -> None:
    """A cron job that runs the doctor fails for faults only."""
    clinic.box.token("user-token", expires_at=4_102_444_800, data_access_expires_at=1)
    told = CliRunner().invoke(cli, ["doctor", "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert all(list(one) == KEYS for one in found)
    assert [one["code"] for one in found if one["verdict"] == "warning"] == ["data_access_ends"]


def test_no_secret_is_printed(clinic: Clinic) -> None:
    """Whatever Meta repeats of them."""
    body = {"error": {"message": "Bad token app-secret-of-ours user-token", "code": 190}}
    clinic.box.fail(where="graph", status=400, body=body)
    told = CliRunner().invoke(cli, ["doctor"])
    assert "Bad token" in told.output
    assert "app-secret-of-ours" not in told.output
    assert "user-token" not in told.output


@pytest.mark.usefixtures("clinic")
def test_looking_makes_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which nothing has run yet is as it was."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other/ingest.db")
    told = CliRunner().invoke(cli, ["doctor", "--json"])
    assert told.exit_code == 0
    assert "no_store" in told.stdout
    assert not (tmp_path / "other").exists()
