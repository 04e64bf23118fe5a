"""Files that no mapping uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.errors import Finding, Place
from ingest.mapping.document import reading
from ingest.mapping.records import Catalog

ACCOUNTS = "_accounts.yaml"


def spare_files(catalog: Catalog) -> Iterator[Finding]:
    """What is wrong with files that no mapping extends, so far as it is known without one."""
    used = {source for mapping in catalog.mappings.values() for source in mapping.sources}
    used.add(str(Path(catalog.folder, ACCOUNTS)))
    for file in catalog.files:
        name = Path(file).name
        if not name.startswith("_") or not name.endswith(".yaml") or file in used:
            continue
        document = reading.read(Path(file), file)
        yield from document.findings
        if document.node and isinstance(document.node.value, dict) and "accounts" in document.node.value:
            hint = f"call it {ACCOUNTS}, in the folder of mappings"
            yield Finding(Place(file), "file_name", "These accounts are not looked at.", hint)
