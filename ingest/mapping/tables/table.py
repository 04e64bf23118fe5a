from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from ingest.mapping.expressions.native import Absent, ExpressionError, is_blank, to_text
from ingest.mapping.expressions.views import View
from ingest.values import normalise_key


def fold(key: str) -> str:
    """What keys of tables are compared by: trimmed; upper and lower case, and the forms of a letter, are alike.

    >>> fold(" PUNE "), fold("ｐｕｎｅ")
    ('pune', 'pune')
    """
    if key.isascii():
        return key.strip().lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key).casefold()).strip()


class Row(View):
    """A row of a table: its columns by name, in any spelling, as a lead's fields are."""

    __slots__ = ("_cells",)

    def __init__(self, cells: Mapping[str, str], path: str) -> None:
        super().__init__(path)
        self._cells = cells

    def get(self, name: Any) -> Any:
        """The text of a column, or Absent."""
        column = normalise_key(to_text(name))
        return self._cells.get(column) or Absent(name=f"{self.path}.{column}")


class Table(View):
    """A table of a mapping: `regions['Pune']` is a text or a Row, and `'Pune' in regions` whether it has a value.

    `values` are by folded key; those that are rows, by the names of `columns`.
    """

    __slots__ = ("_row", "_values", "columns")

    def __init__(self, name: str, values: Mapping[str, str | Mapping[str, str]], columns: tuple[str, ...] = ()) -> None:
        super().__init__(name)
        self.columns = columns
        self._values = values
        self._row = f"the row of {name}"

    @property
    def a_key(self) -> str:
        """One of its keys, folded; blank where it has none."""
        return next(iter(self._values), "")

    def get(self, name: Any) -> Any:
        """The value of a key, or Absent."""
        found = self._values.get(fold(to_text(name)))
        if found is None or is_blank(found):
            return Absent(name=f"{self.path}[…]")
        return found if isinstance(found, str) else Row(found, self._row)

    def cell(self, key: str, column: Any) -> Any:
        """What stands in the row of a key, or Absent. Raises ExpressionError: there is no such column."""
        asked = normalise_key(to_text(column))
        if asked not in self.columns:
            raise ExpressionError(f"lookup: {self.path} has no such column")
        found = self.get(key)
        return found.get(asked) if isinstance(found, Row) else found


def lookup(text: str, table: Any, default: Any = None, column: Any = None) -> Any:
    """The table's value for a text, upper and lower case alike; else the default, else absent.

    The value of a table with several columns is a row; `column` asks for one of its texts.

    >>> lookup(" pune", {"Pune": "West", "Delhi": "North"})
    'West'
    >>> lookup("Goa", {"Pune": "West"}, "Elsewhere")
    'Elsewhere'
    """
    if isinstance(table, Table):
        found = table.get(text) if column is None else table.cell(text, column)
        return default if isinstance(found, Absent) else found
    if not isinstance(table, Mapping):
        raise ExpressionError("lookup wants a table, like regions or {'Pune': 'West'}")
    if column is not None:
        raise ExpressionError("lookup takes a column where the table stands under `tables`")
    asked = fold(text)
    return next((value for key, value in table.items() if fold(to_text(key)) == asked), default)
