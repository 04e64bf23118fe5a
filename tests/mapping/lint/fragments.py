"""Mappings written short, for tests and docs: what a fragment leaves out is added from a small mapping."""

from __future__ import annotations

import re
from pathlib import Path

from ingest.cli.check import findings_of
from ingest.cli.findings import in_order
from ingest.cli.mappings import catalog_of
from ingest.errors import Finding
from ingest.settings import Secrets, Settings

REQUEST = {
    "campaignName": "welcome_lead",
    "destination": '"{{ lead.phone | phone }}"',
    "userName": "\"{{ lead.name | default('friend') }}\"",
    "source": "Website form",
}
MARK = ">>"
"""Begins the line of a fragment in which the fault is."""


def files_of(fragment: str) -> dict[str, str]:
    """The files of a fragment, completed: a line `# mappings/acme.yaml` begins one; else it is mappings/site.yaml."""
    parts = re.split(r"^(>>)?# (?:mappings/|(?=\.env$))(\S+)\n", fragment, flags=re.MULTILINE)
    found = {"site.yaml": parts[0]} if parts[0].strip() else {}
    for mark, name, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found[name] = f"{mark or ''}{text}"
    return {name: text if Path(name).name[0] in "._" else completed(text) for name, text in found.items()}


def completed(text: str) -> str:
    """A mapping's text with `channel` and what a request must have, where it does not have them."""
    bare = text.replace(MARK, "")
    keys = set(re.findall(r"^(\w+)\b", bare, re.MULTILINE))
    if "extends" not in keys and "request" not in keys:
        text += "request:\n" + "".join(f"  {key}: {value}\n" for key, value in REQUEST.items())
    elif "extends" not in keys and (block := re.search(r"^(?:>>)?request:\n(?=(?:>>)?( +)(?=\w))", text, re.MULTILINE)):
        own = re.findall(r"^[ \t\xa0]+(\w+)\b", bare, re.MULTILINE)
        missing = "".join(f"{block[1]}{key}: {value}\n" for key, value in REQUEST.items() if key not in own)
        text = text[: block.end()] + missing + text[block.end() :]
    if "extends" not in keys and "channel" not in keys:
        text += "channel: form\n"
    return text


def marked(files: dict[str, str]) -> tuple[dict[str, str], tuple[str, int] | None]:
    """The files without the mark, and the file and line where it stood."""
    places = [
        (name, number)
        for name, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line.startswith(MARK)
    ]
    bare = {name: re.sub(rf"^{MARK}", "", text, flags=re.MULTILINE) for name, text in files.items()}
    return bare, places[0] if places else None


def findings(
    folder: Path, files: dict[str, str], *, sandbox: bool = True, secrets: Secrets | None = None
) -> list[Finding]:
    """What `ingest check` tells of these files in an empty folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    own = Settings(mappings=folder, secrets=secrets or Secrets())
    return in_order(findings_of(catalog_of(own), own, sandbox=sandbox)[0])
