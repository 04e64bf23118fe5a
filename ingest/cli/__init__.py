from __future__ import annotations

import importlib
import sys

import click

from ingest import __version__, values
from ingest.errors import IngestError, SettingsError

COMMANDS = {
    "run": "run",
    "web": "run",
    "worker": "run",
    "sandbox": "run",
    "demo": "demo",
    "check": "check",
    "test": "test",
    "try": "try_",
    "schema": "schema",
    "leads": "leads",
    "explain": "explain",
    "capture": "capture",
    "import": "import_",
    "backfill": "backfill",
    "doctor": "doctor",
    "facebook": "facebook",
    "replay": "acts",
    "discard": "acts",
    "pause": "accounts",
    "resume": "accounts",
    "optout": "people",
    "forget": "people",
    "retention": "people",
}
"""Each command, and the file it stands in; a file is loaded when its command is asked for."""


class Commands(click.Group):
    """Loads a command when it is wanted, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """The command of that name."""
        file = COMMANDS.get(cmd_name)
        if file is None:
            return None
        command: click.Command = importlib.import_module(f"ingest.cli.{file}").COMMANDS[cmd_name]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or an error that names the nearest ones."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command: {args[0]}.{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def nearest(asked: str, known: object) -> str:
    """` Did you mean …?` with the names that are most like what was asked; nothing where none is."""
    import difflib  # noqa: PLC0415 - wanted only when something is wrong

    close = difflib.get_close_matches(asked, list(known), n=3, cutoff=0.5)  # type: ignore[call-overload] # any names
    return f" Did you mean {' or '.join(close)}?" if close else ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ingest")
def cli() -> None:
    """Takes leads from Facebook, website forms and Zapier, and sends each, once, to WhatsApp through AiSensy.

    \b
    Example:
      ingest run --sandbox       try it without any account
    """


def main() -> None:
    """The console script: exit 0 done, 1 a problem found, 2 wrong usage."""
    try:
        cli([values.clean(argument) for argument in sys.argv[1:]])
    except SettingsError as error:
        click.echo("The settings are wrong:", err=True)
        for fault in error.faults:
            click.echo(f"  {fault}", err=True)
        sys.exit(2)
    except IngestError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
