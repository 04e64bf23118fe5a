from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from ingest.channels.proof import sign
from ingest.models import Signature
from tests.channels.contract import SecretContract
from tests.web.house import BEARER, REQUEST, SECRET, House, stored

BODY = b'{"name": "Asha \xc3\xa9", "phone": "98765 43210"}'
TIMED = Signature("X-Sig", timestamp_header="X-Time", signed="v0:{timestamp}:{body}")


class TestTokenContract(SecretContract):
    channel = "json"
    payload: ClassVar[Any] = {"name": "Asha Rao", "phone": "098765 43210"}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:  # noqa: ARG002 - the token signs nothing
        return {"Authorization": f"Bearer {secret}".encode().decode("latin-1")}  # as WSGI has headers


class TestSignatureContract(SecretContract):
    channel = "json"
    payload: ClassVar[Any] = {"name": "Asha Rao", "phone": "098765 43210"}
    refused = 403

    @pytest.fixture
    def client(self, house: House) -> FlaskClient:
        mapping = f"channel: json\nauth: {{hmac: {{secret: [NEW_SECRET, OLD_SECRET], header: X-Sig}}}}\n{REQUEST}"
        secrets = {"NEW_SECRET": "the-new-sécret", "OLD_SECRET": "the-old-secret"}
        return house.client({"here": mapping}, secrets=secrets, max_body=self.max_body)

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return sign(Signature("X-Sig"), body, secret, 0)


def opened(house: House, auth: str, **secrets: str) -> FlaskClient:
    return house.client({"here": f"channel: json\nauth: {auth}{REQUEST}"}, secrets={"S": SECRET, **secrets})


def code(client: FlaskClient, headers: dict[str, str], body: bytes = BODY) -> tuple[int, str]:
    answer = client.post("/in/here", data=body, headers=headers)
    return answer.status_code, answer.get_json().get("error", {}).get("code", "")


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ("", Signature("X-Sig")),
        (", algorithm: sha512", Signature("X-Sig", algorithm="sha512")),
        (", encoding: base64", Signature("X-Sig", encoding="base64")),
        (", prefix: 'sha256='", Signature("X-Sig", prefix="sha256=")),
        (", signed: 'acme.{body}'", Signature("X-Sig", signed="acme.{body}")),
        (", timestamp_header: X-Time", Signature("X-Sig", timestamp_header="X-Time", signed="{timestamp}.{body}")),
        (", timestamp_header: X-Time, signed: 'v0:{timestamp}:{body}'", TIMED),
    ],
)
def test_the_mapping_tells_how_posts_are_signed(house: House, told: str, how: Signature) -> None:
    """The very bytes count; whatever is signed otherwise is refused."""
    client = opened(house, f"{{hmac: {{secret: S, header: X-Sig{told}}}}}")
    signed = sign(how, BODY, SECRET, time.time())
    assert code(client, signed, BODY + b" ") == (403, "bad_signature")
    assert code(client, {**signed, "X-Sig": f"x{signed['X-Sig']}"}) == (403, "bad_signature")
    assert code(client, {**signed, "X-Sig": "schlüssel"}) == (403, "bad_signature")
    assert code(client, {}) == (403, "bad_signature")
    assert code(client, signed) == (200, "")


