from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from tests.web.house import REQUEST, House, site_of, stored

NEW, OLD = "the-new-sécret", "the-old-secret"


class ChannelContract:
    """What every channel promises to senders. A channel's test class says how its posts look, and inherits the rest."""

    channel: ClassVar[str]
    payload: ClassVar[Any]  # a good one, of one lead
    refused: ClassVar[int] = 401  # the status of a post without the right secret
    max_body: ClassVar[int] = 20_000

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """The headers by which a sender proves that it knows the secret."""
        raise NotImplementedError

    @pytest.fixture
    def client(self, house: House) -> FlaskClient:
        key = CHANNELS[self.channel].secret_key
        auth = f"auth: {{{key}: [NEW_SECRET, OLD_SECRET]}}\n" if key else ""
        mapping = f"channel: {self.channel}\n{auth}{REQUEST}"
        secrets = {"NEW_SECRET": NEW, "OLD_SECRET": OLD}
        return house.client({"here": mapping}, secrets=secrets, max_body=self.max_body)

    def post(self, client: FlaskClient, body: bytes, secret: str | None = NEW) -> Any:
        headers = {"Content-Type": "application/json"} | (self.sign(body, secret) if secret else {})
        return client.post("/in/here", data=body, headers=headers)

    def body(self) -> bytes:
        return json.dumps(self.payload).encode()

    def refusal(self, response: Any, *statuses: int) -> str:
        """The code of a refusal that is as promised: with words, and with nothing stored."""
        assert response.status_code in statuses, response.get_data(as_text=True)
        error = response.get_json()["error"]
        assert error["message"]
        assert set(error) == {"code", "message", "hint"}
        assert stored(self._app) == []
        return str(error["code"])

    @pytest.fixture(autouse=True)
    def _know_the_app(self, client: FlaskClient) -> None:
        self._app = client.application

    def test_a_good_post_is_stored_and_acknowledged(self, client: FlaskClient) -> None:
        response = self.post(client, self.body())
        assert (response.status_code, response.get_json()["status"]) == (200, "accepted")
        (lead,) = response.get_json()["leads"]
        assert lead["status"] == "accepted"
        assert [row["id"] for row in stored(self._app)] == [lead["id"]]

    def test_the_same_event_twice_is_one_lead(self, client: FlaskClient) -> None:
        first, second = (self.post(client, self.body()).get_json()["leads"][0] for _ in range(2))
        assert (second["status"], second["id"]) == ("duplicate", first["id"])
        assert len(stored(self._app)) == 1

    @pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf"])
    def test_an_empty_body_is_refused(self, client: FlaskClient, body: bytes) -> None:
        assert self.refusal(self.post(client, body), 400) == "empty_body"

    @pytest.mark.parametrize(
        "body",
        [
            b'{"a": ',
            b'{"a": 1, "a": 2}',
            b"{'a': 1}",
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b'{"a": 1}{}',
            b'{"a": "\xff"}',
            b"\0",
        ],
    )
    def test_a_broken_body_is_refused(self, client: FlaskClient, body: bytes) -> None:
        self.refusal(self.post(client, body), 400)

    @pytest.mark.parametrize("number", [b"9" * 5000, b"1e99999999999999999999"])
    def test_a_number_beyond_reading_is_refused(self, client: FlaskClient, number: bytes) -> None:
        assert self.refusal(self.post(client, b'{"a": %s}' % number), 400) == "invalid_json"

    @pytest.mark.parametrize("body", [b"null", b"true", b"7", b'"text"', b"[]", b"[[]]", b"[1]", b"{}"])
    def test_a_body_of_a_wrong_type_is_refused(self, client: FlaskClient, body: bytes) -> None:
        self.refusal(self.post(client, body), 400)

    def test_a_huge_body_is_refused(self, client: FlaskClient) -> None:
        assert self.refusal(self.post(client, b'"%s"' % (b"x" * self.max_body)), 413) == "too_large"

    @pytest.mark.parametrize("body", [b"[" * 15_000, b'{"a":' * 3_000, b"[" * 33 + b"]" * 33])
    def test_a_deeply_nested_body_is_refused(self, client: FlaskClient, body: bytes) -> None:
        assert self.refusal(self.post(client, body), 400) in {"too_deep", "invalid_json"}

    def test_a_refusal_is_counted(self, client: FlaskClient) -> None:
        self.post(client, b"")
        assert site_of(self._app).refusals.by_code() == {"empty_body": 1}


class SecretContract(ChannelContract):
    """What every channel whose senders prove themselves promises besides."""

    def test_a_post_without_the_secret_is_refused(self, client: FlaskClient) -> None:
        self.refusal(self.post(client, self.body(), None), self.refused)

    @pytest.mark.parametrize("secret", ["wrong", "", "ключ", "the-new-secre", "NEW_SECRET"])
    def test_a_post_with_a_wrong_secret_is_refused_and_never_locks_out_the_right_one(
        self, client: FlaskClient, secret: str
    ) -> None:
        for _ in range(20):
            self.refusal(self.post(client, self.body(), secret or "\0"), self.refused)
        assert self.post(client, self.body()).status_code == 200

    def test_both_secrets_work_while_one_is_rotated_and_the_event_stays_the_same(self, client: FlaskClient) -> None:
        first = self.post(client, self.body(), OLD).get_json()["leads"][0]
        second = self.post(client, self.body(), NEW).get_json()["leads"][0]
        assert (second["status"], second["id"]) == ("duplicate", first["id"])

    @pytest.mark.usefixtures("client")
    def test_without_a_configured_secret_nothing_is_taken(self, house: House) -> None:
        closed = house.client({}, secrets={"NEW_SECRET": "", "OLD_SECRET": " "})
        self.refusal(self.post(closed, self.body()), self.refused)
