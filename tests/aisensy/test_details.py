from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.aisensy import details
from ingest.aisensy.client import Client
from ingest.aisensy.details import Details, Said, read
from ingest.sandbox import Sandbox

from .scripted import answer, hang, raw, reset, scripted

KEY = "secret/key"
SAMPLE = "https://whatsapp-media-library.s3.ap-south-1.amazonaws.com/{}/6353da2e153a147b991dd812/4958901_{}"


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(timeout=1)
    yield client
    client.close()


def said(status: int, body: Any) -> Said:
    return read(status, {}, body.encode() if isinstance(body, str) else json.dumps(body).encode()).said


def told(wanted: Any) -> Details:
    """What a requestBody tells."""
    return read(200, {}, json.dumps({"success": True, "requestBody": wanted}).encode())


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://backend.aisensy.com/campaign/t1/api", "https://backend.aisensy.com/campaign/t1/api/campaign-details"),
        ("https://a.example/campaign/t1/api/v2", "https://a.example/campaign/t1/api/campaign-details"),
        ("https://a.example/campaign/t1/api/v2/?x=1", "https://a.example/campaign/t1/api/campaign-details"),
        ("http://[::1]:8001/api/", "http://[::1]:8001/api/campaign-details"),
    ],
)
def test_campaigns_are_asked_for_beneath_the_accounts_url(url: str, asked: str) -> None:
    """Also where requests go to `…/v2`, which has nothing beneath it."""
    assert details.address(url) == asked


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "requestBody": {"templateParams": ["a", "b"], "media": {"url": "", "filename": ""}}},
        {"success": "true", "data": {"requestBody": {"templateParams": ["a", "b"], "media": {"url": ""}}}},
        {"success": "True", "campaign": {"requestBody": {"templateParams": 2, "media": True}}},
        {"requestBody": {"templateParams": [None, 1], "media": "https://a.example/x"}},
        {"requestBody": None, "data": [], "campaign": {"requestBody": {"templateParams": ["", ""], "media": {"a": 1}}}},
    ],
)
def test_the_answer_is_read_wherever_its_parts_stand(body: Any) -> None:
    assert read(200, {}, json.dumps(body).encode()) == Details(Said.TOLD, params=2, media=True)


@pytest.mark.parametrize(
    "wanted",
    [None, {}, {"templateParams": None}, {"templateParams": "two", "media": {}}, {"templateParams": True}, [], "x", 5],
)
def test_what_is_not_told_is_not_known(wanted: Any) -> None:
    """A key that is missing, or not understood, says nothing: neither none nor any."""
    assert told(wanted) == Details(Said.TOLD)


