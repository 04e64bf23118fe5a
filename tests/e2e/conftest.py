from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.forms import Forms, forms_in
from tests.e2e.site import Window, window

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


@pytest.fixture(scope="session")
def forms_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forms]:
    """One program with forms, and one site, for all tests that drive a browser."""
    with forms_in(tmp_path_factory.mktemp("forms")) as found:
        yield found


@pytest.fixture
def forms(forms_running: Forms) -> Forms:
    """The same, its sandbox empty."""
    forms_running.forget()
    return forms_running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Window]:
    """A new visitor's window."""
    with window(browser) as opened:
        yield opened
