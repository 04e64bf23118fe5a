"""docs/findings.md: every code has an example that has just this finding, and one that has none."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ingest import settings
from ingest.cli import live
from ingest.cli.check import findings_of
from ingest.cli.findings import in_order
from ingest.cli.mappings import catalog_of
from ingest.errors import Finding
from ingest.health import campaigns
from ingest.outward import is_public
from ingest.sandbox import Sandbox
from ingest.settings import SECRET_NAMES
from tests.aisensy.scripted import raw, scripted
from tests.mapping.lint.fragments import files_of

PAGE = (Path(__file__).parents[1] / "docs" / "findings.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### `(\w+)`$\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(yaml|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(PAGE))
LIVE = dict(SECTION.findall(PAGE.partition("\n## Findings of `ingest check --live`\n")[2]))

# What examples of --live say of AiSensy and of others.
CAMPAIGN = re.compile(r"AiSensy has `(\w+)` with (\d+) parameters?(?: and (?:an (image)|(no media)))?\.")
KEY = re.compile(r"AiSensy knows the key `([\w-]+)`\.")
SILENT = "AiSensy does not answer."
PARTNER = "https://partner.example"
MEDIA = re.compile(r"\bhttps://acme\.example/[\w.]+")
CURL = re.compile(r"^\$ curl -sI (\S+)\n(.*?)(?=^\$|^```)", re.MULTILINE | re.DOTALL)
FILE = "HTTP/1.1 200 OK\nContent-Type: image/jpeg\nContent-Length: 204800\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with all the usual secrets set."""
    monkeypatch.delenv("INGEST_SANDBOX", raising=False)
    monkeypatch.setenv("INGEST_MAPPINGS", "mappings")
    for name in (*SECRET_NAMES, "ZAPIER_TOKEN"):
        monkeypatch.setenv(name, f"set-for-{name.lower()}")
    return tmp_path


def told(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The codes that check tells of an example's files, after its commands."""
    prepare(example, folder, monkeypatch)
    own = settings.load()
    return codes(findings_of(catalog_of(own), own)[0])


def told_live(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The codes that check --live tells where AiSensy, and others, answer what the example says."""
    with outside(example, monkeypatch) as reachable:
        prepare(reachable, folder, monkeypatch)
        own = settings.load()
        asked = live.look(
            catalog_of(own),
            own,
            write="--write-accounts" in example,
            allowed=lambda address: address.is_loopback or is_public(address),
        )
    return codes([*findings_of(catalog_of(own), own)[0], *asked])


def codes(findings: list[Finding]) -> set[str]:
    return {one.code for one in in_order(findings)}


def prepare(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write an example's files, and run its commands; those that ask somebody are asked later."""
    fences = FENCE.findall(example)
    assert fences
    fragment = "".join(text for language, text in fences if language != "console") or "channel: form\n"
    (folder / "mappings").mkdir(parents=True)
    monkeypatch.chdir(folder)
    for name, text in files_of(fragment).items():
        (folder / ("" if name == ".env" else "mappings") / name).write_text(text, encoding="utf-8")
    for command in re.findall(
        r"^\$ (.*)$", "\n".join(text for kind, text in fences if kind == "console"), re.MULTILINE
    ):
        variable = re.fullmatch(r"export (\w+)=(\S+)", command)
        if variable:
            monkeypatch.setenv(*variable.groups())
        elif not command.startswith(("curl ", "ingest ")):
            subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True)


@contextmanager
def outside(example: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """AiSensy, and hosts of media, that answer what an example says; gives the example with where they are."""
    heads = dict(CURL.findall(example))
    with Sandbox() as box, ExitStack() as stack:
        monkeypatch.setenv("AISENSY_URL", box.aisensy_url)
        box.state.keys[f"set-for-{settings.KEY.lower()}"] = "default"
        for line in filter(None, FENCE.sub("", example).splitlines()):
            understand(line, box, monkeypatch)
        hosts = {
            url: stack.enter_context(scripted(raw(heads.get(url, FILE).replace("\n", "\r\n").encode() + b"\r\n")))
            for url in set(MEDIA.findall("".join(text for kind, text in FENCE.findall(example) if kind == "yaml")))
        }
        assert heads.keys() <= hosts.keys()
        yield MEDIA.sub(lambda url: hosts[url[0]].url if url[0] in hosts else url[0], example).replace(PARTNER, box.url)
        assert all(host.heads for host in hosts.values())


def understand(line: str, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make AiSensy be as a line of an example says."""
    campaign, key = CAMPAIGN.fullmatch(line), KEY.fullmatch(line)
    if campaign:
        name, params, media, no_media = campaign.groups()
        box.campaigns({name: {"params": int(params), "media": media}})
        if no_media:
            body = {"templateParams": [f"$Param{number}" for number in range(int(params))], "media": None}
            box.fail(where="details", campaign=name, body={"success": True, "requestBody": body})
    elif key:
        box.state.keys[key[1]] = "acme"
    else:
        assert line == SILENT
        monkeypatch.setattr(campaigns, "TIMEOUT", 0.5)
        box.fail(where="details", hang=60)


@pytest.mark.parametrize("code", SECTIONS)
def test_the_wrong_example_has_this_finding_and_the_right_one_none(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page shows is what the program tells."""
    _, wrong, right = re.split(r"^(?:Wrong|Right):$", SECTIONS[code], flags=re.MULTILINE)
    tell = told_live if code in LIVE else told
    with monkeypatch.context() as patch:
        found = tell(wrong, folder / "wrong", patch)
    assert found == ({code, "unknown_key"} if code == "more_findings" else {code})
    assert tell(right, folder / "right", monkeypatch) == set()
