"""CSV files as spreadsheets, vendors and people write them."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SheetError
from ingest.intake.sheet import Row, Sheet, fields_of

MARKS = {"utf-8": b"", "utf-8-sig": b"", "utf-16": b"", "utf-16-be": codecs.BOM_UTF16_BE, "cp1252": b""}
NAMES = st.text(st.characters(codec="ascii", exclude_characters=",;\t\r\n\x00", categories=["L", "N"]), min_size=1)
TEXTS = st.text(st.sampled_from("aZ 09,;\t\"'\n\r\\|é€ü"), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    header = draw(st.lists(NAMES, min_size=width, max_size=width))
    return [header, *draw(st.lists(st.lists(TEXTS, min_size=width, max_size=width), max_size=8))]


@given(tables(), st.sampled_from(list(MARKS)), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]))
def test_whatever_is_written_as_csv_is_read_back(
    table: list[list[str]], encoding: str, separator: str, end: str
) -> None:
    """In every encoding that spreadsheets save in, and with whatever parts the cells."""
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL  # Python 3.11 forgets to quote `\r` else
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting).writerows(table)
    with tempfile.TemporaryDirectory() as folder:
        sheet = written(Path(folder), MARKS[encoding] + text.getvalue().encode(encoding))
        rows = list(sheet.rows())
    header, *expected = [[cell.strip() for cell in row] for row in table]
    assert list(sheet.columns) == header
    assert [list(row.cells) for row in rows] == [row for row in expected if any(row)]
    assert [row.fault for row in rows if row.fault] == []


@given(st.binary(max_size=400))
def test_no_file_does_more_than_say_what_is_wrong(content: bytes) -> None:
    """Whatever is in it, it has rows, rows with a fault, or a sentence that says what to do."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = list(written(Path(folder), content).rows())
        except SheetError as error:
            assert str(error).endswith(".")
        else:
            assert all(row.fault or row.cells for row in rows)


def written(folder: Path, content: bytes | str) -> Sheet:
    path = folder / "leads.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Sheet(path)


def cells(sheet: Sheet) -> list[list[str]]:
    return [list(row.cells) for row in sheet.rows()]


def test_a_file_without_a_mark_is_utf_8_and_else_windows_1252(tmp_path: Path) -> None:
    """The first letter that tells may be at its very end."""
    filler = "a,b\n" * 300_000
    assert cells(written(tmp_path, (filler + "José,€\n").encode()))[-1] == ["José", "€"]
    assert cells(written(tmp_path, (filler + "José,€\n").encode("cp1252")))[-1] == ["José", "€"]


def test_utf_16_is_known_without_its_mark_too(tmp_path: Path) -> None:
    """Some programs leave the mark out."""
    for encoding in ("utf-16-le", "utf-16-be"):
        assert cells(written(tmp_path, "name\tphone\nआशा\t1\n".encode(encoding))) == [["आशा", "1"]]


def test_each_row_knows_the_line_in_which_it_begins(tmp_path: Path) -> None:
    """Blank lines and cells of several lines are counted, so that an editor finds the row."""
    sheet = written(tmp_path, '\nname,note\n\n"Asha","two\nlines"\n,\nRavi,x\n')
    assert [(row.line, row.cells[0]) for row in sheet.rows()] == [(4, "Asha"), (7, "Ravi")]


def test_a_row_that_is_too_short_or_too_long_is_no_lead(tmp_path: Path) -> None:
    """Its cells may have moved, and a phone may stand where the name should; those after it are read."""
    sheet = written(tmp_path, "name,phone\nAsha\nAsha,1,2\nAsha,1,,\nRavi,3\n")
    assert [(row.line, bool(row.fault)) for row in sheet.rows()] == [(2, True), (3, True), (4, False), (5, False)]
    assert next(sheet.rows()).fault == "The row has 1 cells, and the names of the columns are 2."


def test_a_quote_without_end_costs_the_rows_in_it_and_says_which(tmp_path: Path) -> None:
    """It is told from where to where, and what comes after is read."""
    sheet = written(tmp_path, 'name,phone\n"Asha,1\nRavi,2\n"Mina",3\nUma,4\n')
    fault, row = sheet.rows()
    assert (fault.line, "goes on to line 4" in fault.fault) == (2, True)
    assert row == Row(5, ["Uma", "4"])


def test_a_nul_character_refuses_its_row(tmp_path: Path) -> None:
    """No store takes it, and what was written there is lost."""
    sheet = written(tmp_path, "name,phone\nAs\0ha,1\nRavi,2\n")
    assert [bool(row.fault) for row in sheet.rows()] == [True, False]


def test_the_separator_is_what_the_rows_agree_on(tmp_path: Path) -> None:
    """A comma in a name does not make columns; and a file may say it, as Excel does."""
    assert written(tmp_path, "name, first\tphone\nRao, Asha\t1\nSingh\t2\n").columns == ("name, first", "phone")
    assert written(tmp_path, "a;b,c;d\n1;2;3\n").columns == ("a", "b,c", "d")
    sheet = written(tmp_path, "sep=;\r\nphone;a,b\r\n1;2\r\n")
    assert (sheet.columns, [row.line for row in sheet.rows()]) == (("phone", "a,b"), [3])


def test_a_file_of_one_column_is_a_file(tmp_path: Path) -> None:
    """A list of numbers needs nothing else."""
    sheet = written(tmp_path, "phone\n1\n2\n")
    assert (sheet.columns, cells(sheet)) == (("phone",), [["1"], ["2"]])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\x00", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"", "empty"),
        (b"\n \n\n", "empty"),
        (b"a\0,b\n1,2\n", "NUL"),
        (b"\xff\xfea\x00,\x00\x00", "no encoding"),
        (b"name\n\x81\xff\x8d\n", "no encoding"),
    ],
)
def test_what_is_no_csv_is_refused_in_plain_words(tmp_path: Path, content: bytes, said: str) -> None:
    """Before anything is taken from it, with what to do."""
    with pytest.raises(SheetError, match=said):
        written(tmp_path, content)


def test_a_large_file_needs_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    """Rows are read as they are wanted."""
    sheet = written(tmp_path, b"name,note\n" + (b"Asha," + b"x" * 995 + b"\n") * 20_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in sheet.rows()) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_columns_of_one_name_are_a_list_as_in_a_form() -> None:
    """Blank ones say nothing, and a column without a name is no field."""
    assert fields_of(["phone", "phone", "", "city"], ["1", "2", "x", ""]) == {"phone": ["1", "2"], "city": ""}
    assert fields_of(["phone", "phone"], ["", "2"]) == {"phone": "2"}
