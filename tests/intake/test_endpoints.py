from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.errors import StoreError
from ingest.inbox import Inbox
from tests.web.house import BEARER, FORM, ZAPIER, House, site_of, stored

BROKEN = "channel: zapier\nauth: {tokn: ZAPIER_TOKEN}\nrequest: {campaignName: x, destination: x, userName: x}\n"


def post(client: FlaskClient, path: str = "/in/zapier") -> Any:
    return client.post(path, json={"at": time.monotonic()}, headers=BEARER)


def until_seen(client: FlaskClient, version: str | None) -> None:
    """Wait until the catalogue has another version of the mapping."""
    end = time.monotonic() + 10
    while site_of(client.application).catalog.current().mappings["zapier"].version == version:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_mapping_that_breaks_while_we_run_takes_leads_as_before(house: House) -> None:
    """By its last good version; what can't be translated is held, not lost."""
    client = house.client({"zapier": ZAPIER})
    before = site_of(client.application).catalog.current().mappings["zapier"].version
    house.write("zapier", BROKEN)
    until_seen(client, before)
    assert post(client).status_code == 200
    assert client.get("/readyz").get_json()["mappings"]["broken"] == ["zapier"]


def test_a_mapping_that_is_broken_at_the_start_takes_leads_as_when_it_was_good(house: House) -> None:
    """A restart must not lose what ran; the store remembers."""
    house.client({"zapier": ZAPIER})
    again = house.client({"zapier": BROKEN})
    assert post(again).status_code == 200
    assert again.post("/in/zapier", json={"a": 1}).status_code == 401


def test_a_mapping_that_never_was_good_answers_503(house: House) -> None:
    """The sender tries again; nothing is stored; others are none the worse."""
    client = house.client({"zapier": BROKEN, "website": FORM})
    answer = post(client)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "mapping_broken")
    assert int(answer.headers["Retry-After"]) > 0
    assert stored(client.application) == []
    assert post(client, "/in/website").status_code == 200


def test_an_intake_that_only_another_version_understood_breaks_nothing_else(house: House) -> None:
    """After an upgrade the program starts; that endpoint never was good, and all others take leads."""
    kept = {"channel": "zapier", "auth": {"tokn": "ZAPIER_TOKEN"}}
    site_of(house.open({"zapier": ZAPIER})).inbox.keep_intake("zapier", "v1", kept)
    client = house.client({"zapier": BROKEN, "website": FORM})
    assert (post(client).status_code, post(client, "/in/website").status_code) == (503, 200)


def test_a_mapping_whose_translation_alone_is_broken_takes_leads(house: House) -> None:
    """They are stored, held, and go out when it is mended."""
    client = house.client({"zapier": ZAPIER.replace("{{ lead.name }}", "{{ lead.name | nonsense }}")})
    assert post(client).status_code == 200


def test_a_new_mapping_is_an_endpoint_at_once(house: House) -> None:
    """Nobody restarts anything."""
    client = house.client({"website": FORM})
    assert post(client).status_code == 404
    house.write("zapier", ZAPIER)
    end = time.monotonic() + 10
    while post(client).status_code == 404:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert post(client).status_code == 200


def test_a_store_that_is_away_at_the_start_takes_no_intake_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The good mappings serve; what could not be kept is kept later."""

    def away(*_: Any) -> None:
        raise StoreError("away")

    with monkeypatch.context() as patched:
        patched.setattr(Inbox, "last_good_intake", away)
        client = house.client({"zapier": ZAPIER})
    assert post(client).status_code == 200


def test_a_start_without_the_folder_of_mappings_sends_nobody_away_for_good(house: House) -> None:
    """Senders are told to try again, until the folder is there."""
    client = house.client({})
    answer = post(client, "/in/website")
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert client.get("/readyz").status_code == 200
    house.write("website", FORM)
    end = time.monotonic() + 10
    while post(client, "/in/website").status_code == 503:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert post(client).status_code == 404
