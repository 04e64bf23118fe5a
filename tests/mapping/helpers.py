from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ingest.channels import KINDS
from ingest.errors import Hold
from ingest.mapping import loader
from ingest.mapping.records import Mapping
from ingest.mapping.render import Rendered, Trace, translate
from ingest.models import Lead, Meta
from ingest.values import flatten

META = Meta("form", "acme/site", "id1", "ext1", datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
HEAD = "channel: form\n"
REQUEST = {"campaignName": "c", "destination": "+919876543210", "userName": "u"}


def load_text(text: str, name: str = "site.yaml", **others: str) -> Mapping:
    """The mapping in a text; `others` are files beside it, YAML where their names do not say otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        for file, content in {name: text, **others}.items():
            Path(folder, file if "." in file else f"{file}.yaml").write_text(content, encoding="utf-8")
        return loader.load_file(Path(folder, name), KINDS, Path(folder))


def load_data(document: dict[str, Any]) -> Mapping:
    """The mapping in a document."""
    text = yaml.safe_dump({"channel": "form", **document}, allow_unicode=True, sort_keys=False)
    mapping = load_text(text)
    assert not mapping.findings, mapping.findings
    return mapping


def rendered(mapping: Mapping, fields: Any = None, payload: Any = None, trace: Trace | None = None) -> list[Rendered]:
    """What a mapping makes of a lead with these fields."""
    assert mapping.translation is not None, mapping.findings
    lead = Lead(flatten(fields or {}), payload if payload is not None else fields or {})
    return translate(mapping.translation, lead, META, trace)


def one(document: dict[str, Any], fields: Any = None, payload: Any = None) -> Rendered:
    """What a document with one route makes of a lead."""
    (found,) = rendered(load_data(document), fields, payload)
    return found


def value(expression: str, fields: Any = None, payload: Any = None, **lets: str) -> Any:
    """What an expression gives in an optional place; None where it is absent. Raises Hold."""
    request = {**REQUEST, "attributes": {"x": expression}}
    found = one({"let": lets, "request": request}, fields, payload)
    if found.problem is not None:
        raise found.problem
    assert found.request is not None
    return found.request.get("attributes", {}).get("x")


def tags(*expressions: str, fields: Any = None) -> Any:
    """The tags that expressions give."""
    found = one({"request": {**REQUEST, "tags": list(expressions)}}, fields)
    assert found.request is not None, found.problem
    return found.request.get("tags")


def holds(condition: str, fields: Any = None, payload: Any = None) -> bool:
    """Whether a `when` holds."""
    found = one({"routes": [{"name": "yes", "when": condition, "request": REQUEST}]}, fields, payload)
    if found.problem is not None and found.problem.reason != "no_route":
        raise found.problem
    return found.problem is None


def problem(document: dict[str, Any], fields: Any = None, payload: Any = None) -> Hold:
    """Why a lead is held."""
    found = one(document, fields, payload)
    assert found.problem is not None, found.request
    return found.problem


def codes(text: str, **others: str) -> list[str]:
    """The codes of all findings in a text."""
    return [finding.code for finding in load_text(text, **others).findings]
