from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ingest.channels import KINDS
from ingest.errors import Hold
from ingest.mapping import loader
from ingest.mapping.records import Mapping
from ingest.mapping.render import translate
from ingest.models import Lead
from tests.mapping.helpers import META, load_text

MAPPING = """channel: form
tables:
  regions: {Pune: West, "Delhi ": North, Goa: ""}
  products: products.csv
  people:
    asha: {name: Asha Rao, "Phone No": "1"}
    ravi: {name: Ravi}
request:
  campaignName: c
  destination: "+919876543210"
  userName: u
  attributes:
    x: "{{ %s }}"
"""
CSV = 'product,Name,Image URL\nsolar,Solar roof,https://a.example/s.jpg\nPump,"Pump, 5 HP",\n'


def load(folder: Path, expression: str = "lead.x", csv: str | bytes | None = CSV, text: str = MAPPING) -> Mapping:
    """The mapping with an expression in it, and its file."""
    (folder / "site.yaml").write_text(text.replace("%s", expression), encoding="utf-8")
    if csv is not None:
        (folder / "products.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
    return loader.load_file(folder / "site.yaml", KINDS, folder)


def gives(folder: Path, expression: str, x: Any, csv: str | bytes = CSV) -> str | None:
    """What an expression gives for a lead whose field `x` is known."""
    mapping = load(folder, expression, csv)
    assert mapping.translation, mapping.findings
    (found,) = translate(mapping.translation, Lead({"x": x}, {}), META)
    if found.problem:
        raise found.problem
    return (found.request or {}).get("attributes", {}).get("x")


@pytest.mark.parametrize(
    ("expression", "x", "expected"),
    [
        ("lead.x | lookup(regions)", "PUNE ", "West"),
        ("lead.x | lookup(regions)", "ｄｅｌｈｉ", "North"),
        ("lead.x | lookup(regions)", "Agra", None),
        ("lead.x | lookup(regions, 'Else')", "Agra", "Else"),
        ("lead.x | lookup(regions, 'Else')", "Goa", "Else"),
        ("lead.x | lookup('regions')", "Pune", "West"),
        ("regions[lead.x]", "pune", "West"),
        ("'y' if lead.x in regions else 'n'", "pune", "y"),
        ("'y' if lead.x in regions else 'n'", "agra", "n"),
        ("lead.x | map('lookup', regions) | joined", ["Pune", "Delhi"], "West, North"),
        ("lead.x | map('lookup', 'regions') | joined", ["Pune", "Delhi"], "West, North"),
        ("(lead.x | lookup(products)).name", "SOLAR", "Solar roof"),
        ("(lead.x | lookup(products)).image_url", "solar", "https://a.example/s.jpg"),
        ("(lead.x | lookup(products))['Image URL']", "solar", "https://a.example/s.jpg"),
        ("(lead.x | lookup(products)).image_url", "pump", None),
        ("(lead.x | lookup(products)).image_url | default('none')", "pump", "none"),
        ("(lead.x | lookup(products)).name | default('none')", "wind", "none"),
        ("lead.x | lookup(products, column='name')", "pump", "Pump, 5 HP"),
        ("lead.x | lookup(products, 'none', 'Image URL')", "pump", "none"),
        ("lead.x | lookup('products.csv', column='imageUrl')", "solar", "https://a.example/s.jpg"),
        ("(lead.x | lookup(people)).phone_no", "Asha", "1"),
        ("lead.x | lookup(people, 'none', 'Phone No')", "ravi", "none"),
    ],
)
def test_tables_are_looked_up(tmp_path: Path, expression: str, x: Any, expected: str | None) -> None:
    """Tables that are written out and CSV files, by name or by text, as texts or as rows."""
    assert gives(tmp_path, expression, x) == expected


@pytest.mark.parametrize(
    "csv",
    [
        "a,b\nPune,West\n",
        "a;b\nPune;West\n",
        "a\tb\r\nPune\tWest",
        "\ufeffa,b\nPune,West\n",
        'a,b\n"Pune","West"\n',
        "a,b\rPune,West\r",
        "\n\na,b,,\n,,\nPune,West,,,\n\n",
        "a, b\n Pune , West \n",
        'a;"b,c,d"\nPune;West\n',
        'a,b\n"New\nYork",East\nPune,West\n',
    ],
)
def test_files_are_read_as_spreadsheets_write_them(tmp_path: Path, csv: str) -> None:
    """With two columns the value is a text, whatever parts the cells and ends the lines."""
    assert gives(tmp_path, "lead.x | lookup(products)", "pune", csv) == "West"


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        (b"", [("bad_table", 1)]),
        (b"\n \n", [("bad_table", 1)]),
        (b"a,b\n", [("bad_table", 1)]),
        (b"a\nx\n", [("bad_table", 1)]),
        (b"a|b\nx|y\n", [("bad_table", 1)]),
        (b"a,,c\nx,y,z\n", [("bad_table", 1)]),
        (b"a,B c,b_c\nx,y,z\n", [("bad_table", 1)]),
        (b"a,b\nx,y\n X,z\n", [("bad_table", 3)]),
        (b"a,b,c\nx,y,z\nx2,y\nx3,y,z,q\n", [("bad_table", 3), ("bad_table", 4)]),
        (b"a,b\n,y\n", [("bad_table", 2)]),
        (b'a,b\nx,"y\nz\n', [("bad_table", 2)]),
        (b'a,b\nx,"y"z\n', [("bad_table", 2)]),
        (b'a,b\n"l\nl",y\nx,y\nx,z\n', [("bad_table", 5)]),
        (b"a,b\nx,y\nz\0,y\n", [("bad_table", 3)]),
        (b"a,b\nx,y\nz\xe9,y\n", [("bad_table", 3)]),
        ("a,b\nx,y\n".encode("utf-16"), [("bad_table", 1)]),
        (b"a,b\n" + b"x" * 1_000_000, [("file_too_big", 1)]),
        (b"a,b\n" + b"".join(b"%d,1\n" % n for n in range(50_001)), [("bad_table", 50_002)]),
        (b"a,b\n" + b"x,1\n" * 100, [("bad_table", line) for line in range(3, 23)]),
    ],
)
def test_faults_of_a_file_are_told_at_their_row(tmp_path: Path, csv: bytes, expected: list[tuple[str, int]]) -> None:
    """The file and the line are named, and leads wait until it is mended."""
    mapping = load(tmp_path, csv=csv)
    assert [(each.code, each.place.line) for each in mapping.findings] == expected
    assert {each.place.file for each in mapping.findings} == {str(tmp_path / "products.csv")}
    assert mapping.translation is None
    assert mapping.intake is not None


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (("products.csv", "product.csv"), "unknown_table", (4, 13)),
        (("products.csv", "../products.csv"), "bad_value", (4, 13)),
        (("products.csv", "/etc/products.csv"), "bad_value", (4, 13)),
        (("products.csv", "a/../products.csv"), "bad_value", (4, 13)),
        (("products.csv", "products.txt"), "bad_value", (4, 13)),
        (("products.csv", "[a]"), "wrong_type", (4, 13)),
        (("products.csv", "{}"), "bad_table", (4, 13)),
        (("Pune: West", "Pune: 5"), "wrong_type", (3, 19)),
        (("Pune: West", "Pune: '{{ lead.x }}'"), "bad_value", (3, 19)),
        (("Pune: West", "delhi: West"), "bad_table", (3, 26)),
        (("Pune: West", "Pune: {a: b}"), "bad_table", (3, 12)),
        (("  regions:", "  lead:"), "bad_value", (3, 3)),
        (("request:", "let: {regions: a}\nrequest:"), "bad_value", (3, 3)),
        (("%s", "lead.x | lookup(region)"), "unknown_name", (13, 9)),
        (("%s", "lead.x | lookup('region')"), "unknown_table", (13, 9)),
        (("%s", "lead.x | lookup('product.csv')"), "unknown_table", (13, 9)),
        (("%s", "lead.x | lookup('../products.csv')"), "unknown_table", (13, 9)),
        (("%s", "lead.x | lookup(products, column='image')"), "bad_arguments", (13, 9)),
        (("%s", "lead.x | lookup('regions', column='image')"), "bad_arguments", (13, 9)),
    ],
)
def test_faults_of_tables_are_told_at_their_place(
    tmp_path: Path, change: tuple[str, str], code: str, place: tuple[int, int]
) -> None:
    """Names that lead nowhere, or out of the folder, and values that no table has."""
    assert change[0] in MAPPING
    (found,) = load(tmp_path, text=MAPPING.replace(*change)).findings
    assert (found.code, (found.place.line, found.place.column)) == (code, place)


