from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
import pytest
from jsonschema import Draft7Validator
from marshmallow import fields as f

from ingest.channels import KINDS
from ingest.errors import Finding, Place
from ingest.mapping.accounts import AccountsSchema
from ingest.mapping.document.nodes import Node
from ingest.mapping.document.reading import parse
from ingest.mapping.expressions.compiling import Compiler
from ingest.mapping.expressions.language import language
from ingest.mapping.schema.fields import Condition, Template
from ingest.mapping.schema.jsonschema import accounts_schema, base_schema, mapping_schema
from ingest.mapping.schema.translation import IntakeSchema, TranslationSchema

SCHEMAS = {"mapping": mapping_schema(KINDS), "base": base_schema(KINDS), "accounts": accounts_schema()}


def keys(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key that a schema tells of, with what it tells; conditions tell of none."""
    for key, inner in schema.get("properties", {}).items():
        yield f"{path}.{key}", inner
        yield from keys(inner, f"{path}.{key}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from keys(schema[word], f"{path}.{word}")
    for rule in schema.get("allOf", ()):
        auth = rule.get("then", {}).get("properties", {}).get("auth")
        yield from keys(auth or {}, f"{path}.auth")


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_tells_what_it_is(name: str) -> None:
    """Whichever key the cursor stands on, the editor has a sentence about it."""
    found = list(keys(SCHEMAS[name]))
    assert len(found) > 5
    assert [path for path, schema in found if not schema.get("description", "").endswith(".")] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_example_and_default_in_a_schema_is_right(name: str) -> None:
    """What the editor proposes, it does not mark."""
    schemas = [schema for _, schema in keys(SCHEMAS[name])]
    schemas += [schema["items"] for schema in schemas if isinstance(schema.get("items"), dict)]
    wrong = [
        (example, schema["description"])
        for schema in schemas
        for example in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else [])]
        if not Draft7Validator(schema).is_valid(example)
    ]
    assert wrong == []


def all_fields(field: f.Field[Any]) -> Iterator[f.Field[Any]]:
    """A field and all below it."""
    yield field
    inner = [getattr(field, name, None) for name in ("inner", "key_field", "value_field", "plain", "listed", "keyed")]
    if isinstance(field, f.Nested):
        inner += field.schema.fields.values()
    for each in inner:
        if isinstance(each, f.Field):
            yield from all_fields(each)


def test_every_example_is_one_that_the_program_takes() -> None:
    """Examples are not only well formed: zones exist, expressions compile."""
    tops: list[ma.Schema] = [IntakeSchema(KINDS), TranslationSchema(), AccountsSchema()]
    wrong: list[Any] = []
    for field in (each for top in tops for below in top.fields.values() for each in all_fields(below)):
        found: list[Finding] = []
        default = [field.metadata["default"]] if "default" in field.metadata else []
        for example in [*field.metadata.get("examples", ()), *default]:
            field.deserialize(example)  # raises for what is wrong
            node, compiler = Node(example, Place("x")), Compiler(language("IN"), found)
            names = frozenset({"lead", "payload", "meta", "request"})
            if isinstance(field, Condition):
                compiler.condition(node, names)
            elif isinstance(field, Template):
                compiler.text(node, names)
        wrong += found
    assert wrong == []


def test_what_the_editor_inserts_is_right() -> None:
    """A snippet, taken as it is, has no marks; texts in it are quoted as YAML wants them."""
    schema = SCHEMAS["mapping"]
    mapping = Draft7Validator(schema)
    snippets = [("", each) for each in schema["defaultSnippets"]]
    snippets += [
        (key, each) for key in ("routes", "tests") for each in schema["properties"][key]["items"]["defaultSnippets"]
    ]
    assert len(snippets) == 3
    filled = {"channel": "form", "request": {"campaignName": "c", "destination": "d", "userName": "u"}}
    for key, snippet in snippets:
        text = "\n".join(lines(snippet["body"]))
        text = re.sub(r"\$\{\d+(?:\|([^,|]+)[^}]*|:([^}]*))\}", lambda found: found[1] or found[2], text)
        read = parse(text, "x.yaml")
        assert read.node is not None, read.findings
        body = read.node.plain()
        document = {**body, "auth": {}} if not key else {**filled, key: [body]}
        assert [error.message for error in mapping.iter_errors(document) if "token" not in error.message] == []


def lines(body: Any, indent: str = "") -> Iterator[str]:
    """A snippet's body as yaml-language-server writes it: texts as they are, without quotes of its own."""
    for key, value in body.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{key}: {value}"
