from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import click


def replace_text(path: Path, before: bytes, after: bytes) -> None:
    """Replace a file's content whole or not at all, its mode kept.

    Raises ClickException: it can't be written, or has changed since it was read.
    """
    path = path.resolve()  # a link stays a link
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    except OSError as error:
        raise click.ClickException(f"Nothing can be written beside {path}: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, name)
        with suppress(OSError):  # only root may give files away
            owner = path.stat()
            os.chown(name, owner.st_uid, owner.st_gid)
        if path.read_bytes() != before:
            raise click.ClickException(f"{path} has just been changed by somebody else. Try again.")
        Path(name).replace(path)
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}.") from None
    finally:
        Path(name).unlink(missing_ok=True)
