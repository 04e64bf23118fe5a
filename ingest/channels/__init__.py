from __future__ import annotations

import pkgutil
from importlib import import_module

from ingest.channels.base import Channel as Channel


def _discover() -> dict[str, Channel]:
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    kinds = [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Channel) and kind.__module__ == module.__name__
    ]
    return {kind.name: kind() for kind in kinds if kind is not Channel}


CHANNELS: dict[str, Channel] = _discover()
"""Every channel by its name: those of all files in this folder."""

KINDS = {name: channel.auth for name, channel in CHANNELS.items()}
"""What a mapping may say of each channel's secrets."""

VENDORS = tuple(name for name, channel in CHANNELS.items() if channel.own_ids)
"""The channels whose external ids are a vendor's own: numbers of leads, that tell nothing of a person."""
