from __future__ import annotations

from typing import Any

import pytest

from ingest.sandbox import Sandbox

from .conftest import REQUEST, Caller

MEDIA = {"url": "https://acme.example/a.jpg", "filename": "a.jpg"}


def test_success(box: Sandbox, caller: Caller) -> None:
    """A good request is answered as AiSensy answers it, and recorded as it came, without its key."""
    answer = caller.send({"templateParams": ["Asha"], "media": MEDIA})
    assert (answer.status_code, answer.json()["success"]) == (200, "true")
    assert len(answer.json()["submitted_message_id"]) == 36
    [record] = box.requests()
    assert list(record["body"].items()) == [
        ("apiKey", "***"),
        *((name, value) for name, value in REQUEST.items() if name != "apiKey"),
        ("templateParams", ["Asha"]),
        ("media", MEDIA),
    ]
    assert (record["taken"], record["account"], record["answer"]) == (True, "acme", answer.json())
    assert "sandbox-acme" not in str(box.requests())


def test_second_path(caller: Caller) -> None:
    """The path that AiSensy's own n8n node uses does the same."""
    assert caller.send(path="/v2").json()["success"] == "true"


@pytest.mark.parametrize(
    ("part", "status", "message"),
    [
        ({"apiKey": "other"}, 401, "Unauthorized: unknown apiKey"),
        ({"apiKey": "sandbox-"}, 401, "Unauthorized: unknown apiKey"),
        ({"apiKey": 5}, 401, "Unauthorized: unknown apiKey"),
        ({"apiKey": None}, 401, "Unauthorized: unknown apiKey"),
        ({"destination": "9876543210"}, 400, "Invalid Number"),
        ({"userName": " "}, 400, "userName: Must not be blank."),
        ({"templateParams": [None]}, 400, "templateParams[0]: Field may not be null."),
        ({"template": "x"}, 400, "template: Unknown field."),
        ({"media": {"url": MEDIA["url"]}}, 400, "media.filename: Missing data for required field."),
        *(
            ({"media": {"url": f"http://{host}/a", "filename": "a"}}, 400, "Media URL is not publicly accessible")
            for host in (
                *("127.0.0.1", "localhost", "10.0.0.1", "[::1]", "192.168.0.1:80", "printer", "a.local", "127.1"),
                *("2130706433", "[:::1]", "a℀b.example"),
            )
        ),
    ],
)
def test_refusals(box: Sandbox, caller: Caller, part: dict[str, Any], status: int, message: str) -> None:
    """What AiSensy would refuse is refused, and no message is counted."""
    answer = caller.send(part)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert (len(box.requests()), box.taken()) == (1, [])


@pytest.mark.parametrize("body", [b"", b"[]", b'{"apiKey": "sandbox-acme"', b"[" * 100_000, b"\xff", b'"\\ud800"'])
def test_bodies_that_are_no_request(box: Sandbox, caller: Caller, body: bytes) -> None:
    """Any body is answered, recorded and can be shown; the key is in none of it."""
    assert caller.call("POST", "/campaign/t1/api", data=body).status_code == 400
    assert caller.call("GET", "/control/requests").json()["total"] == 1
    assert caller.call("GET", "/").status_code == 200
    assert "sandbox-acme" not in str(box.requests())


def test_campaigns(box: Sandbox, caller: Caller) -> None:
    """Once campaigns are told, only they exist, with their parameters and media."""
    assert caller.send({"campaignName": "any", "templateParams": ["a", "b"]}).status_code == 200
    box.campaigns({"welcome_lead": {"params": 1}, "poster": {"media": "image"}, "old": {"live": False}})

    def told(**part: Any) -> str:
        return str(caller.send(part).json().get("message", "sent"))

    assert told(campaignName="any") == "Campaign does not exist."
    assert told(campaignName="old") == "Campaign is not Live."
    assert told() == "Template params does not match the campaign"
    assert told(templateParams=["a", "b"]) == "Template params does not match the campaign"
    assert told(templateParams=["a"]) == "sent"
    assert told(campaignName="poster") == "Media URL Missing"
    assert told(campaignName="poster", media=MEDIA) == "sent"
    assert caller.call("POST", "/control/campaigns", {"campaigns": None}).status_code == 200
    assert told(campaignName="any") == "sent"


def test_unknown_tags_and_attributes(box: Sandbox, caller: Caller) -> None:
    """Unknown tags and attributes are ignored, as AiSensy does, but the record tells which; the contact lacks them."""
    caller.call("POST", "/control/tags", {"tags": ["facebook"], "attributes": ["city"]})
    part = {"tags": ["facebook", "fb"], "attributes": {"city": "Pune", "town": "Pune"}, "source": "Facebook"}
    assert caller.send(part).status_code == 200
    assert box.requests()[-1]["ignored"] == {"tags": ["fb"], "attributes": ["town"]}
    caller.send({"userName": "Asha", "attributes": {"city": "Delhi"}})
    [contact] = caller.call("GET", "/control/contacts").json()["contacts"]
    assert contact["tags"] == ["facebook"]
    assert contact["attributes"] == {"city": "Delhi"}
    assert (contact["userName"], contact["source"], contact["account"]) == ("Asha", "Facebook", "acme")


def test_keys(caller: Caller) -> None:
    """Other keys are known once they were told."""
    caller.call("POST", "/control/keys", {"keys": {"real-looking": "shop"}})
    assert caller.send({"apiKey": "real-looking"}).status_code == 200
    assert caller.box.taken()[0]["account"] == "shop"


def test_campaign_details(box: Sandbox, caller: Caller) -> None:
    """The check that sends nothing tells parameters and media of a campaign that was told."""
    box.campaigns({"welcome_lead": {"params": 2, "media": "image"}})
    path = "/campaign-details"
    told = caller.call("POST", "/campaign/t1/api" + path, REQUEST).json()
    assert told["success"] is True
    assert len(told["requestBody"]["templateParams"]) == 2
    assert "media" in told["requestBody"]
    assert caller.send({"campaignName": "any"}, path).json()["message"] == "Campaign does not exist."
    assert caller.send({"apiKey": "x"}, path).status_code == 401
    assert box.requests() == []
    assert len(box.requests("details")) == 3


def test_memory_is_bounded() -> None:
    """Only the last requests and contacts are kept; all are counted."""
    with Sandbox(keep=3) as box:
        caller = Caller(box)
        for number in range(5):
            caller.send({"destination": f"+91987654321{number}"})
        told = caller.call("GET", "/control/requests").json()
        caller.close()
    assert (told["total"], told["taken"]) == (5, 5)
    assert [record["number"] for record in told["requests"]] == [3, 4, 5]
    assert len(box.state.list_contacts()) == 3
