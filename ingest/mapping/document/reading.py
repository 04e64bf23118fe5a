"""YAML with the place of everything in it. YAML 1.2's view of scalars: `no`, `21:00` and `098765` are text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ingest.errors import Finding, MappingError, Place
from ingest.mapping.document.builder import Builder
from ingest.mapping.document.complaint import lines_of
from ingest.mapping.document.faults import diagnose
from ingest.mapping.document.nodes import Node

MAX_BYTES = 1_000_000
MAX_MENDED = 50  # faults of one file that are told at once

_Loader: Any = getattr(yaml, "CLoader", yaml.SafeLoader)  # only its parser is used: a tenth of the time in C


@dataclass(frozen=True)
class Document:
    """What a file holds, and what is wrong with it; `node` is None where nothing can be made of it."""

    node: Node | None
    findings: list[Finding]


def read(path: Path, shown: str) -> Document:
    """The document in a file; `shown` is the file's name in findings. Never raises."""
    start = Place(shown)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            return Document(None, [Finding(start, "file_too_big", f"The file has more than {MAX_BYTES:,} bytes.")])
        return parse(content.decode("utf-8-sig"), shown)
    except OSError as error:
        return Document(None, [Finding(start, "file_unreadable", f"The file can't be read: {error.strerror}.")])
    except UnicodeDecodeError as error:
        place = Place(shown, content.count(b"\n", 0, error.start) + 1)
        return Document(None, [Finding(place, "yaml_syntax", "The file is not UTF-8.", "save it as UTF-8")])


def parse(text: str, shown: str) -> Document:
    """The document in a text. What is plain how to mend is mended, so that the faults after it are told too."""
    told: list[Finding] = []
    for _ in range(MAX_MENDED):
        builder = Builder(yaml.parse(text, Loader=_Loader), text, shown)
        try:
            return Document(builder.document(), [*told, *builder.findings])
        except MappingError as error:
            return Document(None, [*told, *error.findings])
        except yaml.MarkedYAMLError as error:
            diagnosis = diagnose(error, text, shown)
            again = diagnosis.finding in told
            told += [] if again else [diagnosis.finding]
            if again or diagnosis.mended is None or diagnosis.mended == text:
                break
            text = diagnosis.mended
        except yaml.reader.ReaderError as error:
            told.append(_character(error, text, shown))
            break
    return Document(None, told)


def sound(text: str, shown: str) -> Node:
    """The document in a text that is in order. Raises MappingError."""
    document = parse(text, shown)
    if document.node is None or any(finding.severity == "error" for finding in document.findings):
        raise MappingError(document.findings)
    return document.node


def _character(error: yaml.reader.ReaderError, text: str, shown: str) -> Finding:
    before = text.encode("utf-8", "surrogatepass")[: error.position].decode("utf-8", "replace")  # counted in bytes
    lines = lines_of(before)
    place = Place(shown, len(lines), len(lines[-1]) + 1)
    code = error.character if isinstance(error.character, int) else ord(error.character)
    return Finding(
        place, "yaml_syntax", f"The character U+{code:04X} stands here, which YAML does not allow.", "take it out"
    )
