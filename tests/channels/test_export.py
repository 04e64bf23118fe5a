"""Facebook's own exports, beside what its Graph API gives for the same leads."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.channels.facebook import Facebook
from ingest.channels.graph import export
from ingest.channels.payload import loads
from ingest.errors import Refusal
from ingest.models import Lead

COLUMNS = (
    "id created_time ad_id ad_name adset_id adset_name campaign_id campaign_name form_id form_name is_organic platform"
    " what_is_your_budget? full_name phone_number zip_code email inbox_url lead_status"
).split()
CELLS = [
    *("l:1054074580944020", "2026-08-31T11:18:23+05:30", "ag:120256484322050715", "Ad", "as:12", "Set", "c:13", "Camp"),
    *("f:447333180259108", "Diwali", "false", "ig", "1_lakh", "Asha Rao", "p:+919876543210", "z:411001"),
    *("asha@acme.example", "https://business.facebook.com/latest/inbox/1", "CREATED"),
]
DOCUMENT: dict[str, Any] = {
    "id": "1054074580944020",
    "created_time": "2026-08-31T05:48:23+0000",
    "ad_id": "120256484322050715",
    "ad_name": "Ad",
    "adset_id": "12",
    "adset_name": "Set",
    "campaign_id": "13",
    "campaign_name": "Camp",
    "form_id": "447333180259108",
    "form_name": "Diwali",  # looked up, and kept with the lead
    "is_organic": False,
    "platform": "ig",
    "field_data": [
        {"name": "what_is_your_budget?", "values": ["1_lakh"]},
        {"name": "full_name", "values": ["Asha Rao"]},
        {"name": "phone_number", "values": ["+919876543210"]},
        {"name": "zip_code", "values": ["411001"]},
        {"name": "email", "values": ["asha@acme.example"]},
    ],
}


def lead(**changes: str) -> Lead:
    """The lead of a row, with other cells in some columns."""
    notice = export.notice(COLUMNS, [changes.get(name, cell) for name, cell in zip(COLUMNS, CELLS, strict=True)])
    return Facebook().lead(loads(notice.raw), loads(notice.fetched or b""))


def test_a_row_has_the_fields_that_its_lead_has_by_webhook() -> None:
    """To the letter, so that a mapping needs not know how the lead came."""
    posted = {"leadgen_id": "1054074580944020", "form_id": "447333180259108", "created_time": 1788155303}
    by_webhook = Facebook().lead(posted, DOCUMENT)
    assert dict(lead().fields) == dict(by_webhook.fields)
    assert lead().created_at == by_webhook.created_at


def test_a_row_is_known_by_its_leadgen_id_and_its_form() -> None:
    """Without the letters that Facebook writes before them."""
    notice = export.notice(COLUMNS, CELLS)
    assert (notice.external_id, notice.form_id) == ("1054074580944020", "447333180259108")
    assert notice.payload["leadgen_id"] == "1054074580944020"


def test_a_test_lead_is_one_in_an_export_too() -> None:
    """Its dummy data have a phone's letter before them."""
    made = lead(phone_number="p:<test lead: dummy data for phone_number>", email="")
    assert made.is_test
    assert lead(email="test@meta.com").is_test
    assert not lead().is_test


def test_an_id_that_the_exporter_may_not_see_is_left_out() -> None:
    """Facebook writes a sentence into the column instead; the lead is none the worse."""
    assert "ad_id" not in lead(ad_id="ag:c:You don't have enough permission.").fields


def test_blank_answers_are_absent_and_what_facebook_adds_is_no_answer() -> None:
    """As it is by webhook."""
    assert not {"email", "lead_status", "inbox_url"} & set(lead(email="").fields)


@pytest.mark.parametrize("organic", ["true", "1", "TRUE"])
def test_organic_is_told_in_one_way(organic: str) -> None:
    """Exports have had 1 and 0, and true and false."""
    assert lead(is_organic=organic).fields["is_organic"] == "true"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "id"),
        ({"id": "1.05407E+15"}, "id"),
        ({"created_time": ""}, "created_time"),
        ({"created_time": "31/08/2026 11:18"}, "created_time"),
    ],
)
def test_a_row_that_a_spreadsheet_has_spoilt_is_refused(changes: dict[str, str], said: str) -> None:
    """Nobody could tell whether it came before, or how old it is; and what it says is not told."""
    with pytest.raises(Refusal, match=f"^{said} is no") as refused:
        lead(**changes)
    assert "Asha" not in refused.value.message


def test_an_export_is_known_by_its_columns() -> None:
    """However they are spelt, and whatever is asked in the form; a list of one's own is none."""
    assert export.is_export(COLUMNS)
    assert export.is_export(["ID", "Created Time", "Form ID", "Platform", "phone"])
    assert not export.is_export(["id", "name", "phone", "created_time"])


def test_its_cells_are_plain_for_other_mappings() -> None:
    """The letters before ids and phones are Facebook's, and no mapping wants them."""
    assert export.plain(["id", "phone_number", "note"], ["l:12", "p:+9198", "p: see below"]) == [
        "12",
        "+9198",
        "p: see below",
    ]