def test_the_signature_is_the_one_that_everybody_computes(house: House) -> None:
    """`openssl dgst -sha256 -hmac key`, in capitals too."""
    client = opened(house, "{hmac: {secret: S, header: X-Sig, prefix: 'sha256='}}", S="key")
    how = Signature("X-Sig", prefix="sha256=")
    known = sign(how, b"The quick brown fox jumps over the lazy dog", "key", 0)["X-Sig"]
    assert known == "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    signed = sign(how, BODY, "key", 0)["X-Sig"]
    assert code(client, {"X-Sig": f"sha256={signed.removeprefix('sha256=').upper()}"}) == (200, "")


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (0, (200, "")),
        (50, (200, "")),
        (-50, (200, "")),
        (70, (403, "stale_timestamp")),
        (-70, (403, "stale_timestamp")),
    ],
)
def test_an_old_post_is_refused(house: House, ago: int, expected: tuple[int, str]) -> None:
    """A post that somebody got hold of can't be sent again later: `tolerance`, five minutes where nothing is said."""
    auth = (
        "{hmac: {secret: S, header: X-Sig, timestamp_header: X-Time, tolerance: 1m, signed: 'v0:{timestamp}:{body}'}}"
    )
    assert code(opened(house, auth), sign(TIMED, BODY, SECRET, time.time() - ago)) == expected


@pytest.mark.parametrize("stamp", ["", "soon", "1e9", "-1", "９", "9" * 400])
def test_a_time_that_is_none_is_refused(house: House, stamp: str) -> None:
    """Signed or not, whatever stands in its header."""
    auth = "{hmac: {secret: S, header: X-Sig, timestamp_header: X-Time, signed: 'v0:{timestamp}:{body}'}}"
    stamp = stamp.encode().decode("latin-1")
    how = Signature("X-Sig", signed=f"v0:{stamp}:{{body}}")
    assert code(opened(house, auth), {**sign(how, BODY, SECRET, 0), "X-Time": stamp})[0] == 403


def test_a_time_may_be_in_milliseconds(house: House) -> None:
    """As JavaScript has them."""
    auth = "{hmac: {secret: S, header: X-Sig, timestamp_header: X-Time, signed: 'v0:{timestamp}:{body}'}}"
    client = opened(house, auth)
    assert code(client, sign(TIMED, BODY, SECRET, time.time() * 1000)) == (200, "")
    assert code(client, sign(TIMED, BODY, SECRET, (time.time() - 400) * 1000)) == (403, "stale_timestamp")


def test_another_time_than_the_signed_one_is_refused(house: House) -> None:
    """Nobody can make an old post young."""
    auth = "{hmac: {secret: S, header: X-Sig, timestamp_header: X-Time, signed: 'v0:{timestamp}:{body}'}}"
    old = sign(TIMED, BODY, SECRET, time.time() - 1000)
    assert code(opened(house, auth), {**old, "X-Time": str(int(time.time()))}) == (403, "bad_signature")


def test_with_token_and_signature_both_are_asked_for(house: House) -> None:
    """One of them alone is not enough."""
    client = opened(house, "{token: T, hmac: {secret: S, header: X-Sig}}", T=SECRET)
    signed = sign(Signature("X-Sig"), BODY, SECRET, 0)
    assert code(client, BEARER) == (403, "bad_signature")
    assert code(client, signed) == (401, "missing_token")
    assert code(client, {**signed, **BEARER}) == (200, "")


def test_a_mapping_without_auth_is_closed(house: House) -> None:
    """Nobody can post to it, and the answer says what to do."""
    client = house.client({"here": f"channel: json{REQUEST}"})
    assert code(client, BEARER) == (401, "no_token_configured")
    (finding,) = client.application.extensions["ingest"].catalog.current().findings
    assert (finding.code, finding.hint) == ("missing_key", "auth: {token: JSON_TOKEN}")


def test_arrays_keys_and_event_ids_are_as_with_zapier(house: House) -> None:
    """Each item is a lead with a number behind the sender's key."""
    client = house.client(
        {"here": f"channel: json\nauth: {{token: T}}\nevent_id: '{{{{ payload.id }}}}'{REQUEST}"}, secrets={"T": SECRET}
    )
    client.post("/in/here", json=[{"a": 1}, {"a": 2}], headers={**BEARER, "Idempotency-Key": "k"})
    client.post("/in/here", json={"id": 7}, headers=BEARER)
    assert [row["external_id"] for row in stored(client.application)] == ["k#0", "k#1", "7"]
