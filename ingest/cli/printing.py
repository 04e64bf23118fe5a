from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click


def counted(number: int, one: str, many: str) -> str:
    """`1 lead`, `2 leads`."""
    return f"{number} {one if number == 1 else many}"


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_array(items: Iterable[Any]) -> None:
    """Print one JSON array, an item at a time, so that a million need no more memory than one."""
    between = "["
    for item in items:
        click.echo(between, nl=False)
        click.echo(json.dumps(item, ensure_ascii=False, default=str), nl=False)
        between = ",\n "
    click.echo("]" if between != "[" else "[]")
