from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import catalog as module
from ingest.catalog import LiveCatalog
from ingest.mapping.records import Catalog
from ingest.mapping.reloads import changes
from tests.inbox.helpers import wait_until

MAPPING = """
channel: form
request: {campaignName: one, destination: "{{ lead.phone | phone }}", userName: someone, source: Website}
"""
OTHER = MAPPING.replace("one,", "another,")
BROKEN = MAPPING.replace("| phone", "| nonsense")
ACCOUNTS = "accounts: {acme: {url: https://reseller.example/api}}\n"


@pytest.fixture
def live(tmp_path: Path) -> LiveCatalog:
    """A folder with one mapping, `a`, that was looked at."""
    (tmp_path / "a.yaml").write_text(MAPPING)
    live = LiveCatalog(tmp_path, "IN")
    assert campaign(live.current()) == "one"
    return live


def campaign(catalog: Catalog, endpoint: str = "a") -> str | None:
    """What a mapping sends; None where it is broken, or not there."""
    mapping = catalog.mappings.get(endpoint)
    if mapping is None or mapping.translation is None:
        return None
    return mapping.translation.routes[0].request.texts["campaignName"].literal


def until(live: LiveCatalog, told: Callable[[Catalog], object]) -> Catalog:
    """The catalogue, once it is so."""
    return wait_until(lambda: live.current(0) if told(live.current(0)) else None, "the change") or live.current()


def test_a_file_that_has_just_come_is_known_when_it_is_asked_for(tmp_path: Path) -> None:
    """A lead that web took for a new mapping is never held because the worker had not seen the file yet."""
    live = LiveCatalog(tmp_path, "IN")
    assert live.current().mappings == {}
    (tmp_path / "new.yaml").write_text(MAPPING)
    assert wait_until(lambda: live.knowing("new").mappings.get("new"), "the new mapping")


def test_a_change_is_seen_and_nothing_else_makes_a_new_catalogue(tmp_path: Path) -> None:
    """The catalogue stays the same object until a file changes, and is another one within a second after."""
    file = tmp_path / "a.yaml"
    file.write_text(MAPPING)
    live = LiveCatalog(tmp_path, "IN")
    first = live.current()
    assert live.current(0) is first
    file.write_text(OTHER)
    changed = wait_until(lambda: live.current() if live.current() is not first else None, "the change")
    assert changed.mappings["a"].version != first.mappings["a"].version


def test_only_what_changed_is_read_anew(live: LiveCatalog, tmp_path: Path) -> None:
    """Ten thousand mappings cost nothing when one of them is saved; a base is a part of those that build on it."""
    (tmp_path / "b.yaml").write_text("extends: sub/_base.yaml\n")
    before = until(live, lambda told: "b" in told.mappings)
    assert before.mappings["b"].is_broken
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "_base.yaml").write_text(MAPPING)
    mended = until(live, lambda told: campaign(told, "b"))
    assert mended.mappings["a"] is before.mappings["a"]
    (tmp_path / "sub" / "_base.yaml").write_text(OTHER)
    changed = until(live, lambda told: campaign(told, "b") == "another")
    assert changed.mappings["a"] is before.mappings["a"]


def test_a_file_that_is_half_written_changes_nothing(live: LiveCatalog, tmp_path: Path) -> None:
    """Nor while it stands still for a moment: the last good version stays till it is whole."""
    with (tmp_path / "a.yaml").open("w") as file:
        file.write(OTHER[:40])
        file.flush()
        assert campaign(live.current(0)) == "one"
        file.write(OTHER[40:])
    assert campaign(until(live, lambda told: campaign(told) != "one")) == "another"


def test_a_slow_copy_is_taken_when_it_is_whole(live: LiveCatalog, tmp_path: Path) -> None:
    """However it looks under way, also where it would be a mapping."""
    whole = OTHER + "".join(f"# line {number}\n" for number in range(12))
    seen: list[str] = []

    def copy() -> None:
        pause = threading.Event()
        with (tmp_path / "a.yaml").open("w") as file:
            for line in whole.splitlines(keepends=True):
                file.write(line)
                file.flush()
                pause.wait(0.04)

    copying = threading.Thread(target=copy)
    copying.start()
    while copying.is_alive() or len(set(seen)) < 2:
        seen.append(live.current(0).mappings["a"].version)
    copying.join()
    assert len(set(seen)) == 2
    assert campaign(live.current(0)) == "another"


