from __future__ import annotations

import click

from ingest.channels import KINDS
from ingest.cli.printing import print_json
from ingest.mapping.schema.jsonschema import accounts_schema, base_schema, mapping_schema


@click.command()
@click.option("--accounts", "what", flag_value="accounts", help="That of _accounts.yaml.")
@click.option("--base", "what", flag_value="base", help="That of files that mappings extend: nothing is required.")
def schema(what: str | None) -> None:
    """Print the JSON Schema of mappings, by which editors complete and check them.

    \b
    Example:
      ingest schema > mapping.schema.json
    """
    if what == "accounts":
        print_json(accounts_schema())
    else:
        print_json(base_schema(KINDS) if what == "base" else mapping_schema(KINDS))


COMMANDS = {"schema": schema}
