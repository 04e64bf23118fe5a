import pytest
from click.testing import CliRunner

from ingest.cli import COMMANDS, cli


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_to_copy(command: str) -> None:
    """`--help` of each command ends with an example on a line of its own, as one would type it."""
    told = CliRunner().invoke(cli, [command, "--help"])
    assert told.exit_code == 0
    assert "\\b" not in told.output
    example = told.output.partition("Example:\n")[2].splitlines()[0]
    assert f"ingest {command}" in example
