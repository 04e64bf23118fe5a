from __future__ import annotations

import difflib
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
from ingest.mapping.schema import AUTH_KEYS, INTAKE_KEYS, TRANSLATION_KEYS, Kinds

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

MAX_BASES = 8  # files that extend one another
_ALMOST = re.compile(r"(.+)\.(?:yml|YAML|YML|Yaml|Yml|ya?ml\.txt)")
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
    for path in sorted(path for path in folder.rglob("*") if _ALMOST.fullmatch(path.name) and path.is_file()):
        hint = f"call it {_ALMOST.fullmatch(path.name)[1]}.yaml"  # type: ignore[index] # it matches
        findings.append(Finding(Place(str(path)), "file_name", "The file is not looked at.", hint))
    accounts, faults = read_accounts(folder / "_accounts.yaml")
    used = {folder / "_accounts.yaml", *(Path(base) for one in mappings.values() for base in one.bases)}
    parts = list(_files(folder, parts=True))
    for path in parts:
        faults += [] if path in used else _unused(path, folder)
    files = (*(file for one in mappings.values() for file in (one.file, *one.bases)), *map(str, parts))
    return Catalog(mappings, accounts, list(dict.fromkeys([*findings, *faults])), tuple(dict.fromkeys(files)))


def load_file(path: Path, channels: Kinds, folder: Path | None = None, country: str = "IN") -> Mapping:
    """One mapping. Never raises: what is wrong is in its findings."""
    below = path.relative_to(folder) if folder else Path(path.name)
    endpoint, file = below.with_suffix("").as_posix(), str(path)
    digest = hashlib.sha256()
    node, bases, faults = _extended(path, file, digest)
    if node is None:
        errors, warnings = _sorted(faults)
        return Mapping(endpoint, file, _version(digest), None, None, errors, errors, warnings=warnings, bases=bases)
    parts = _parts(node)
    broken = is_broken(faults)
    intake, intake_findings = build_intake(parts[0], country, channels)
    draft, findings = build_translation(parts[1], country, partial=broken)
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
        bases,
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


def _files(folder: Path, *, parts: bool = False) -> Iterator[Path]:
    """Mapping files in order, or those whose names begin with `_`; no hidden ones."""
    for path in sorted(folder.rglob("*.yaml")):
        names = path.relative_to(folder).parts
        inside = any(name.startswith(("_", ".")) for name in names[:-1])
        if not inside and not names[-1].startswith(".") and names[-1].startswith("_") is parts and path.is_file():
            yield path


def _unused(path: Path, folder: Path) -> list[Finding]:
    """What is wrong with a file that no mapping extends, so far as it is known without one."""
    document = reading.read(path, str(path))
    keys = document.node.value if document.node else ()
    if "accounts" in keys:
        hint = f"call it {folder / '_accounts.yaml'}"
        return [*document.findings, Finding(Place(str(path)), "file_name", "These accounts are not looked at.", hint)]
    return document.findings


def _extended(path: Path, file: str, digest: Any) -> tuple[Node | None, tuple[str, ...], list[Finding]]:
    """A file with all that it extends, their names, and what is wrong with their YAML.

    The node is None where nothing can be made of it.
    """
    chain: list[Node] = []
    bases: list[str] = []
    findings: list[Finding] = []
    seen: set[Path] = set()
    while True:
        document = reading.read(path, file)
        findings += document.findings
        node = document.node
        if node is None:
            return None, tuple(bases), findings
        digest.update(path.read_bytes())
        seen.add(path.resolve())
        if not isinstance(node.value, dict):
            message = "A mapping is a set of keys, like `channel: form`."
            return None, tuple(bases), [*findings, Finding(node.place, "wrong_type", message)]
        chain.append(node)
        base = node.value.get("extends")
        if base is None or base.value is None:
            break
        try:
            path, file = _base(base, path, seen)
        except MappingError as error:
            return None, tuple(bases), [*findings, *error.findings]
        bases.append(file)
    merged = Node({}, chain[-1].place)
    for each in reversed(chain):
        merged = merge_files(merged, each)
    merged.value.pop("extends", None)
    return merged, tuple(bases), findings


def _base(node: Node, path: Path, seen: set[Path]) -> tuple[Path, str]:
    def fault(message: str, hint: str = "") -> MappingError:
        return MappingError([Finding(node.place, "bad_value", message, hint)])

    if not isinstance(node.value, str) or not re.fullmatch(r"(?:[^/\\]+/)*_[^/\\]*\.yaml", node.value):
        raise fault("`extends` names no file that can be extended.", "a file whose name begins with _: _base.yaml")
    base = path.parent / node.value
    if base.resolve() in seen:
        raise fault("The files extend each other in a circle.")
    if len(seen) >= MAX_BASES:
        raise fault(f"More than {MAX_BASES} files extend one another.")
    if not base.is_file():
        near = difflib.get_close_matches(base.name, [each.name for each in base.parent.glob("_*.yaml")], 1)
        hint = f"did you mean `{Path(node.value).with_name(near[0])}`?" if near else "the path is relative to this file"
        raise fault(f"There is no file {node.value} to extend.", hint)
    return base, str(base)


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


def _version(digest: Any) -> str:
    return str(digest.hexdigest()[:12])


def _jsonable(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _jsonable(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_jsonable(item) for item in data]
    return float(data) if isinstance(data, Decimal) else data
