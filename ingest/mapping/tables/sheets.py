from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.tables.table import Table, fold
from ingest.values import normalise_key

MAX_BYTES = 1_000_000
MAX_ROWS = 50_000
MAX_TOLD = 20  # faults of one file: those that follow are much the same

_QUOTED = re.compile(r'"[^"]*"')
_UTF8 = "save it as CSV UTF-8"


@dataclass
class _Sheet:
    """What a file holds: its values by folded key, the names of its columns, and what is wrong in which line."""

    values: dict[str, str | dict[str, str]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    def fault(self, line: int, message: str, hint: str = "") -> None:
        self.faults.append((line, message, hint))


def read_bytes(path: Path) -> bytes:
    """The content of a table's file. Raises MappingError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"The file can't be read: {error.strerror}."
        raise MappingError([Finding(Place(str(path)), "file_unreadable", message)]) from None
    if len(content) > MAX_BYTES:
        message = f"The file has more than {MAX_BYTES:,} bytes."
        raise MappingError([Finding(Place(str(path)), "file_too_big", message)])
    return content


def read_table(content: bytes, name: str, shown: str) -> Table:
    """The table that a CSV file holds; `shown` is the file's name in findings.

    The first row names the columns, and the first column holds the keys. With two columns the values are texts, with
    more they are rows. Commas, semicolons or tabs part the cells: what the first row has most of. Raises MappingError.
    """
    sheet = _read(content)
    if sheet.faults:
        told = sheet.faults[:MAX_TOLD]
        raise MappingError([Finding(Place(shown, line), "bad_table", message, hint) for line, message, hint in told])
    return Table(name, sheet.values, sheet.columns)


@lru_cache(maxsize=16)
def _read(content: bytes) -> _Sheet:
    """Many mappings may name one file, and all are read again when one changes."""
    sheet = _Sheet()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sheet.fault(content.count(b"\n", 0, error.start) + 1, "The file is not UTF-8.", _UTF8)
        return sheet
    if "\0" in text:
        sheet.fault(text.count("\n", 0, text.index("\0")) + 1, "A NUL character.", _UTF8)
        return sheet
    rows = _rows(text, sheet)
    line, header = next(rows, (1, []))
    if _headed(sheet, line, header):
        _fill(sheet, rows)
        if not sheet.values and not sheet.faults:
            sheet.fault(line, "The table has no row below the names of its columns.")
    return sheet


def _rows(text: str, sheet: _Sheet) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line in which it begins."""
    first = _QUOTED.sub("", text.lstrip().partition("\n")[0])
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        sheet.fault(line, "The row is no CSV.", 'a cell with " in it stands in quotes, and the " in it twice')


def _headed(sheet: _Sheet, line: int, header: list[str]) -> bool:
    """Whether the first row names columns."""
    names = [normalise_key(name) for name in _without_end(header, 0)]
    if sheet.faults:
        return False
    if not names:
        sheet.fault(line, "The table is empty.", "its first row names the columns")
    elif len(names) < 2:
        sheet.fault(line, "The table has one column only.", "the first column is the key, the others its values")
    for index, name in enumerate(names):
        if name == "_":
            sheet.fault(line, f"Column {index + 1} has no name.", "the first row names the columns")
        elif name in names[:index]:
            sheet.fault(line, f"A second column is called `{name}`.", "choose another name")
    sheet.columns = tuple(names)
    return not sheet.faults


def _fill(sheet: _Sheet, rows: Iterator[tuple[int, list[str]]]) -> None:
    columns = sheet.columns
    begun: dict[str, int] = {}
    for count, (line, row) in enumerate(rows, start=1):
        if count > MAX_ROWS:
            sheet.fault(line, f"The table has more than {MAX_ROWS:,} rows.")
            return
        cells = _without_end(row, len(columns))
        key = fold(cells[0])
        if len(cells) != len(columns):
            sheet.fault(line, f"The row has {len(cells)} cells, and the first row {len(columns)}.")
        elif not key:
            sheet.fault(line, "The row has no key.", "the first column is the key")
        elif key in begun:
            sheet.fault(line, f"The key stands here a second time; the first is in line {begun[key]}.")
        else:
            begun[key] = line
            sheet.values[key] = cells[1] if len(columns) == 2 else dict(zip(columns, cells, strict=True))
    if len(columns) == 2:
        sheet.columns = columns[1:]


def _without_end(cells: list[str], least: int) -> list[str]:
    """The cells without blank ones at the end, as spreadsheets write them, down to so many."""
    end = len(cells)
    while end > least and not cells[end - 1]:
        end -= 1
    return cells[:end]
