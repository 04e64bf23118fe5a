"""What expressions see of a lead: `lead`, `payload`, `meta`, `request`. Names lead to values and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ingest.mapping.expressions.native import Absent, is_blank
from ingest.models import Value
from ingest.values import normalise_key, number_text


class View:
    """An object whose attributes and items are data, never Python's own."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def get(self, name: Any) -> Any:
        """The value of that name, or Absent."""
        raise NotImplementedError

    def computed(self, name: str) -> Any:
        """The same for a name that an expression made: it may be a person's, and stands in no message."""
        found = self.get(name)
        return Absent(name=f"{self.path}[…]") if isinstance(found, Absent) else found

    def __contains__(self, name: object) -> bool:
        return not isinstance(self.get(name), Absent)

    def __repr__(self) -> str:
        return f"<{self.path}>"


class LeadView(View):
    """A lead's fields, asked for in any spelling: `lead.first_name` is `lead['First Name']`."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Value]) -> None:
        super().__init__("lead")
        self._fields = fields

    def get(self, name: Any) -> Any:
        """The field's text or list of text, or Absent."""
        value = self._fields.get(name) if isinstance(name, str) else None
        if value is not None:
            return value
        key = normalise_key(name) if isinstance(name, str) else "…"
        value = self._fields.get(key)
        return Absent(name=f"lead.{key}") if value is None or is_blank(value) else value


class ObjectView(View):
    """A JSON object as it came; keys as they came, scalars as text."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any], path: str) -> None:
        super().__init__(path)
        self._data = data

    def get(self, name: Any) -> Any:
        """The value of a key: text, Items, another ObjectView, or Absent."""
        return wrap(self._data.get(name) if isinstance(name, str) else None, f"{self.path}.{name}")

    def computed(self, name: str) -> Any:
        """The same, and whatever is below it does not name it either."""
        return wrap(self._data.get(name), f"{self.path}[…]")


class Items(list[Any]):
    """A JSON array: all that is there of it, in order; an index counts as it came."""

    def __init__(self, raw: list[Any], path: str) -> None:
        wrapped = (wrap(item, f"{path}[{index}]") for index, item in enumerate(raw))
        super().__init__(item for item in wrapped if not isinstance(item, Absent))
        self._raw = raw
        self._path = path

    def at(self, index: int) -> Any:
        """The item at an index of the array as it came, or Absent."""
        inside = -len(self._raw) <= index < len(self._raw)
        return wrap(self._raw[index] if inside else None, f"{self._path}[{index}]")


def wrap(value: Any, path: str) -> Any:
    """A JSON value as expressions see it."""
    match value:
        case str():
            return value if value and not value.isspace() else Absent(name=path)
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return number_text(value)
        case dict() if value:
            return ObjectView(value, path)
        case list():
            return Items(value, path) or Absent(name=path)
    return Absent(name=path)
