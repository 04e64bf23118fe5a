from __future__ import annotations

from pathlib import Path

import alembic.command
import alembic.config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from ingest.errors import StoreError


def upgrade(connection: Connection) -> None:
    """Bring the schema to its newest version. Raises StoreError when a newer program wrote it."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        alembic.command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"The store was written by a newer program: install that, or newer ({error})") from error
