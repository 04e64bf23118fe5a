from __future__ import annotations

from typing import Any

from ingest.mapping.evaluate import Step


def told(step: Step) -> str:
    """An expression in a line: where it stands, what it says, what it gave, from what, and how long it took."""
    given = ", ".join(f"{name}={value!r}" for name, value in step.inputs.items())
    result = f"absent or failed: {step.problem}" if step.problem else repr(step.result)
    return f"{step.place}: {step.field}: {step.source} → {result}  [{given}] {step.microseconds} µs"


def view(step: Step) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "place": str(step.place),
        "field": step.field,
        "expression": step.source,
        "inputs": step.inputs,
        "result": step.result,
        "problem": step.problem,
        "microseconds": step.microseconds,
    }