def test_a_near_miss_is_named(tmp_path: Path) -> None:
    """Of a table, a file and a column."""
    for expression, hint in (
        ("lead.x | lookup('region')", "did you mean `regions`?"),
        ("lead.x | lookup('product.csv')", "did you mean `products.csv`?"),
        ("lead.x | lookup(products, column='nam')", "did you mean `name`?"),
    ):
        assert [each.hint for each in load(tmp_path, expression).findings] == [hint]


def test_an_event_id_has_no_tables() -> None:
    """The intake does not wait for a table."""
    text = "channel: form\nevent_id: \"{{ payload.id | lookup('a') }}\"\nrequest: {campaignName: c}\n"
    assert "unknown_table" in [each.code for each in load_text(text).findings]


def test_a_changed_file_is_a_new_version(tmp_path: Path) -> None:
    """So that leads which were held for what it lacked are tried again."""
    versions = {load(tmp_path, csv=csv).version for csv in (CSV, CSV + "wind,Wind,\n", CSV + "wind,Wind,x,y\n")}
    assert len(versions) == 3
    assert load(tmp_path, csv=CSV).version in versions
    named = (
        "channel: form\nrequest: {campaignName: c, destination: d, userName: \"{{ lead.x | lookup('products.csv') }}\"}"
    )
    assert len({load(tmp_path, csv=csv, text=named).version for csv in (CSV, CSV + "wind,Wind,\n")}) == 2


