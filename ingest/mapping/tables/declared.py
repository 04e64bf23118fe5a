from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.document.nodes import Node
from ingest.mapping.extending import Trail
from ingest.mapping.near import near
from ingest.mapping.schema.readers import TABLE_FILE
from ingest.mapping.tables.sheets import read_bytes, read_table
from ingest.mapping.tables.table import Table, fold
from ingest.values import normalise_key


class Tables:
    """The tables that a mapping can look up: those under `tables`, and the files that its expressions name."""

    def __init__(self, trail: Trail | None = None) -> None:
        self.known: dict[str, Table] = {}  # by name; of those that are named in expressions only, the file's
        self.names: frozenset[str] = frozenset()
        self._files: dict[Path, str] = {}
        self._trail = trail or Trail()

    def declare(self, section: Node | None, taken: Iterable[str]) -> list[Finding]:
        """Takes up the section `tables`; what is wrong with it."""
        findings: list[Finding] = []
        entries: dict[str, Node] = section.value if section else {}
        self.names = frozenset(entries)
        for name, node in entries.items():
            if name in taken:
                message = f"`{name}` is a name under `let` too."
                findings.append(Finding(node.key or node.place, "bad_value", message, "choose another name"))
            try:
                self.known[name] = self._read(node.value, name, node.place) if _is_file(node) else _table(node, name)
            except MappingError as error:
                findings += error.findings
        return findings

    def named(self, text: str, place: Place) -> str:
        """The key in `known` of the table that an expression names by a text. Raises MappingError."""
        if text in self.names:
            return text
        if not text.lower().endswith(".csv"):
            message = f"There is no table `{text}`."
            raise _fault(place, "unknown_table", message, near(text, self.names) or "name it under `tables`")
        path = Path(place.file).parent / text
        if path not in self._files:
            self._files[path] = text if text not in self.known else str(path)  # a base may have one of the same name
            self.known[self._files[path]] = self._read(text, text, place)
        return self._files[path]

    def _read(self, file: str, name: str, place: Place) -> Table:
        beside = Path(place.file).parent
        path = beside / file
        if not TABLE_FILE.fullmatch(file):
            raise _fault(place, "unknown_table", f"`{file}` is no file of a table.", "like products.csv, and never ..")
        self._trail.add(path)
        if not path.is_file():
            hint = near(file, (found.name for found in beside.glob("*.csv"))) or "the path is relative to this file"
            raise _fault(place, "unknown_table", f"There is no file {file}.", hint)
        if not path.resolve().is_relative_to((self._trail.folder or beside).resolve()):
            raise _fault(place, "bad_value", f"{file} is outside of the folder of mappings.", "put the file there")
        return read_table(read_bytes(path), name, str(path))


def _is_row(node: Node) -> bool:
    return isinstance(node.value, dict)


def _is_file(node: Node) -> bool:
    return isinstance(node.value, str)


def _table(node: Node, name: str) -> Table:
    """A table that is written out. Raises MappingError."""
    findings: list[Finding] = []
    values: dict[str, str | dict[str, str]] = {}
    columns: dict[str, None] = {}
    for key, value in node.value.items():
        folded = fold(key)
        if not folded or folded in values:
            message = f"`{key}` stands here a second time." if folded else "A blank key."
            findings.append(Finding(value.key or value.place, "bad_table", message, "capitals make no difference"))
        if any("{{" in str(each.value) for each in (value, *(value.value.values() if _is_row(value) else ()))):
            findings.append(Finding(value.place, "bad_value", "A table holds texts, no expressions."))
        if not _is_row(value):
            values[folded] = value.value
            continue
        row = {normalise_key(column): cell.value for column, cell in value.value.items() if cell.value is not None}
        columns |= dict.fromkeys(row)
        values[folded] = row
    if not values or (columns and any(isinstance(value, str) for value in values.values())):
        message = "The table is empty." if not values else "Some values are texts, and others have columns."
        findings.append(Finding(node.place, "bad_table", message, "{Pune: West, Delhi: North}"))
    if findings:
        raise MappingError(findings)
    return Table(name, values, tuple(columns))


def _fault(place: Place, code: str, message: str, hint: str) -> MappingError:
    return MappingError([Finding(place, code, message, hint)])
