from __future__ import annotations

import pytest

from tests.web.house import House, site_of

TOKEN = {"Authorization": "Bearer out-token"}


@pytest.mark.parametrize("how", [{"json": {"phone": "+91 98765 43210"}}, {"data": {"phone": "098765 43210"}}])
def test_a_program_opts_people_out(house: House, how: dict[str, object]) -> None:
    """As JSON or as a form, however the number is written; twice does no harm."""
    app = house.open({}, secrets={"INGEST_OPTOUT_TOKEN": "out-token"})
    for _ in range(2):
        answer = app.test_client().post("/optout", headers=TOKEN, **how)  # type: ignore[arg-type] # either key
        assert (answer.status_code, answer.get_json()) == (200, {"status": "opted_out"})
    assert not site_of(app).inbox.opt_out("+919876543210")


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, {"phone": "9876543210"}, 401, "missing_token"),
        ({"X-Api-Key": "other"}, {"phone": "9876543210"}, 401, "wrong_token"),
        (TOKEN, {}, 400, "missing_phone"),
        (TOKEN, {"phone": "12"}, 400, "invalid_phone"),
        (TOKEN, {"phone": {"a": 1}}, 400, "invalid_phone"),
        (TOKEN, [1], 400, "missing_phone"),
    ],
)
def test_what_cannot_be_understood_is_refused(
    *, house: House, headers: dict[str, str], body: object, status: int, code: str
) -> None:
    """With the reason in words, and nothing is kept."""
    client = house.client({}, secrets={"INGEST_OPTOUT_TOKEN": "out-token"})
    answer = client.post("/optout", json=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_without_a_token_nobody_opts_people_out(house: House) -> None:
    """Closed by default."""
    answer = house.client({}, secrets={}).post("/optout", json={"phone": "9876543210"}, headers=TOKEN)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "no_token_configured")
