"""The baseline of intake: a bare Flask view that reads the body and says 200, under the same gunicorn."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from ingest import settings
from ingest.web import server

app = Flask("bare")


@app.post("/in/<path:name>")
def take(name: str) -> str:
    """Read the body."""
    request.get_data()
    return name


def main() -> None:
    """Serve it, with the settings of our own gunicorn."""
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 - only where it is the program

    class Server(BaseApplication):
        def load_config(self) -> None:
            for name, value in server.options(settings.load()).items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    Server().run()


if __name__ == "__main__":
    main()
