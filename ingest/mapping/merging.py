"""How a route changes the request, and a file what it extends."""

from __future__ import annotations

from dataclasses import replace

from ingest.mapping.document.nodes import Node

BY_KEY = frozenset({"auth", "match", "form", "let", "policy", "tables"})
"""Sections whose keys stand for themselves: each key is replaced whole."""


def merge_files(base: Node, over: Node) -> Node:
    """A file over the one that it extends. Null removes."""
    merged = present(base)
    for key, node in over.value.items():
        below = merged.get(key)
        if node.value is None:
            merged.pop(key, None)
        elif key == "request":
            merged[key] = merge_requests(below, node)
        elif key in BY_KEY and isinstance(node.value, dict):
            merged[key] = _merge_keys(below, node)
        else:
            merged[key] = node
    return replace(over, value=merged)


def merge_requests(base: Node | None, over: Node) -> Node:
    """A route's request over the mapping's: tags are appended, attributes merge by key, all else is replaced whole."""
    if not isinstance(over.value, dict):
        return over
    merged = present(base)
    for key, node in over.value.items():
        below = merged.get(key)
        if node.value is None and below is None:
            merged[key] = node  # which removes nothing: its place tells where a value was forgotten
        elif node.value is None:
            merged.pop(key)
        elif key == "attributes" and isinstance(node.value, dict):
            merged[key] = _merge_keys(below, node)
        elif key == "tags" and below is not None and isinstance(below.value, list) and isinstance(node.value, list):
            merged[key] = replace(node, value=[*below.value, *node.value])
        else:
            merged[key] = node
    return replace(over, value=merged)


def merge_policies(base: Node | None, over: Node | None) -> Node | None:
    """A route's policy over the mapping's: each key is replaced whole. Null removes, a key or all of it."""
    if over is None:
        return base
    return None if over.value is None else _merge_keys(base, over)


def _merge_keys(base: Node | None, over: Node) -> Node:
    merged = present(base) | over.value
    return replace(over, value={key: node for key, node in merged.items() if node.value is not None})


def present(node: Node | None) -> dict[str, Node]:
    """The keys of a section that hold something."""
    if node is None or not isinstance(node.value, dict):
        return {}
    return {key: inner for key, inner in node.value.items() if inner.value is not None}
