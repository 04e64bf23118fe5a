"""Nothing lost and nothing doubled, whatever is killed: the short form of `make soak`."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_when_processes_are_killed_under_load(store: str) -> None:
    """Web, workers, parent and database die while AiSensy fails at random: each acknowledged lead ends, once."""
    command = [sys.executable, "-m", "bench.crash", "--store", store, "--leads", "300", "--kills", "6", "--every", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"^accepted=300 sent=(\d+) held=(\d+) lost=0 doubled=0$", done.stdout, re.MULTILINE)
    assert told, done.stdout
    assert int(told[1]) + int(told[2]) == 300
