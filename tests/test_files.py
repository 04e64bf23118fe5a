from __future__ import annotations

from pathlib import Path

import pytest

from ingest import files


def test_a_file_is_replaced_whole_and_stays_the_file_that_it_was(tmp_path: Path) -> None:
    """Its mode is kept, and a link leads where it led."""
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_bytes(b"before")
    real.chmod(0o640)
    link.symlink_to(real)
    files.replace(link, b"after", b"before")
    assert link.is_symlink()
    assert (real.read_bytes(), real.stat().st_mode & 0o777) == (b"after", 0o640)


def test_a_file_that_was_not_there_can_be_read_by_others(tmp_path: Path) -> None:
    files.replace(tmp_path / "new", b"content", None)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("there", "before"), [(b"theirs", b"before"), (b"theirs", None), (None, b"before")])
def test_what_somebody_else_has_just_written_is_not_lost(
    tmp_path: Path, there: bytes | None, before: bytes | None
) -> None:
    """A file that is not as it was read is not replaced, and nothing is left beside it."""
    path = tmp_path / "file"
    if there is not None:
        path.write_bytes(there)
    with pytest.raises(OSError, match=r"somebody else|No such file"):
        files.replace(path, b"ours", before)
    assert (path.read_bytes() if path.exists() else None) == there
    assert len(list(tmp_path.iterdir())) == (there is not None)
