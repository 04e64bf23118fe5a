from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.errors import Finding, MappingError, Place, is_broken
from ingest.mapping.accounts import read_accounts
from ingest.mapping.building import build_translation
from ingest.mapping.building_intake import build_intake
from ingest.mapping.document.nodes import Node, from_data
from ingest.mapping.extending import Trail, extended
from ingest.mapping.files import Stamps, endpoints, walk
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
from ingest.mapping.schema.translation import AUTH_KEYS, INTAKE_KEYS, TRANSLATION_KEYS, Kinds
from ingest.mapping.tables.declared import Tables

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

ACCOUNTS = "_accounts.yaml"
_ALMOST = re.compile(r"(.+)\.(?:yml|YAML|YML|Yaml|Yml|ya?ml\.txt)")
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
    for name in sorted(name for name, known in stamps.items() if known):
        almost = _ALMOST.fullmatch(Path(name).name)
        if almost:
            hint = f"call it {almost[1]}.yaml"
            findings.append(Finding(Place(name), "file_name", "The file is not looked at.", hint))
    away = [
        Finding(Place(name), "file_unreadable", "There is no such folder of mappings, or it can't be listed.")
        for name, known in sorted(stamps.items())
        if known is None
    ]
    found = list(dict.fromkeys([*away, *findings, *accounts[1]]))
    files = tuple(sorted(name for name, known in stamps.items() if known))
    return Catalog(mappings, accounts[0], found, accounts[1], away, files, str(folder))


def load_file(path: Path, channels: Kinds, folder: Path | None = None, country: str = "IN") -> Mapping:
    """One mapping. Never raises: what is wrong is in its findings."""
    below = path.relative_to(folder) if folder else Path(path.name)
    endpoint, file = below.with_suffix("").as_posix(), str(path)
    trail = Trail(folder)
    node, faults = extended(path, trail)
    if node is None:
        errors, warnings = _sorted(faults)
        return Mapping(
            endpoint, file, trail.version, None, None, errors, errors, warnings=warnings, sources=trail.sources
        )
    parts = _parts(node)
    broken = is_broken(faults)
    intake, intake_findings = build_intake(parts[0], country, channels)
    draft, findings = build_translation(parts[1], country, Tables(trail), partial=broken)
    intake_errors, warnings = _sorted([*faults, *intake_findings])
    errors, others = _sorted([*faults, *findings])
    document = _jsonable(parts[0].plain()) if intake else None
    return Mapping(
        endpoint,
        file,
        trail.version,
        None if broken else intake,
        None if errors else draft,
        intake_errors,
        errors,
        None if broken else document,
        list(dict.fromkeys([*warnings, *others])),
        draft,
        trail.sources,
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
    node, _ = extended(path, Trail())
    return None if node is None else _parts(node)[1]


def _parts(node: Node) -> tuple[Node, Node]:
    """The sections that web needs, with those that were meant to be such; and the others."""
    known = INTAKE_KEYS | TRANSLATION_KEYS
    ours = {key for key in node.value if key in INTAKE_KEYS or (key not in known and _belongs_to_intake(key))}
    intake = {key: value for key, value in node.value.items() if key in ours}
    rest = {key: value for key, value in node.value.items() if key not in ours}
    return replace(node, value=intake), replace(node, value=rest)


def _belongs_to_intake(key: str) -> bool:
    close = difflib.get_close_matches(key, INTAKE_KEYS | TRANSLATION_KEYS, 1, 0.75)
    return key in AUTH_KEYS or (bool(close) and close[0] in INTAKE_KEYS)


def _jsonable(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _jsonable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_jsonable(item) for item in data]
    return float(data) if isinstance(data, Decimal) else data
