from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ingest.channels.formdata import Fields
from ingest.errors import SheetError
from ingest.intake.encoding import encoding_of

_SEPARATORS = "\t;,"  # the rarest in texts first
_SAMPLE = 65_536  # characters by which the separator is told
_RECORDS = 50
_TOLD = re.compile(r"sep=([\t;,])\s*")  # how Excel is told
_NO_CSV = 'The row is no CSV: a cell with " in it stands in quotes, and the " in it twice.'


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank: the line in which it begins, and its cells; or why it can't be read, in a sentence."""

    line: int
    cells: Sequence[str]
    fault: str = ""


class Sheet:
    """A CSV file whose first row names its columns, however large it is, as spreadsheets and vendors write them.

    Its encoding and what parts its cells are found out. Making one raises SheetError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoding = encoding_of(path)
        self._read: io.BufferedReader | None = None
        with self._opened() as text:
            sample = text.read(_SAMPLE)
        told = _TOLD.match(sample)
        self._skipped = 1 if told else 0
        self._separator = told[1] if told else _separator(sample)
        self.size = path.stat().st_size
        self.columns = _columns(next(self._records(), Row(1, ())))

    def rows(self) -> Iterator[Row]:
        """Every row below the names of the columns, as wide as they are."""
        records = self._records()
        next(records, None)
        for row in records:
            yield row if row.fault else self._fitted(row)

    @property
    def position(self) -> int:
        """How many bytes of `size` have been read, while rows are read."""
        return self.size if self._read is None or self._read.closed else self._read.tell()

    def _opened(self) -> io.TextIOWrapper:
        self._read = self._path.open("rb")
        return io.TextIOWrapper(self._read, self._encoding, newline="")

    def _records(self) -> Iterator[Row]:
        with self._opened() as text:
            for _ in range(self._skipped):
                text.readline()
            reader = csv.reader(text, delimiter=self._separator, strict=True, skipinitialspace=True)
            while True:
                line = self._skipped + reader.line_num + 1
                try:
                    cells = [cell.strip() for cell in next(reader)]
                except StopIteration:
                    return
                except csv.Error:
                    yield Row(line, (), _through(line, self._skipped + reader.line_num))
                    continue
                if any(cells):
                    yield Row(line, cells)

    def _fitted(self, row: Row) -> Row:
        width = len(self.columns)
        if len(row.cells) < width or any(row.cells[width:]):
            return Row(row.line, (), f"The row has {len(row.cells)} cells, and the names of the columns are {width}.")
        if any("\0" in cell for cell in row.cells):
            return Row(row.line, (), "There is a NUL character in the row.")
        return Row(row.line, row.cells[:width])


def fields_of(columns: Sequence[str], cells: Sequence[str]) -> Fields:
    """A row as a form would post it: a name that several columns have gives a list of what is in them."""
    several: dict[str, list[str]] = {}
    for name, text in zip(columns, cells, strict=True):
        if name:
            several.setdefault(name, []).append(text)
    filled = {name: [text for text in texts if text] for name, texts in several.items()}
    return {name: found if len(found) > 1 else "".join(found) for name, found in filled.items()}


def _columns(header: Row) -> tuple[str, ...]:
    """The names of the columns, blank where one has none, without those at the end that have none."""
    names = list(header.cells)
    while names and not names[-1]:
        names.pop()
    if header.fault:
        raise SheetError(f"The first row does not name the columns. {header.fault}")
    if not names:
        raise SheetError("The file is empty: its first row names the columns.")
    if any("\0" in name for name in names):
        raise SheetError("The file is no CSV: there are NUL characters in its first row.")
    return tuple(names)


def _separator(sample: str) -> str:
    """What parts the cells: by what most rows have as many cells as the first one, and that the most."""
    return max(_SEPARATORS, key=lambda one: _fit(sample, one))


def _fit(sample: str, separator: str) -> tuple[float, int]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator, skipinitialspace=True)
    records: list[list[str]] = []
    with suppress(csv.Error):  # a cell without end: what was read before it tells enough
        for record in islice((one for one in reader if any(map(str.strip, one))), _RECORDS):
            records.append(record)
    if len(sample) == _SAMPLE and 1 < len(records) < _RECORDS:
        records.pop()  # the sample ends within it
    width = len(records[0]) if records else 0
    if width < 2:
        return 0.0, 0
    return sum(len(record) == width for record in records) / len(records), width


def _through(line: int, last: int) -> str:
    """Why a row is no CSV; where its quotes have no end, the lines that are in it too."""
    return f"{_NO_CSV} It goes on to line {last}." if last > line else _NO_CSV
