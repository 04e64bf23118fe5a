"""The texts and numbers of a JSON document, each with the keys that tell what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ingest.values import clean, number_text

Path = tuple[str | int, ...]

_LABELS = ("name", "key", "label", "title", "question", "field", "column_id", "column_name", "id", "ref", "slug")
_VALUES = frozenset({"value", "values", "answer", "answers", "string_value", "response", "raw_value"})
_FIELD_KEYS = frozenset({*_LABELS, *_VALUES, "type", "required", "hidden", "options", "field_type", "order"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text or a number."""

    path: Path
    keys: tuple[str, ...]  # that tell what it is: of `{name: email, values: […]}` the label
    value: str | int | float | Decimal

    @property
    def text(self) -> str:
        """As expressions see it."""
        return self.value if isinstance(self.value, str) else number_text(self.value)


def leaves(node: Any, path: Path = (), keys: tuple[str, ...] = (), *, listed: bool = False) -> Iterator[Leaf]:
    """Every text and number of a document, in order."""
    if isinstance(node, dict):
        is_field = bool(path) and bool(_VALUES & set(node)) and set(node) <= _FIELD_KEYS
        label = next((node[key] for key in _LABELS if isinstance(node.get(key), str)), "") if listed else ""
        for key, value in node.items():
            below: tuple[str, ...] = (*keys, key)
            if is_field:
                below = ((label,) if label else keys) if key in _VALUES else ("label",)
            yield from leaves(value, (*path, key), below)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from leaves(item, (*path, index), keys, listed=True)
    elif node is not None and not isinstance(node, bool):
        yield Leaf(path, keys, node)


def rebuilt(node: Any, values: Mapping[Path, Any], key_of: Callable[[str], str], path: Path = ()) -> Any:
    """The document with other values at some paths, and each key as `key_of` gives it."""
    if isinstance(node, dict):
        return {key_of(key): rebuilt(value, values, key_of, (*path, key)) for key, value in node.items()}
    if isinstance(node, list):
        return [rebuilt(item, values, key_of, (*path, index)) for index, item in enumerate(node)]
    return values.get(path, node)


def cleaned(node: Any) -> Any:
    """The document without what no file can hold, and no lead has: NUL, and halves of characters."""
    if isinstance(node, dict):
        made: dict[str, Any] = {}
        for key, value in node.items():
            made.setdefault(clean(key), cleaned(value))  # of two keys that meet so, the first
        return made
    if isinstance(node, list):
        return [cleaned(item) for item in node]
    return clean(node) if isinstance(node, str) else node
