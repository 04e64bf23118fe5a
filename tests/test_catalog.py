from pathlib import Path

from ingest.catalog import LiveCatalog
from tests.inbox.helpers import wait_until

MAPPING = """
channel: form
request: {campaignName: one, destination: "{{ lead.phone | phone }}", userName: someone, source: Website}
"""


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
    file.write_text(MAPPING.replace("one", "another"))
    changed = wait_until(lambda: live.current() if live.current() is not first else None, "the change")
    assert changed.mappings["a"].version != first.mappings["a"].version