def test_a_mapping_that_breaks_is_told_within_two_seconds(live: LiveCatalog, tmp_path: Path) -> None:
    """A file that stays broken is broken, with its findings; mended it works again."""
    (tmp_path / "a.yaml").write_text(BROKEN)
    broken = until(live, lambda told: told.broken)
    assert [finding.code for finding in broken.broken["a"]] == ["unknown_filter"]
    (tmp_path / "a.yaml").write_text(OTHER)
    assert until(live, lambda told: not told.broken).mappings["a"].translation is not None


def test_an_editor_that_moves_the_file_away_for_a_moment_loses_no_endpoint(live: LiveCatalog, tmp_path: Path) -> None:
    """Gone and back within a look: it was there all the time."""
    file = tmp_path / "a.yaml"
    file.rename(tmp_path / "a.yaml~")
    back = threading.Timer(0.05, file.write_text, [OTHER])
    back.start()
    assert campaign(live.current(0)) == "one"
    back.join()
    until(live, lambda told: campaign(told) == "another")


def test_files_come_and_go(live: LiveCatalog, tmp_path: Path) -> None:
    """A file that is removed, or is a folder now, is no endpoint any more."""
    for name in ("b", "c"):
        (tmp_path / f"{name}.yaml").write_text(MAPPING)
    until(live, lambda told: set(told.mappings) == {"a", "b", "c"})
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "c.yaml").unlink()
    (tmp_path / "c.yaml").mkdir()
    until(live, lambda told: set(told.mappings) == {"a"})


def test_a_folder_that_is_away_for_a_while_takes_no_mapping_with_it(live: LiveCatalog, tmp_path: Path) -> None:
    """What was read stays, and it is said; when the folder is back its files count."""
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    told = until(live, lambda told: told.broken)
    assert list(told.broken) == [str(tmp_path)]
    assert campaign(told) == "one"
    away.rename(tmp_path)
    (tmp_path / "a.yaml").write_text(OTHER)
    assert campaign(until(live, lambda told: not told.broken and campaign(told) != "one")) == "another"