def test_a_file_that_is_missing_makes_a_finding_until_it_comes(tmp_path: Path) -> None:
    """No restart, and no change of the mapping."""
    assert [each.code for each in load(tmp_path, csv=None).findings] == ["unknown_table"]
    assert load(tmp_path).findings == []


def test_tables_of_a_base_are_merged_by_name_and_lie_beside_it(tmp_path: Path) -> None:
    """What a base names is found from where the base stands."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "_base.yaml").write_text(MAPPING.replace("%s", "lead.x | lookup('products.csv', column='name')"))
    (tmp_path / "products.csv").write_text(CSV)
    (tmp_path / "acme" / "products.csv").write_text("product,name\nsolar,Ours\n")
    own = """extends: ../_base.yaml
tables: {regions: {Pune: Own}, people: null, ours: products.csv}
request: {attributes: {y: "{{ lead.x | lookup('products.csv') }} {{ 'Pune' | lookup(regions) }}"}}
"""
    (tmp_path / "acme" / "site.yaml").write_text(own)
    mapping = loader.load_file(tmp_path / "acme" / "site.yaml", KINDS, tmp_path)
    assert mapping.translation, mapping.findings
    (found,) = translate(mapping.translation, Lead({"x": "solar"}, {}), META)
    assert (found.request or {})["attributes"] == {"x": "Solar roof", "y": "Ours Own"}
    assert set(mapping.translation.tables) >= {"regions", "ours", "products"}
    assert "people" not in mapping.translation.tables


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Mappings read nothing but what lies in their folder."""
    inside = tmp_path / "mappings"
    inside.mkdir()
    (tmp_path / "secret.csv").write_text("a,b\nx,s3cret\n")
    (inside / "products.csv").symlink_to(tmp_path / "secret.csv")
    (found,) = load(inside, csv=None).findings
    assert found.code == "bad_value"
    assert "s3cret" not in str(found)


def test_a_row_is_no_text(tmp_path: Path) -> None:
    """A row that is written out holds the lead, and the message has nothing of it."""
    with pytest.raises(Hold, match="name one of its fields"):
        gives(tmp_path, "lead.x | lookup(products)", "solar")
    with pytest.raises(Hold, match="no such column") as caught:
        gives(tmp_path, "lead.x | lookup(products, column=lead.x)", "solar")
    assert "solar" not in caught.value.message


def test_a_big_table_costs_a_lead_no_more_than_a_small_one(tmp_path: Path) -> None:
    """A value is found at once among fifty thousand."""
    rows = "".join(f"key {n},value {n}\n" for n in range(40_000))
    mapping = load(tmp_path, "lead.x | lookup(products)", "a,b\n" + rows)
    assert mapping.translation
    began = time.process_time()
    for number in range(1000):
        (found,) = translate(mapping.translation, Lead({"x": f"KEY {number}"}, {}), META)
        assert (found.request or {})["attributes"] == {"x": f"value {number}"}
    assert time.process_time() - began < 1
