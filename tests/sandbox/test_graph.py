from __future__ import annotations

import hashlib
import hmac
import json

import requests

from ingest.sandbox import Sandbox

from .conftest import Caller

FIELDS = "id,created_time,field_data,form_id,platform,is_organic,ad_name"
LEAD = {"full_name": "Asha Räo", "phone_number": "+919876543210", "platform": "ig", "color": ["red", "blue"]}


def test_lead(box: Sandbox, caller: Caller) -> None:
    """A lead looks as Meta shows it: the fields that were asked for, each answer a list of texts."""
    lead_id = box.add_lead(LEAD | {"created_time": "2022-02-03T16:16:51+0000"}, form_id="77")
    assert caller.graph(lead_id, fields=FIELDS) == {
        "id": lead_id,
        "created_time": "2022-02-03T16:16:51+0000",
        "platform": "ig",
        "form_id": "77",
        "is_organic": False,
        "field_data": [
            {"name": "full_name", "values": ["Asha Räo"]},
            {"name": "phone_number", "values": ["+919876543210"]},
            {"name": "color", "values": ["red", "blue"]},
        ],
    }
    assert set(caller.graph(lead_id)) == {"id", "created_time", "field_data"}
    assert box.requests("graph")[0]["status"] == 200
    assert box.requests() == []


def test_document_is_kept(box: Sandbox, caller: Caller) -> None:
    """A whole Graph document is shown as it was given."""
    document = {"id": "123", "field_data": [{"name": "email", "values": ["a@b.example"]}], "ad_name": "Diwali"}
    assert box.add_lead(document) == "123"
    told = caller.graph("123", fields=FIELDS)
    assert (told["field_data"], told["ad_name"]) == (document["field_data"], "Diwali")


def test_gone(box: Sandbox, caller: Caller) -> None:
    """An unknown lead, or one that is gone, is Meta's error 100 with subcode 33."""
    lead_id = box.add_lead(LEAD)
    caller.call("POST", "/control/graph", {"gone": [lead_id]})
    for unknown in (lead_id, "999"):
        error = caller.graph(unknown)["error"]
        assert (error["code"], error["error_subcode"]) == (100, 33)


def test_names(box: Sandbox, caller: Caller) -> None:
    """Forms and pages have names, and a page lists its forms."""
    box.add_lead(LEAD, form_id="77", page_id="88")
    caller.call("POST", "/control/graph/names", {"form_id": "77", "form": "Diwali", "page_id": "88", "page": "Acme"})
    assert caller.graph("77", fields="name") == {"id": "77", "name": "Diwali"}
    assert caller.graph("88", fields="name") == {"id": "88", "name": "Acme"}
    assert [form["name"] for form in caller.graph("88/leadgen_forms")["data"]] == ["Diwali"]
    assert caller.graph("99/leadgen_forms")["error"]["code"] == 100


def test_batch(box: Sandbox, caller: Caller) -> None:
    """A batch answers each look-up on its own and in order, each body a JSON text."""
    first, second = box.add_lead(LEAD), box.add_lead({"full_name": "Ravi"})
    told = caller.batch([f"{first}?fields={FIELDS}", "999", f"v26.0/{second}?fields=id"], include_headers="false")
    assert [(one["code"], set(one)) for one in told] == [(code, {"code", "body"}) for code in (200, 400, 200)]
    assert json.loads(told[0]["body"])["field_data"][0]["values"] == ["Asha Räo"]
    assert json.loads(told[1]["body"])["error"]["error_subcode"] == 33
    assert json.loads(told[2]["body"]) == {"id": second}
    assert box.requests("graph")[0]["body"]["access_token"] == "***"


def test_batch_as_json(box: Sandbox) -> None:
    """A batch may come as JSON too, and without the slash."""
    lead_id = box.add_lead(LEAD)
    document = {"batch": [{"method": "GET", "relative_url": lead_id}], "access_token": "any"}
    [told] = requests.post(box.graph_url, json=document, timeout=10).json()
    assert (told["code"], "headers" in told) == (200, True)


def test_batch_limits(caller: Caller) -> None:
    """More than 50 look-ups, or none, are refused; a write within a batch too."""
    assert len(caller.batch(["1"] * 50)) == 50
    assert "50" in caller.batch(["1"] * 51)["error"]["message"]
    assert caller.batch([])["error"]["code"] == 100
    assert caller.batch([], batch="[3]")[0]["code"] == 400
    assert caller.batch([], batch="{")["error"]["code"] == 100


def test_batch_parts_fail_alone(box: Sandbox, caller: Caller) -> None:
    """A look-up in a batch may be null, or fail, while the others succeed."""
    first, second, third = (box.add_lead(LEAD) for _ in range(3))
    box.fail(where="graph", lead=first, null=True)
    box.fail(where="graph", lead=second, status=500, body={"error": {"code": 2}})
    told = caller.batch([first, second, third])
    assert told[0] is None
    assert (told[1]["code"], json.loads(told[1]["body"])) == (500, {"error": {"code": 2}})
    assert told[2]["code"] == 200
    box.fail(where="graph", next=1, status=503)
    assert caller.batch([third]) == {"message": "The sandbox was told to fail."}


def test_tokens(box: Sandbox, caller: Caller) -> None:
    """No token, a wrong one and a wrong proof are refused with Meta's codes."""
    lead_id = box.add_lead(LEAD)
    assert requests.get(f"{box.graph_url}/{lead_id}", timeout=10).json()["error"]["code"] == 104
    assert requests.get(f"{box.graph_url}/{lead_id}?access_token=any", timeout=10).json()["id"] == lead_id
    caller.call("POST", "/control/graph", {"tokens": ["right"], "app_secret": "secret"})
    assert caller.graph(lead_id)["error"]["code"] == 190
    assert caller.graph(lead_id, "right")["error"]["code"] == 100
    proof = hmac.new(b"secret", b"right", hashlib.sha256).hexdigest()
    assert caller.graph(lead_id, "right", appsecret_proof=proof)["id"] == lead_id
    assert caller.graph("debug_token", "app|secret", input_token="right", appsecret_proof="x")["error"]["code"] == 100
    caller.call("POST", "/control/graph", {"app_secret": None})
    assert caller.graph("debug_token", "right", input_token="right")["data"]["is_valid"] is True
    assert caller.graph("debug_token", "right", input_token="wrong")["data"]["is_valid"] is False


def test_page_is_subscribed(box: Sandbox, caller: Caller) -> None:
    """A page's subscription is taken, and can be asked for."""
    url = f"{box.graph_url}/88/subscribed_apps"
    assert requests.post(url, data={"access_token": "a", "subscribed_fields": "leadgen"}, timeout=10).json() == {
        "success": True
    }
    assert caller.graph("88/subscribed_apps")["data"][0]["subscribed_fields"] == ["leadgen"]
