from __future__ import annotations

import json
from typing import Any

import requests

from tests.e2e.program import Program


def control(program: Program, path: str, order: dict[str, Any]) -> dict[str, Any]:
    """An order to the program's sandbox."""
    answer = requests.post(f"{program.box}/control/{path}", json=order, timeout=60)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


def tell(program: Program, leads: list[dict[str, Any]], **order: Any) -> dict[str, Any]:
    """Have Meta tell leads; all POSTs must be taken."""
    told = control(program, "meta/leads", {"url": f"{program.url}/in/facebook", "leads": leads, **order})
    assert {one["status"] for one in told["deliveries"]} == {200}
    return told


def taken(program: Program) -> int:
    """How many messages AiSensy would have sent."""
    told = requests.get(f"{program.box}/control/requests?since=1000000", timeout=20).json()
    return int(told["taken"])


def batches(program: Program) -> list[list[str]]:
    """The batches that Meta was asked, each with the paths that were looked up."""
    told = requests.get(f"{program.box}/control/requests?where=graph", timeout=20).json()
    return [paths_of(one) for one in told["requests"]]


def paths_of(record: dict[str, Any]) -> list[str]:
    """What one call of the Graph API looked up."""
    return [one["relative_url"] for one in json.loads(record["body"].get("batch", "[]"))]
