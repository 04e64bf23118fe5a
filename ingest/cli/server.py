from __future__ import annotations

import signal
from typing import Any

from gunicorn.app.base import BaseApplication

from ingest.cli.family import die_with_parent
from ingest.settings import Settings
from ingest.web.server import options


class _Server(BaseApplication):
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Take our settings, none from the command line."""
        for name, value in options(self._settings).items():
            self.cfg.set(name, value)
        self.cfg.set("post_fork", _forked)

    def load(self) -> Any:
        """The application of one process, which gunicorn has made ready for greenlets by now."""
        from ingest.app import create_app  # noqa: PLC0415 - what it imports must find greenlets instead of threads

        return create_app(self._settings)


def _forked(_server: object, _worker: object) -> None:
    # A killed master must not leave processes behind that still hold its port.
    die_with_parent(signal.SIGKILL, of_run=False)


def serve(settings: Settings) -> None:
    """Serve the web side with gunicorn until SIGTERM."""
    _Server(settings).run()
