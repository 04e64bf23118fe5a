from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from ingest.aisensy.client import Client
from ingest.models import Verdict
from ingest.sandbox import Sandbox

from .conftest import REQUEST, Caller


def test_next(box: Sandbox, caller: Caller) -> None:
    """The next N fail as told, then all is well again."""
    box.fail(next=2, status=503, headers={"Retry-After": "7"}, body={"message": "busy"})
    answers = [caller.send() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["Retry-After"], answers[0].json()) == ("7", {"message": "busy"})
    assert [record["taken"] for record in box.requests()] == [False, False, True]
    assert box.requests()[0]["fault"] == "status 503"


def test_share(box: Sandbox, caller: Caller) -> None:
    """A share of the requests fails: 0 none, 1 all."""
    box.fail(share=0, status=500)
    assert caller.send().status_code == 200
    box.fail(share=1, status=500, body="<h1>Bad gateway</h1>")
    answer = caller.send()
    assert (answer.status_code, answer.text) == (500, "<h1>Bad gateway</h1>")


def test_chosen(box: Sandbox, caller: Caller) -> None:
    """A fault may be meant for one campaign, or for one account by its name or key."""
    box.fail(campaign="other", status=500)
    box.fail(key="acme", status=402)
    box.fail(key="sandbox-shop", status=403)
    told = [
        caller.send(part).status_code
        for part in ({"apiKey": "sandbox-x"}, {}, {"campaignName": "other"}, {"apiKey": "sandbox-shop"})
    ]
    assert told == [200, 402, 500, 403]
    assert caller.call("DELETE", "/control/fail").status_code == 200
    assert caller.send().status_code == 200


@pytest.mark.parametrize(("reset", "taken"), [("before", False), ("after", True)])
def test_reset(box: Sandbox, caller: Caller, reset: str, taken: bool) -> None:
    """A broken connection, before or after the message was sent; the record knows the truth."""
    box.fail(next=1, reset=reset)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        caller.send()
    [record] = box.requests()
    assert record["taken"] is taken


@pytest.mark.parametrize("take", [False, True])
def test_hang(box: Sandbox, take: bool) -> None:
    """No answer within the time-out: ambiguous for the client, known to the record."""
    box.fail(next=1, hang=60, take=take)
    client = Client(timeout=0.3)
    body = {name: value for name, value in REQUEST.items() if name != "apiKey"}
    assert client.send(box.aisensy_url, "sandbox-acme", body).verdict is Verdict.AMBIGUOUS
    client.close()
    assert [record["taken"] for record in box.wait(1, taken=False)] == [take]


def test_delay(box: Sandbox, caller: Caller) -> None:
    """A slow answer is a good one."""
    box.fail(next=1, delay=0.1)
    answer = caller.send()
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.1


@pytest.mark.parametrize("kind", ["delay", "hang"])
def test_what_hangs_is_let_go_once_there_are_no_faults(box: Sandbox, kind: str) -> None:
    """Whoever plays that AiSensy comes back need not wait for it."""
    box.fail(next=1, **{kind: 60})
    client = Client(timeout=50)
    body = {name: value for name, value in REQUEST.items() if name != "apiKey"}
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.send, box.aisensy_url, "sandbox-acme", body)
        box.wait(1, taken=False)
        box.clear()
        assert call.result(30).verdict is {"delay": Verdict.SENT, "hang": Verdict.AMBIGUOUS}[kind]
    client.close()


def test_refused_but_taken(box: Sandbox, caller: Caller) -> None:
    """A gateway may answer 504 although AiSensy sent the message."""
    box.fail(next=1, status=504, take=True)
    assert caller.send().status_code == 504
    assert len(box.taken()) == 1


@pytest.mark.parametrize(
    "rule", [{"status": 5}, {"next": 0}, {"share": 2}, {"reset": "x"}, {"what": 1}, {"hang": -1}, [], "x", None]
)
def test_wrong_rules(caller: Caller, rule: Any) -> None:
    """A rule that can't be understood is refused in words."""
    answer = caller.call("POST", "/control/fail", data=json.dumps(rule), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_wait(box: Sandbox, caller: Caller) -> None:
    """Tests wait for what comes instead of sleeping."""
    caller.send()
    assert len(box.wait(1)) == 1
    with pytest.raises(TimeoutError):
        box.wait(2, timeout=0.01)
    assert len(caller.call("GET", "/control/requests?count=1&wait=10").json()["requests"]) == 1
    assert caller.call("GET", "/control/requests?since=1").json()["requests"] == []
    assert caller.call("GET", "/control/requests?where=x").status_code == 400
    box.clear()
    assert box.requests() == []


def test_other_sites_have_no_say(caller: Caller) -> None:
    """A page in the person's browser can't steer the sandbox by a form."""
    assert caller.call("POST", "/control/fail", data="{}", headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/nothing", "/control/nothing", "/campaign/t1", "/v26.0/a/b/c", "/%ff%00", "//"])
def test_unknown_paths(caller: Caller, method: str, path: str) -> None:
    """What is not there is refused, never a fault of ours."""
    assert caller.call(method, path, headers={"Content-Type": "application/json"}).status_code < 500


def test_page(box: Sandbox, caller: Caller) -> None:
    """The page says that it is the sandbox, and shows each request, escaped and without its key."""
    empty = caller.call("GET", "/").text
    assert "Nothing here reaches WhatsApp" in empty
    assert "Nothing has come yet" in empty
    caller.send({"userName": "<script>alert(1)</script>", "tags": ["नया"]})
    box.fail(next=1, status=503)
    caller.send()
    page = caller.call("GET", "/").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "नया" in page
    assert "sandbox-acme" not in page
    assert page.index("request-2") < page.index("request-1"), "newest first"
    assert "default-src 'none'" in caller.call("GET", "/").headers["Content-Security-Policy"]
    assert caller.call("GET", "/static/sandbox.css").status_code == 200


def test_serve_ends_on_sigterm() -> None:
    """The command's sandbox tells its address, answers, and ends cleanly when it is told to."""
    program = "from ingest.sandbox import serve; serve('127.0.0.1', 0, lambda url: print(url, flush=True))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        assert requests.post(f"{url}/campaign/t1/api", json=REQUEST, timeout=10).status_code == 200
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 0
