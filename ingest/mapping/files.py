"""The files of a folder of mappings, and how to see that one changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

Stamp = tuple[int, int, int, int]
"""A file's state: when it was written, when anything about it changed (both in ns), its size and its inode."""
Stamps = Mapping[str, Stamp | None]
"""Files by their paths. None stands for a folder that can't be listed, and for a file that is not there."""

ENDINGS = (".yaml", ".yml", ".yaml.txt", ".yml.txt", ".csv")
MAX_DEPTH = 16


def walk(folder: Path, known: Stamps | None = None) -> dict[str, Stamp | None]:
    """All files of mappings and tables in a folder, without hidden ones; links are followed, to folders too.

    Of a folder that can't be listed what is `known` stays: it is away for a moment rather than for good.
    """
    found: dict[str, Stamp | None] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(os.fspath(folder), (os.path.realpath(folder),))]
    while waiting:
        path, chain = waiting.pop()
        try:
            with os.scandir(path) as listed:
                entries = [entry for entry in listed if not entry.name.startswith(".")]
        except OSError as error:
            if path == os.fspath(folder) or not isinstance(error, FileNotFoundError):
                found |= _kept(path, known)
            continue
        for entry in entries:
            try:
                if entry.name.lower().endswith(ENDINGS) and entry.is_file():
                    found[entry.path] = _stamp(entry.stat())
                elif entry.is_dir() and (below := _below(entry, chain)):
                    waiting.append((entry.path, below))
            except OSError:  # gone since it was listed, or a link that leads nowhere
                continue
    return found


def stamp(path: str) -> Stamp | None:
    """A file's state now; None where it is not there."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 - a Path costs more than the question
    except (OSError, ValueError):
        return None


def changed(before: Stamps, after: Stamps) -> set[str]:
    """The paths that are new, gone, or in another state."""
    return {path for path in before.keys() | after.keys() if before.get(path, ()) != after.get(path, ())}


def endpoints(folder: Path, stamps: Stamps) -> Iterator[Path]:
    """The mapping files among them, in order: their names, and those of their folders, do not begin with `_`."""
    for path in sorted(Path(name) for name, known in stamps.items() if known and name.endswith(".yaml")):
        if not any(part.startswith("_") for part in path.relative_to(folder).parts):
            yield path


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


def _below(entry: os.DirEntry[str], chain: tuple[str, ...]) -> tuple[str, ...]:
    """The links that led into a folder, or nothing where they lead in a circle."""
    if not entry.is_symlink():
        return chain
    target = os.path.realpath(entry.path)
    circle = any(os.path.commonpath((target, one)) == target for one in chain)
    return () if circle or len(chain) > MAX_DEPTH else (*chain, target)


def _kept(path: str, known: Stamps | None) -> dict[str, Stamp | None]:
    inside = os.path.join(path, "")  # noqa: PTH118 - text, as the keys are
    return {path: None} | {name: one for name, one in (known or {}).items() if name.startswith(inside)}
