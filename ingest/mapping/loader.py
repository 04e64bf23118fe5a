from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.errors import Finding, MappingError, Place
from ingest.mapping import reading
from ingest.mapping.accounts import read_accounts
from ingest.mapping.building import build_intake, build_translation, is_broken
from ingest.mapping.declared import Tables
from ingest.mapping.fields import BASE_FILE
from ingest.mapping.merging import merge_files
from ingest.mapping.nodes import Node, from_data
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
    "sections",
]

MAX_BASES = 8  # files that extend one another
_ENDPOINT = re.compile(r"[\w.-]+(?:/[\w.-]+)*")


def load(folder: Path, channels: Kinds, country: str = "IN") -> Catalog:
    """Every mapping of a folder. Never raises: what is wrong is in the findings, and one file never touches another."""
    mappings: dict[str, Mapping] = {}
    findings: list[Finding] = []
    if not folder.is_dir():
        findings.append(Finding(Place(str(folder)), "file_unreadable", "There is no such folder of mappings."))
    for path in _files(folder):
        mapping = load_file(path, channels, folder, country)
        findings += mapping.findings
        mappings[mapping.endpoint] = mapping
        if not _ENDPOINT.fullmatch(mapping.endpoint):
            message = "The file's name makes a bad address."
            findings.append(Finding(Place(mapping.file), "file_name", message, "use letters, digits, _ . and -"))
    for path in sorted(folder.rglob("*.yml")):
        findings.append(Finding(Place(str(path)), "file_name", "The file is not looked at.", "call it .yaml"))
    accounts, faults = read_accounts(folder / "_accounts.yaml")
    return Catalog(mappings, accounts, list(dict.fromkeys([*findings, *faults])))


def load_file(path: Path, channels: Kinds, folder: Path | None = None, country: str = "IN") -> Mapping:
    """One mapping. Never raises: what is wrong is in its findings."""
    below = path.relative_to(folder) if folder else Path(path.name)
    endpoint, file = below.with_suffix("").as_posix(), str(path)
    digest = hashlib.sha256()
    node, faults = _extended(path, file, digest)
    if node is None:
        errors, warnings = _sorted(faults)
        return Mapping(endpoint, file, _version(digest), None, None, errors, errors, warnings=warnings)
    parts = _parts(node)
    broken = is_broken(faults)
    intake, intake_findings = build_intake(parts[0], country, channels)
    draft, findings = build_translation(parts[1], country, Tables(folder, digest), partial=broken)
    intake_errors, warnings = _sorted([*faults, *intake_findings])
    errors, others = _sorted([*faults, *findings])
    document = _jsonable(parts[0].plain()) if intake else None
    return Mapping(
        endpoint,
        file,
        _version(digest),
        None if broken else intake,
        None if errors else draft,
        intake_errors,
        errors,
        None if broken else document,
        list(dict.fromkeys([*warnings, *others])),
        draft,
    )


def _sorted(findings: list[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Those that stand in the way of work, and the others."""
    return [one for one in findings if is_broken([one])], [one for one in findings if not is_broken([one])]


def intake_from(document: dict[str, Any], file: str, channels: Kinds, country: str = "IN") -> Intake:
    """An intake from the sections that `Mapping.intake_document` holds. Raises MappingError."""
    intake, findings = build_intake(from_data(document, Place(file)), country, channels)
    if intake is None:
        raise MappingError(findings)
    return intake


def sections(path: Path) -> Node | None:
    """The sections for the translation of a file with all that it extends; None where nothing can be made of it."""
    node, _ = _extended(path, str(path), hashlib.sha256())
    return None if node is None else _parts(node)[1]


def _files(folder: Path) -> Iterator[Path]:
    """Mapping files in order; neither names that begin with `_`, nor hidden ones."""
    for path in sorted(folder.rglob("*.yaml")):
        if not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts) and path.is_file():
            yield path


def _extended(path: Path, file: str, digest: Any) -> tuple[Node | None, list[Finding]]:
    """A file with all that it extends, and what is wrong with their YAML; None where nothing can be made of it."""
    chain: list[Node] = []
    findings: list[Finding] = []
    seen: set[Path] = set()
    while True:
        document = reading.read(path, file)
        findings += document.findings
        node = document.node
        if node is None:
            return None, findings
        digest.update(path.read_bytes())
        seen.add(path.resolve())
        if not isinstance(node.value, dict):
            message = "A mapping is a set of keys, like `channel: form`."
            return None, [*findings, Finding(node.place, "wrong_type", message)]
        chain.append(node)
        base = node.value.get("extends")
        if base is None or base.value is None:
            break
        try:
            path, file = _base(base, path, seen)
        except MappingError as error:
            return None, [*findings, *error.findings]
    merged = Node({}, chain[-1].place)
    for each in reversed(chain):
        merged = merge_files(merged, each)
    merged.value.pop("extends", None)
    return merged, findings


def _base(node: Node, path: Path, seen: set[Path]) -> tuple[Path, str]:
    def fault(message: str, hint: str = "") -> MappingError:
        return MappingError([Finding(node.place, "bad_value", message, hint)])

    if not isinstance(node.value, str) or not BASE_FILE.fullmatch(node.value):
        raise fault("`extends` names no file that can be extended.", "a file whose name begins with _: _base.yaml")
    base = path.parent / node.value
    if base.resolve() in seen:
        raise fault("The files extend each other in a circle.")
    if len(seen) >= MAX_BASES:
        raise fault(f"More than {MAX_BASES} files extend one another.")
    if not base.is_file():
        raise fault(f"There is no file {node.value} to extend.", "the path is relative to this file")
    return base, str(base)


def _parts(node: Node) -> tuple[Node, Node]:
    """The sections that web needs, and the others."""
    intake = {key: value for key, value in node.value.items() if key in INTAKE_KEYS}
    rest = {key: value for key, value in node.value.items() if key not in INTAKE_KEYS}
    return replace(node, value=intake), replace(node, value=rest)


def _version(digest: Any) -> str:
    return str(digest.hexdigest()[:12])


def _jsonable(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _jsonable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_jsonable(item) for item in data]
    return float(data) if isinstance(data, Decimal) else data
