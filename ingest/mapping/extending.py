"""A mapping's file with all that it extends."""

from __future__ import annotations

import difflib
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from ingest.errors import Finding, MappingError
from ingest.mapping.document import reading
from ingest.mapping.document.nodes import Node
from ingest.mapping.merging import merge_files
from ingest.mapping.schema.readers import BASE_FILE

MAX_BASES = 8  # files that extend one another


class Trail:
    """The files that a mapping is made of, also those that were looked for in vain, and the hash of what they hold.

    `folder` is that of all mappings, which holds every base; none where a file is looked at by itself.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._files: list[Path] = []
        self._digest = hashlib.sha256()

    def add(self, path: Path) -> None:
        """Note a file that is going to be read."""
        self._files.append(path)
        with suppress(OSError, ValueError), path.open("rb") as file:
            self._digest.update(file.read(reading.MAX_BYTES + 1))

    def __contains__(self, path: Path) -> bool:
        return os.path.realpath(path) in map(os.path.realpath, self._files)

    def __len__(self) -> int:
        return len(self._files)

    @property
    def sources(self) -> tuple[str, ...]:
        """The files' paths."""
        return tuple(map(str, self._files))

    @property
    def version(self) -> str:
        """Twelve characters that are others for each other content."""
        return self._digest.hexdigest()[:12]


def extended(path: Path, trail: Trail) -> tuple[Node | None, list[Finding]]:
    """A file with all that it extends, and what is wrong with their YAML; None where nothing can be made of it."""
    chain: list[Node] = []
    findings: list[Finding] = []
    while True:
        trail.add(path)
        document = reading.read(path, str(path))
        findings += document.findings
        node = document.node
        if node is None:
            return None, findings
        if not isinstance(node.value, dict):
            message = "A mapping is a set of keys, like `channel: form`."
            hint = "begin with `channel:`, without a dash" if isinstance(node.value, list) else ""
            return None, [*findings, Finding(node.place, "wrong_type", message, hint)]
        chain.append(node)
        base = node.value.get("extends")
        if base is None or base.value is None:
            break
        try:
            path = _base(base, path, trail)
        except MappingError as error:
            return None, [*findings, *error.findings]
    merged = Node({}, chain[-1].place)
    for each in reversed(chain):
        merged = merge_files(merged, each)
    merged.value.pop("extends", None)
    return merged, findings


def _base(node: Node, path: Path, trail: Trail) -> Path:
    def fault(message: str, hint: str = "") -> MappingError:
        return MappingError([Finding(node.place, "bad_value", message, hint)])

    if not isinstance(node.value, str) or not BASE_FILE.fullmatch(node.value):
        raise fault("`extends` names no file that can be extended.", "a file whose name begins with _: _base.yaml")
    folder = trail.folder or Path()
    below = Path(os.path.normpath((path.parent.relative_to(folder) if trail.folder else path.parent) / node.value))
    if trail.folder and below.parts[0] == "..":  # links stay as they are: whoever makes one may lead out of the folder
        raise fault("The file to extend is outside of the folder of mappings.", "put it into that folder")
    base = folder / below
    if not _is_file(base):
        trail.add(base)  # it may come
        close = difflib.get_close_matches(base.name, [each.name for each in base.parent.glob("_*.yaml")], 1)
        hint = (
            f"did you mean `{Path(node.value).with_name(close[0])}`?" if close else "the path is relative to this file"
        )
        raise fault(f"There is no file {node.value} to extend.", hint)
    if base in trail:
        raise fault("The files extend each other in a circle.", "take one `extends` out")
    if len(trail) >= MAX_BASES:
        raise fault(f"More than {MAX_BASES} files extend one another.")
    return base


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
