from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import Finding
from ingest.mapping.accounts import read_accounts
from ingest.mapping.accounts_writing import write_accounts
from ingest.mapping.records import Campaign

TOLD = {
    "default": {"welcome": Campaign(2, "image"), "plain": Campaign(0, ""), "any": Campaign()},
    "acme": {"Diwali: 20% off #1 “नया”": Campaign(1)},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "_accounts.yaml"


def write(path: Path, text: str) -> list[Finding]:
    path.write_bytes(text.encode())
    return write_accounts(path, TOLD)


def test_a_file_is_made_where_there_is_none(path: Path) -> None:
    """It has what AiSensy told and nothing else: no tags, no attributes."""
    assert write_accounts(path, TOLD) == []
    text = path.read_text()
    assert text.startswith("# What exists in AiSensy")
    assert text.partition("accounts:")[2] == (
        "\n  default:\n    campaigns:\n"
        "      welcome: {params: 2, media: image}\n      plain: {params: 0}\n      any: {}\n"
        '  acme:\n    campaigns:\n      "Diwali: 20% off #1 “नया”": {params: 1}\n'
    )
    accounts, findings = read_accounts(path)
    assert findings == []
    assert accounts["default"].campaigns == {"welcome": Campaign(2, "image"), "plain": Campaign(0), "any": Campaign()}
    assert (accounts["default"].tags, accounts["default"].attributes) == (None, None)
    assert path.stat().st_mode & 0o777 == 0o644


def test_all_that_people_wrote_stays(path: Path) -> None:
    """Comments, layout, other campaigns and keys stay; only what AiSensy told otherwise is changed."""
    before = """\
# ours
accounts:
    default:
        tags: [facebook,   ig]   # as in AiSensy
        campaigns:
            plain: {media: video, params: 3}
            old: {params: 9}     # no mapping has it
            welcome:             # for all
                params: 1

    # the agency
    acme: {url: https://r.example/api, pace: 20/second}
"""
    assert write(path, before) == []
    assert path.read_text() == before.replace("plain: {media: video, params: 3}", "plain: {params: 0}").replace(
        "                params: 1\n",
        "                params: 2\n                media: image\n            any: {}\n",
    ).replace("20/second}", '20/second, campaigns: {"Diwali: 20% off #1 “नया”": {params: 1}}}')


def test_what_is_there_already_is_not_written_again(path: Path) -> None:
    write_accounts(path, TOLD)
    before = path.stat()
    assert write_accounts(path, TOLD) == []
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_aisensy_does_not_tell_stays(path: Path) -> None:
    path.write_text("accounts: {default: {campaigns: {c: {params: 2, media: image}}}}")
    assert write_accounts(path, {"default": {"c": Campaign(None, None)}}) == []
    assert path.read_text() == "accounts: {default: {campaigns: {c: {params: 2, media: image}}}}"


@pytest.mark.parametrize(
    "text", ["", "accounts: []", "accounts: {default: {colour: red}}", "accounts: {", "\x00", "- a"]
)
def test_a_file_that_is_wrong_is_told_and_not_touched(path: Path, text: str) -> None:
    assert write(path, text)
    assert path.read_bytes() == text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "accounts: {default: &x {campaigns: {welcome: {params: 1}}}, acme: *x}",
        "accounts:\n  default:\n    campaigns:\n      welcome: &p {params: 3}\n      plain: *p\n",
        "accounts: {default: {campaigns: {welcome: {params: &n 1}, old: {params: *n}}}}",
    ],
)
def test_a_file_with_aliases_in_the_way_is_told_and_not_touched(path: Path, text: str) -> None:
    """One place never changes what another one says."""
    assert [finding.code for finding in write(path, text)] == ["accounts_not_written"]
    assert path.read_text() == text


def test_marks_and_line_ends_of_windows_stay(path: Path) -> None:
    assert write(path, "\ufeffaccounts:\r\n  default:\r\n    tags: [a]\r\n") == []
    lines = path.read_bytes().decode().split("\r\n")
    assert lines[:4] == ["\ufeffaccounts:", "  default:", "    tags: [a]", "    campaigns:"]
    assert not any("\n" in line for line in lines)
    assert read_accounts(path)[1] == []


def test_a_link_and_the_files_mode_stay(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("accounts: {}\n")
    real.chmod(0o600)
    path.symlink_to(real)
    assert write_accounts(path, TOLD) == []
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["_accounts.yaml", "real.yaml"]


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (finding,) = write_accounts(tmp_path / "nowhere" / "_accounts.yaml", TOLD)
    assert (finding.code, finding.message) == (
        "accounts_not_written",
        "The file can't be written: No such file or directory.",
    )
