"""The settings of our gunicorn; `gunicorn.conf.py` at the root, and `ingest web`, both take them from here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ingest.settings import Settings


def options(settings: Settings) -> dict[str, Any]:
    """Gunicorn's settings by their names."""
    memory = Path("/dev/shm")  # noqa: S108 - heartbeats only: a disk that is busy must not look like a dead worker
    return {
        "bind": f"{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}",
        "worker_class": "gevent",  # who wait for one commit are greenlets: threads would hand the interpreter about
        "workers": int(os.environ.get("WEB_CONCURRENCY") or 2),
        "worker_connections": 1000,
        "backlog": 2048,
        "keepalive": 5,
        "timeout": 30,
        "graceful_timeout": 8,
        "limit_request_line": 4094,
        "limit_request_fields": 100,
        "limit_request_field_size": 8190,
        "worker_tmp_dir": str(memory) if os.access(memory, os.W_OK) else None,
        "preload_app": False,  # each process opens connections of its own
        "accesslog": None,  # addresses and query strings are people's data
        "loglevel": "error",  # warnings quote request lines, which may hold people's data
        "forwarded_allow_ips": "",  # INGEST_TRUSTED_PROXIES alone tells whose headers count
        "control_socket_disable": True,
        "proc_name": "ingest",
    }
