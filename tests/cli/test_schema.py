import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from ingest.cli import cli

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("file", "options"), [("mapping.schema.json", ()), ("accounts.schema.json", ("--accounts",))])
def test_the_file_in_the_repository_is_what_the_command_prints(file: str, options: tuple[str, ...]) -> None:
    """Editors see the keys of today."""
    told = CliRunner().invoke(cli, ["schema", *options])
    assert told.exit_code == 0
    renew = f"{file} is old: renew it with `ingest {' '.join(['schema', *options])} > {file}`"
    assert (ROOT / file).read_text(encoding="utf-8") == told.stdout, renew


def test_a_base_has_a_schema_of_its_own() -> None:
    """`--base` prints what a part of a mapping is checked by."""
    told = json.loads(CliRunner().invoke(cli, ["schema", "--base"]).stdout)
    assert Draft7Validator(told).is_valid({"policy": {"cap": "3/week"}})


@pytest.mark.parametrize("path", sorted((ROOT / "mappings").glob("*.yaml")), ids=lambda path: path.name)
def test_a_shipped_mapping_names_its_schema(path: Path) -> None:
    """Opened in an editor with yaml-language-server, it is checked at once."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == ROOT / "mapping.schema.json"
