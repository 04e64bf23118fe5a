"""What the commands about mappings share: finding one by its name, and reading leads for it."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from pathlib import Path
from typing import Any

import click

from ingest.channels import CHANNELS, KINDS
from ingest.cli import nearest
from ingest.mapping import loader
from ingest.mapping.records import Catalog, Mapping
from ingest.models import Lead
from ingest.settings import Settings


def catalog_of(own: Settings) -> Catalog:
    """All mappings, as the settings have them."""
    return loader.load(own.mappings, KINDS, own.default_country)


def find_mapping(name: str, own: Settings) -> Mapping:
    """A mapping by its file, or by its endpoint's name. Raises UsageError."""
    path = Path(name)
    if path.is_file():
        return loader.load_file(path, KINDS, country=own.default_country)
    catalog = catalog_of(own)
    if name not in catalog.mappings:
        raise click.UsageError(f"No mapping is called {name}.{nearest(name, catalog.mappings)}")
    return catalog.mappings[name]


def lead_of(mapping: Mapping, payload: Any, _headers: MappingABC[str, str]) -> Lead:
    """The lead of what a sender posts, for a mapping's own tests."""
    channel = CHANNELS[mapping.intake.channel if mapping.intake else "form"]
    return channel.lead(payload, payload if channel.remote else None)
