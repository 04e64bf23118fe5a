from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.sandbox import Sandbox
from ingest.web.forms import stamp
from tests.web.house import FORM, House, site_of, stored

LEAD = {"name": "Asha Rao", "phone": "098765 43210"}
JSON = {"Accept": "application/json"}


def form(block: str) -> str:
    return f"form: {{{block}}}\n{FORM}"


def reasons(client: FlaskClient) -> list[Any]:
    return [row["reason"] for row in stored(client.application)]


def why(client: FlaskClient) -> str | None:
    """What a person is told of the one lead."""
    (row,) = stored(client.application)
    found: str | None = site_of(client.application).inbox.outcome_of(row["id"])[0]["error"]
    return found


def started(client: FlaskClient, seconds: float) -> dict[str, str]:
    import time

    return {"_started": stamp.make(site_of(client.application).inbox.hash_key(), time.time() - seconds)}


class TestRate:
    """How often somebody may post."""

    def test_each_address_for_itself(self, house: House) -> None:
        """And not more: 429, with the time to come again."""
        client = house.client({"website": form("rate: 3/hour")})
        answers = [client.post("/in/website", json={"n": n}, headers=JSON) for n in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[3].get_json()["error"]["code"] == "too_many_posts"
        assert 0 < int(answers[3].headers["Retry-After"]) <= 3601
        other = client.post("/in/website", json={"n": 5}, environ_base={"REMOTE_ADDR": "203.0.113.9"})
        assert other.status_code == 200
        assert len(stored(client.application)) == 4

    def test_behind_a_proxy_the_visitors_address_counts(self, house: House) -> None:
        """As `INGEST_TRUSTED_PROXIES` says; and nobody can make one up."""
        client = house.client({"website": form("rate: 1/hour")}, trusted_proxies=1)

        def post(forwarded: str) -> int:
            return client.post("/in/website", json={"n": forwarded}, headers={"X-Forwarded-For": forwarded}).status_code

        assert [post("203.0.113.1"), post("203.0.113.2"), post("1.1.1.1, 203.0.113.1")] == [200, 200, 429]

    def test_each_phone_for_itself_however_it_is_written(self, house: House) -> None:
        """Nobody floods a number with messages; the same post once more is no other."""
        client = house.client({"website": form("phone_rate: 2/hour, fields: {phone: {type: phone}}")})
        posts = [{"phone": "98765 43210"}, {"phone": "98765 43210"}, {"phone": "+91 9876543210"}]
        answers = [client.post("/in/website", json=one) for one in [*posts, {"phone": "09876543210", "x": "y"}]]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert client.post("/in/website", json={"phone": "98765 43211"}).status_code == 200

    def test_forms_do_not_count_for_each_other(self, house: House) -> None:
        """Nor do endpoints without a rate count at all."""
        client = house.client({"a": form("rate: 1/hour"), "b": form("rate: 1/hour"), "c": FORM})
        paths = ["/in/a", "/in/b", "/in/c", "/in/c", "/in/a"]
        answers = [client.post(path, json={"n": n}).status_code for n, path in enumerate(paths)]
        assert answers == [200, 200, 200, 200, 429]


class TestHaste:
    """`min_seconds`: who fills our own form in faster than a person can."""

    @pytest.fixture
    def client(self, house: House) -> FlaskClient:
        return house.client({"website": form("min_seconds: 2, fields: {name: {required: true}}")})

    def test_it_is_held_and_answered_like_any_other(self, client: FlaskClient) -> None:
        """Even with faults in it: a robot is told nothing."""
        answer = client.post("/in/website", json={"phone": "x", **started(client, 1)}, headers=JSON)
        assert (answer.status_code, answer.get_json()["leads"][0]["status"]) == (200, "accepted")
        assert (reasons(client), why(client)) == (["suspected_spam"], "It was filled in within 2 seconds.")

    def test_waiting_for_the_outcome_tells_a_robot_nothing(self, client: FlaskClient) -> None:
        """Neither that it was seen, nor by what."""
        answer = client.post("/in/website?wait=1", json={"name": "x", **started(client, 1)}, headers=JSON)
        assert answer.get_json()["leads"][0]["deliveries"] == [{"status": "pending", "reason": None, "error": None}]

    @pytest.mark.parametrize("seconds", [2.1, 86_400])
    def test_a_person_takes_longer(self, client: FlaskClient, seconds: float) -> None:
        """However long."""
        assert client.post("/in/website", json={**LEAD, **started(client, seconds)}).status_code == 200
        assert reasons(client) == [None]

    @pytest.mark.parametrize("control", [{}, {"_started": "1"}, {"_started": "9.abc"}])
    def test_a_form_that_does_not_say_when_it_was_drawn_is_no_robots(
        self, client: FlaskClient, control: dict[str, str]
    ) -> None:
        """A site's own form without our script knows no time."""
        client.post("/in/website", json=LEAD | control)
        assert reasons(client) == [None]


class TestCaptcha:
    """`captcha`: verified at the vendor."""

    @pytest.fixture
    def box(self) -> Iterator[Sandbox]:
        with Sandbox() as found:
            yield found

    def client(self, house: House, box: Sandbox | None, when_down: str = "accept") -> FlaskClient:
        block = f"captcha: {{vendor: turnstile, secret: TURNSTILE_SECRET, when_down: {when_down}}}"
        address = box.url if box else "http://127.0.0.1:9"
        return house.client({"website": form(block)}, secrets={"TURNSTILE_SECRET": "a secret"}, sandbox=address)

    def test_who_solved_it_is_taken_and_who_did_not_is_held(self, house: House, box: Sandbox) -> None:
        """Held, not lost: a person can release it."""
        client = self.client(house, box)
        for lead in (LEAD | {"cf-turnstile-response": "right"}, LEAD | {"name": "Robot"}):
            assert client.post("/in/website", data=lead, headers=JSON).status_code == 200
        assert reasons(client) == [None, "suspected_spam"]

    def test_the_same_post_again_is_a_duplicate_and_no_robots(self, house: House, box: Sandbox) -> None:
        """A captcha's answer is good once, and a browser that lost our answer posts it twice."""
        client = self.client(house, box)
        answers = [client.post("/in/website", data=LEAD | {"cf-turnstile-response": "one"}) for _ in range(2)]
        first, second = (one.get_json()["leads"][0] for one in answers)
        assert (second["status"], second["id"]) == ("duplicate", first["id"])
        assert reasons(client) == [None]

    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "a visit"}])
    def test_who_solves_it_the_second_time_is_taken(self, house: House, box: Sandbox, headers: dict[str, str]) -> None:
        """What was held as a robot's never stands for the same form sent by a person, whatever the sender calls it."""
        client = self.client(house, box)
        for more in ({}, {"cf-turnstile-response": "right"}):
            answer = client.post("/in/website", data=LEAD | more, headers=JSON | headers)
            assert answer.get_json()["leads"][0]["status"] == "accepted"
        assert sorted(reasons(client), key=str) == [None, "suspected_spam"]

    @pytest.mark.parametrize(
        ("when_down", "status", "kept"),
        [("accept", 200, [None]), ("hold", 200, ["suspected_spam"]), ("refuse", 503, [])],
    )
    def test_while_the_vendor_is_down_the_mapping_decides(
        self, house: House, when_down: str, status: int, kept: list[Any]
    ) -> None:
        """Taken, held, or refused with a time to come again."""
        client = self.client(house, None, when_down)
        answer = client.post("/in/website", data=LEAD | {"cf-turnstile-response": "right"}, headers=JSON)
        assert answer.status_code == status
        assert reasons(client) == kept
        if status == 503:
            assert (answer.get_json()["error"]["code"], answer.headers["Retry-After"]) == ("captcha_unavailable", "30")

    def test_robots_use_up_nobodys_number(self, house: House, box: Sandbox) -> None:
        """A post without an answer does not count for its phone."""
        block = "captcha: {vendor: turnstile, secret: S}, phone_rate: 1/hour, fields: {phone: {type: phone}}"
        client = house.client({"website": form(block)}, secrets={"S": "a secret"}, sandbox=box.url)
        robots = [client.post("/in/website", data=LEAD | {"name": str(n)}).status_code for n in range(3)]
        person = client.post("/in/website", data=LEAD | {"cf-turnstile-response": ["right", "right"]})
        assert ([*robots, person.status_code], reasons(client)[-1]) == ([200] * 4, None)

    def test_its_answer_is_no_field_of_the_lead(self, house: House, box: Sandbox) -> None:
        """Nor is the vendor bothered about a form whose fields are wrong."""
        block = "captcha: {vendor: hcaptcha, secret: S}, fields: {name: {required: true}}"
        client = house.client({"website": form(block)}, secrets={"S": "a secret"}, sandbox=box.url)
        answer = client.post("/in/website", data={"h-captcha-response": "x", "other": "y"}, headers=JSON)
        assert (answer.status_code, box.requests("captcha")) == (400, [])
