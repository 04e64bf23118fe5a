from __future__ import annotations

import codecs
from pathlib import Path

from ingest.errors import SheetError

_MARKED = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or another archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"\x1f\x8b", "a compressed file"),
    (b"%PDF", "a PDF"),
)
_PIECE = 1 << 20
_START = 4096
_AS_CSV = "Save it as CSV UTF-8, and import that."


def encoding_of(path: Path) -> str:
    """The encoding in which a whole file can be read: the one it is marked with, UTF-8, or windows-1252.

    Raises SheetError where there is none, or where it is a file of another kind. The file is read once for it, because
    its first letter that is not ASCII may be its last.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START)
        kind = next((kind for mark, kind in _OTHERS if start.startswith(mark)), None)
        if kind:
            raise SheetError(f"The file is {kind}, not CSV. {_AS_CSV}")
        found = next((encoding for encoding in _candidates(start) if _reads_as(path, encoding)), None)
    except OSError as error:
        raise SheetError(f"The file can't be read: {error.strerror}.") from None
    if found is None:
        raise SheetError(f"The file is in no encoding that is read here. {_AS_CSV}")
    return found


def _candidates(start: bytes) -> tuple[str, ...]:
    marked = next((encoding for mark, encoding in _MARKED if start.startswith(mark)), None)
    if marked:
        return (marked,)
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) > len(start) / 8 and min(first, second) < max(first, second) / 8:
        return ("utf-16-be",) if first > second else ("utf-16-le",)  # the names of columns have letters in ASCII
    return ("utf-8", "windows-1252")


def _reads_as(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