def test_none_is_told_too() -> None:
    assert told({"templateParams": [], "media": None}) == Details(Said.TOLD, params=0, media=False)
    assert told({"templateParams": [], "media": False}).media is False


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ({"url": SAMPLE.format("IMAGE", "test.jpg"), "filename": "sample_media"}, "image"),
        ({"url": SAMPLE.format("VIDEO", "test"), "filename": "sample_media"}, "video"),
        ({"url": SAMPLE.format("FILE", "dummy.pdf"), "filename": "sample_media"}, "document"),
        ({"url": "https://a.example/x.PDF?y=.png"}, "document"),
        ({"url": "https://a.example/image"}, None),
        ({"url": "http://[", "filename": "a"}, None),
        ({"type": "VIDEO", "url": "https://a.example/x.png"}, "video"),
        ("image", "image"),
        ("https://a.example/x.mp4", "video"),
        (True, None),
        ([1], None),
    ],
)
def test_the_kind_of_media_is_told_by_its_sample(media: Any, kind: str | None) -> None:
    """AiSensy's samples stand in folders of their kind; others may be told by their names."""
    found = told({"media": media})
    assert (found.media, found.kind) == (True, kind)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"message": "Campaign does not exist."}, Said.UNKNOWN),
        (404, {"message": "Campaign not found"}, Said.UNKNOWN),
        (200, {"success": False, "errorMessage": "Campaign does not exist."}, Said.UNKNOWN),
        (400, {"message": "Campaign is not Live."}, Said.UNKNOWN),
        (401, {"message": "Unauthorized"}, Said.REFUSED),
        (403, "<html>Forbidden</html>", Said.REFUSED),
        (402, {"message": "Insufficient WhatsApp Conversation Credits (WCC)!"}, Said.REFUSED),
        (400, {"message": "No Plan active on assistant!"}, Said.REFUSED),
        (404, {"message": "Invalid API key"}, Said.REFUSED),
        (302, "", Said.REFUSED),
        (404, "", Said.NO_ENDPOINT),
        (404, "Not Found", Said.NO_ENDPOINT),
        (404, {"statusCode": 404, "message": "Cannot POST /campaign/t1/api/campaign-details"}, Said.NO_ENDPOINT),
        (405, {}, Said.NO_ENDPOINT),
        (410, "[]", Said.NO_ENDPOINT),
        (501, "", Said.NO_ENDPOINT),
        (200, " <!doctype html><p>Welcome", Said.NO_ENDPOINT),
        (400, "<html>", Said.NO_ENDPOINT),
        (502, "<html>Bad gateway</html>", Said.UNASKED),
        (500, {"message": "oops"}, Said.UNASKED),
        (429, {"message": "slow down"}, Said.UNASKED),
        (200, "", Said.UNASKED),
        (200, "[" * 100_000, Said.UNASKED),
        (200, '{"success": true, "requestBody": {"templ', Said.UNASKED),
        (200, {"success": False}, Said.UNASKED),
        (400, {"message": "something else"}, Said.UNASKED),
        (200, {}, Said.TOLD),
    ],
)
def test_what_an_answer_means(status: int, body: Any, expected: Said) -> None:
    """As with messages: an account, a campaign, nobody to ask, or nothing that tells anything."""
    assert said(status, body) is expected


def test_the_key_is_in_the_body_and_in_nothing_that_is_told(client: Client) -> None:
    """Keys are taken out of what AiSensy says, and other fields of a request are not sent."""
    with scripted(answer(400, {"message": f"bad {KEY} and secret\\/key"})) as server:
        found = client.details(server.url, KEY, "wélcome")
    assert server.documents == [{"apiKey": KEY, "campaignName": "wélcome"}]
    assert server.heads[0].startswith(b"POST /campaign/t1/api/campaign-details HTTP/1.1")
    assert (found.said, found.message) == (Said.UNASKED, "HTTP 400: bad *** and ***")


def test_whoever_does_not_answer_was_not_asked(client: Client) -> None:
    with scripted(hang, reset(after_reading=True), raw(b"no HTTP")) as server:
        found = [client.details(server.url, KEY, "c") for _ in range(3)]
    assert {each.said for each in found} == {Said.UNASKED}
    assert found[0].message == "AiSensy was not reached: no answer in time."
    assert client.details(server.url, KEY, "c").message == "AiSensy was not reached: it refused the connection."
    assert client.details("http://", KEY, "c").said is Said.REFUSED


def test_redirects_are_not_followed(client: Client) -> None:
    """A key never goes where an answer leads."""
    with scripted() as other, scripted(answer(307, Location=other.url)) as server:
        assert client.details(server.url, KEY, "c").said is Said.REFUSED
        assert other.connections == 0


@pytest.mark.parametrize("kind", ["image", "video", "document"])
def test_the_sandbox_tells_what_a_campaign_wants(client: Client, kind: str) -> None:
    with Sandbox() as box:
        box.campaigns({"welcome": {"params": 2, "media": kind}, "plain": {"params": 0}})
        assert client.details(box.aisensy_url, "sandbox-default", "welcome") == Details(Said.TOLD, "", 2, True, kind)
        assert client.details(f"{box.aisensy_url}/v2", "sandbox-default", "plain") == Details(Said.TOLD, params=0)
        assert client.details(box.aisensy_url, "other", "plain").said is Said.REFUSED
        assert client.details(box.aisensy_url, "sandbox-default", "other").said is Said.UNKNOWN
