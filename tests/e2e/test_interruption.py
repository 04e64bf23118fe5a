"""A back-fill that somebody ends: it can be run again, and nothing is doubled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.e2e.meta import control
from tests.e2e.program import Program
from tests.e2e.test_recovery import MAPPING
from tests.inbox.helpers import wait_until

LEADS = 600


def asked_for_more(program: Program) -> bool:
    """Whether Meta was asked for the second page of a form's leads; the first is taken in by then."""
    told = requests.get(f"{program.box}/control/requests?where=graph", timeout=20).json()
    return any(one["path"].endswith("/leads") and "after" in one["body"] for one in told["requests"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_back_fill_that_is_interrupted_goes_on_when_it_is_run_again(tmp_path: Path, number: signal.Signals) -> None:
    """It ends at once, what it had taken stays, and each lead is there once in the end."""
    program = Program(tmp_path, "--sandbox", INGEST_RECONCILE="0")
    program.mapping("facebook", MAPPING)
    with program:
        leads = [{"full_name": f"Lead {one}", "phone_number": f"98765{one:05}"} for one in range(LEADS)]
        for start in range(0, LEADS, 500):
            control(program, "graph/leads", {"leads": leads[start : start + 500]})
        control(program, "fail", {"where": "graph", "delay": 0.3})
        command = [sys.executable, "-m", "ingest", "backfill", "facebook", "--sandbox"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=program.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as filling:
            wait_until(lambda: asked_for_more(program), "the form's second page")
            filling.send_signal(number)
            began = time.monotonic()
            _, said = filling.communicate(timeout=20)
            assert time.monotonic() - began < 5
            assert filling.returncode != 0, "it was interrupted before its end"
            assert "Traceback" not in said
        requests.delete(f"{program.box}/control/fail", timeout=10).raise_for_status()
        again = json.loads(program.command("backfill", "facebook", "--sandbox", "--json").stdout)
        (form,) = again["forms"]
        assert form["meta"] == LEADS
        assert form["known"] > 0
        assert form["known"] + form["new"] == LEADS
        bodies = program.received(LEADS)
        assert sorted(body["destination"] for body in bodies) == [f"+9198765{one:05}" for one in range(LEADS)]
