"""What the commands about mappings share: all of them, and one by its name."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.channels import KINDS
from ingest.cli import nearest
from ingest.mapping import loader
from ingest.mapping.records import Catalog, Mapping
from ingest.settings import SAMPLES, Settings


def catalog_of(own: Settings) -> Catalog:
    """All mappings, as the settings have them."""
    return loader.load(own.mappings, KINDS, own.default_country)


def tell_of_samples(own: Settings) -> None:
    """Say on standard error that the mappings are ours, where the folder has none of its own."""
    if own.mappings == SAMPLES:
        click.echo("There is no folder mappings/ here: these are the examples that come with ingest.", err=True)


def find_mapping(name: str, own: Settings) -> Mapping:
    """A mapping by its file, or by its endpoint's name. Raises UsageError."""
    path = Path(name)
    if path.is_file():
        return loader.load_file(path, KINDS, country=own.default_country)
    catalog = catalog_of(own)
    if name not in catalog.mappings:
        raise click.UsageError(f"No mapping is called {name}.{nearest(name, catalog.mappings)}")
    return catalog.mappings[name]
