from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

_INSTALL = ("apt-get update -qq", "apt-get install -qq -y --no-install-recommends chromium")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium, installed where it is missing."""
    if shutil.which("chromium") is None and shutil.which("apt-get"):
        for command in _INSTALL:
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command.split(), env=environment, capture_output=True, timeout=600, check=False)
    found = shutil.which("chromium")
    assert found, "These tests drive Chromium, and there is none: apt-get install chromium"
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests; each opens a window of its own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])  # we may be root
        yield started
        started.close()