def test_a_config_map_is_swapped_as_a_whole(tmp_path: Path) -> None:
    """As Kubernetes does it: files, and folders, are links into a folder that is another one at once."""
    for version, text in (("..1", MAPPING), ("..2", OTHER)):
        (tmp_path / version / "acme").mkdir(parents=True)
        (tmp_path / version / "_base.yaml").write_text(text)
        (tmp_path / version / "acme" / "site.yaml").write_text("extends: ../_base.yaml\n")
        (tmp_path / version / "a.yaml").write_text(text)
    (tmp_path / "..data").symlink_to("..1")
    for name in ("a.yaml", "_base.yaml", "acme"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    live = LiveCatalog(tmp_path, "IN")
    assert {name: campaign(live.current(), name) for name in live.current().mappings} == {
        "a": "one",
        "acme/site": "one",
    }
    (tmp_path / "..tmp").symlink_to("..2")
    (tmp_path / "..tmp").replace(tmp_path / "..data")
    until(live, lambda told: campaign(told) == campaign(told, "acme/site") == "another")


def test_links_in_a_circle_are_no_endless_folder(live: LiveCatalog, tmp_path: Path) -> None:
    """Nor is one that leads out to a folder that holds this one."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "up").symlink_to("..")
    (tmp_path / "x" / "top").symlink_to("/")
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "x").symlink_to("../x")
    (tmp_path / "x" / "y").symlink_to("../y")
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    (tmp_path / "x" / "b.yaml").write_text(MAPPING)
    told = until(live, lambda told: "x/b" in told.mappings)
    assert {"a", "x/b"} <= set(told.mappings)
    assert not told.broken


def test_a_change_that_leaves_time_and_size_as_they_were_is_seen(live: LiveCatalog, tmp_path: Path) -> None:
    """A copy that keeps times, and a file that could not be read before."""
    file = tmp_path / "a.yaml"
    stat = file.stat()
    file.write_text(MAPPING.replace("one,", "two,"))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert file.stat().st_size == stat.st_size
    until(live, lambda told: campaign(told) == "two")


def test_broken_accounts_stay_as_they_were(live: LiveCatalog, tmp_path: Path) -> None:
    """A reseller's address is not forgotten because of a slip, and the slip is told."""
    file = tmp_path / "_accounts.yaml"
    file.write_text(ACCOUNTS)
    until(live, lambda told: told.accounts)
    file.write_text("accounts: {acme: {url: 5}}")
    told = until(live, lambda told: told.broken)
    assert list(told.broken) == ["_accounts"]
    assert told.accounts["acme"].url == "https://reseller.example/api"
    file.unlink()
    assert until(live, lambda told: not told.broken).accounts == {}


def test_what_cannot_be_read_is_a_finding(live: LiveCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened breaks its mapping, and is read once it may."""
    real = Path.open

    def refuse(path: Path, *how: object, **more: object) -> object:
        if path.name == "a.yaml" and refused:
            raise PermissionError(13, "Permission denied")
        return real(path, *how, **more)  # type: ignore[call-overload]

    refused = [True]
    monkeypatch.setattr(Path, "open", refuse)
    (tmp_path / "a.yaml").chmod(0o600)
    told = until(live, lambda told: told.broken)
    assert [finding.code for finding in told.broken["a"]] == ["file_unreadable"]
    refused.clear()
    (tmp_path / "a.yaml").chmod(0o644)
    until(live, lambda told: campaign(told) == "one")


def test_each_change_is_told_once(live: LiveCatalog, tmp_path: Path) -> None:
    """In the log of each process: what came, changed, broke, was mended and went, and no good mapping at the start."""
    file, accounts = tmp_path / "a.yaml", tmp_path / "_accounts.yaml"
    before = live.current()
    assert [(told.event, told.values) for told in changes(None, before)] == [
        ("mappings_loaded", {"count": 1, "broken": 0})
    ]

    def told(after: Catalog) -> list[tuple[str, dict[str, object]]]:
        nonlocal before
        lines = [(one.event, one.values) for one in changes(before, after)]
        assert not list(changes(after, after))
        before = after
        return lines

    file.write_text(OTHER)
    [(event, values)] = told(until(live, lambda one: campaign(one) == "another"))
    assert (event, values) == ("mapping_loaded", {"endpoint": "a", "version": before.mappings["a"].version})
    file.write_text(BROKEN + "unknown: 1\n")
    [(event, values)] = told(until(live, lambda one: one.broken))
    assert event == "mapping_broken"
    assert (values["endpoint"], values["code"], values["place"]) == ("a", "unknown_key", f"{file}:4:1")
    file.write_text(MAPPING)
    assert [event for event, _ in told(until(live, lambda one: not one.broken))] == ["mapping_mended"]
    file.rename(tmp_path / "b.yaml")
    accounts.write_text("accounts: []")
    lines = told(until(live, lambda one: "b" in one.mappings and "a" not in one.mappings and one.broken))
    assert [event for event, _ in lines] == ["mapping_gone", "mapping_loaded", "accounts_broken"]
    accounts.unlink()
    assert [event for event, _ in told(until(live, lambda one: not one.broken))] == ["accounts_mended"]


def test_touching_a_file_is_no_change(live: LiveCatalog, tmp_path: Path) -> None:
    """The version is of the content: what is saved as it was is not told, and tries no held lead again."""
    before = live.current()
    (tmp_path / "a.yaml").touch()
    after = until(live, lambda told: told is not before)
    assert after.mappings["a"].version == before.mappings["a"].version
    assert not list(changes(before, after))


def test_looking_is_cheap(tmp_path: Path) -> None:
    """Two thousand files, looked at each second: a hundredth of the time, and of the files only names and times."""
    for number in range(2000):
        (tmp_path / f"m{number}.yaml").write_text("")
    found = module.walk(tmp_path)
    assert len(found) == 2000
    spent = min(_seconds(lambda: module.walk(tmp_path, found)) for _ in range(5))
    assert spent < 0.05


def _seconds(work: Callable[[], object]) -> float:
    import time

    start = time.process_time()
    work()
    return time.process_time() - start
