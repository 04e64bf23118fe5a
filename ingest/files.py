from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path


class Changed(OSError):  # noqa: N818 - what has happened
    """A file is not any more what it was when it was read."""

    def __init__(self) -> None:
        super().__init__(0, "somebody else has just changed it")


def replace(path: Path, content: bytes, before: bytes | None) -> None:
    """Replace a file whole or not at all, and put it on disk; its mode and owner are kept, a link stays a link.

    `before` is what was read of it, None where there was no such file. Raises OSError, also where it has changed since.
    """
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before is None:
            Path(name).chmod(0o644)
        else:
            shutil.copymode(path, name)
            with suppress(OSError):  # only root may give files away
                owner = path.stat()
                os.chown(name, owner.st_uid, owner.st_gid)
        if (path.read_bytes() if path.exists() else None) != before:
            raise Changed
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
