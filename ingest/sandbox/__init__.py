from __future__ import annotations

from ingest.sandbox.box import Sandbox
from ingest.sandbox.server import create_app, serve
from ingest.sandbox.state import State

__all__ = ["Sandbox", "State", "create_app", "serve"]
