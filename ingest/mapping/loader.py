from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.errors import Finding, MappingError, Place
from ingest.mapping import reading
from ingest.mapping.accounts import read_accounts
from ingest.mapping.building import build_intake, build_translation
from ingest.mapping.files import Stamps, endpoints, walk
from ingest.mapping.merging import merge_files
from ingest.mapping.reading import Node
from ingest.mapping.records import (
    Account,
    Campaign,
    Catalog,
    FormBlock,
    Intake,
    Mapping,
    Policy,
    QuietHours,
    Translation,
)
from ingest.mapping.schema import INTAKE_KEYS, Kinds

__all__ = [
    "Account",
    "Campaign",
    "Catalog",
    "FormBlock",
    "Intake",
    "Mapping",
    "Policy",
    "QuietHours",
    "Translation",
    "intake_from",
    "load",
    "load_file",
]

ACCOUNTS = "_accounts.yaml"
MAX_BASES = 8  # files that extend one another
_ENDPOINT = re.compile(r"[\w.-]+(?:/[\w.-]+)*")


def load(folder: Path, channels: Kinds, country: str = "IN") -> Catalog:
    """Every mapping of a folder. Never raises: what is wrong is in the findings, and one file never touches another."""
    accounts = read_accounts(folder / ACCOUNTS)
    return gather(folder, walk(folder), lambda path: load_file(path, channels, folder, country), accounts)


def gather(
    folder: Path, stamps: Stamps, read: Callable[[Path], Mapping], accounts: tuple[dict[str, Account], list[Finding]]
) -> Catalog:
    """The catalogue of a folder's files: mappings as `read` gives them, and what `_accounts.yaml` says."""
    mappings: dict[str, Mapping] = {}
    findings: list[Finding] = []
    for path in endpoints(folder, stamps):
        mapping = read(path)
        findings += mapping.findings
        mappings[mapping.endpoint] = mapping
        if not _ENDPOINT.fullmatch(mapping.endpoint):
            message = "The file's name makes a bad address."
            findings.append(Finding(Place(mapping.file), "file_name", message, "use letters, digits, _ . and -"))
    for name in sorted(name for name, known in stamps.items() if known and name.endswith(".yml")):
        findings.append(Finding(Place(name), "file_name", "The file is not looked at.", "call it .yaml"))
    away = [
        Finding(Place(name), "file_unreadable", "There is no such folder of mappings, or it can't be listed.")
        for name, known in sorted(stamps.items())
        if known is None
    ]
    return Catalog(mappings, accounts[0], list(dict.fromkeys([*away, *findings, *accounts[1]])), accounts[1], away)


def load_file(path: Path, channels: Kinds, folder: Path | None = None, country: str = "IN") -> Mapping:
    """One mapping. Never raises: what is wrong is in its findings."""
    below = path.relative_to(folder) if folder else Path(path.name)
    endpoint, file = below.with_suffix("").as_posix(), str(path)
    trail = _Trail(folder)
    try:
        node = _extended(path, file, trail)
    except MappingError as error:
        return Mapping(endpoint, file, trail.version, None, None, error.findings, error.findings, sources=trail.sources)
    parts = _parts(node)
    intake, intake_findings = build_intake(parts[0], country, channels)
    translation, findings = build_translation(parts[1], country)
    document = _jsonable(parts[0].plain()) if intake else None
    return Mapping(
        endpoint, file, trail.version, intake, translation, intake_findings, findings, document, trail.sources
    )


def intake_from(document: dict[str, Any], file: str, channels: Kinds, country: str = "IN") -> Intake:
    """An intake from the sections that `Mapping.intake_document` holds. Raises MappingError."""
    intake, findings = build_intake(reading.from_data(document, Place(file)), country, channels)
    if intake is None:
        raise MappingError(findings)
    return intake


class _Trail:
    """The files that a mapping is made of, also those that were looked for in vain, and the hash of what they hold."""

    def __init__(self, folder: Path | None) -> None:
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


def _extended(path: Path, file: str, trail: _Trail) -> Node:
    """A file with all that it extends. Raises MappingError."""
    chain: list[Node] = []
    while True:
        trail.add(path)
        node = reading.read(path, file)
        if not isinstance(node.value, dict):
            raise MappingError([Finding(node.place, "wrong_type", "A mapping is a set of keys, like `channel: form`.")])
        chain.append(node)
        base = node.value.get("extends")
        if base is None or base.value is None:
            break
        path, file = _base(base, path, trail)
    merged = Node({}, chain[-1].place)
    for each in reversed(chain):
        merged = merge_files(merged, each)
    merged.value.pop("extends", None)
    return merged


def _base(node: Node, path: Path, trail: _Trail) -> tuple[Path, str]:
    def fault(message: str, hint: str = "") -> MappingError:
        return MappingError([Finding(node.place, "bad_value", message, hint)])

    if not isinstance(node.value, str) or not re.fullmatch(r"(?:[^/\\]+/)*_[^/\\]*\.yaml", node.value):
        raise fault("`extends` names no file that can be extended.", "a file whose name begins with _: _base.yaml")
    folder = trail.folder or Path()
    below = Path(os.path.normpath((path.parent.relative_to(folder) if trail.folder else path.parent) / node.value))
    if trail.folder and below.parts[0] == "..":  # links stay as they are: whoever makes one may lead out of the folder
        raise fault("The file to extend is outside of the folder of mappings.", "put it into that folder")
    base = folder / below
    if not _is_file(base):
        trail.add(base)  # it may come
        raise fault(f"There is no file {node.value} to extend.", "the path is relative to this file")
    if base in trail:
        raise fault("The files extend each other in a circle.")
    if len(trail) >= MAX_BASES:
        raise fault(f"More than {MAX_BASES} files extend one another.")
    return base, str(base)


def _is_file(path: Path) -> bool:
    """Whether a file can be found there."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _parts(node: Node) -> tuple[Node, Node]:
    """The sections that web needs, and the others."""
    intake = {key: value for key, value in node.value.items() if key in INTAKE_KEYS}
    rest = {key: value for key, value in node.value.items() if key not in INTAKE_KEYS}
    return replace(node, value=intake), replace(node, value=rest)


def _jsonable(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _jsonable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_jsonable(item) for item in data]
    return float(data) if isinstance(data, Decimal) else data
